"""The reminder ledger at work: what falls due is written, what is written is sent."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from clinic.actions.audit import record
from clinic.celery import app
from clinic.errors import Conflict
from clinic.models import User
from labs.actions.dispatch import Dispatched, dispatch_once
from labs.actions.guards import why_not
from labs.actions.tasks import resolve_task
from labs.delivery.channels import has_sms
from labs.failpoints import failpoint
from labs.ledger import waiting_for
from labs.models import Reminder, ReminderState, Requirement, Task, TaskStatus
from labs.queries_policies import default_reminder_policy, own_reminder_policies
from labs.rules.reminders import ReminderPolicy
from labs.sweep import SweepTerms, Terms, run_sweep

__all__ = ["Dispatched", "call_off", "dispatch_once", "poke", "settle_doubt", "sweep", "wake"]

log = logging.getLogger(__name__)

TASK = "labs.tasks.dispatch"
# Celery ends a task after 120 seconds, and one pass takes up to 50: being killed in the middle of
# a call would leave a message in doubt.
WAKE_SECONDS = 60


def sweep(at: datetime | None = None) -> int:
    """Write the reminders of everything that falls due; how many are new. Any number may run."""
    return run_sweep(lambda: current_terms(at), at)


def current_terms(at: datetime | None = None) -> SweepTerms:
    """The ladder, the decent hours and the expiry: of the catalogue, and of sites of their own."""
    own = own_reminder_policies(at or timezone.now())
    return SweepTerms(
        has_sms=has_sms(),
        default=_terms(default_reminder_policy()),
        by_site={site: _terms(policy) for site, policy in own.items()},
    )


def _terms(policy: ReminderPolicy) -> Terms:
    return Terms(
        hours_from=policy.send_from,
        hours_until=policy.send_until,
        lasts_days=policy.expiry_days,
        graces=policy.escalation_graces,
        recipients=policy.recipients,
    )


def wake(should_stop: Callable[[], bool] = lambda: False) -> None:
    """Write what falls due and send until nothing can be claimed, or a minute has passed."""
    until = time.monotonic() + WAKE_SECONDS
    sweep()
    failpoint("after_sweep")
    worker = f"{socket.gethostname()}:{os.getpid()}"
    while dispatch_once(worker, should_stop=should_stop).claimed:
        if should_stop() or time.monotonic() >= until:
            break


def poke() -> None:
    """Tell the workers, once this transaction is committed, that there may be something to do."""
    waiting = transaction.get_connection().run_on_commit
    # One hint says it all, however many facts one transaction wrote.
    if not any(hook is _hint for _, hook, _ in waiting):
        # A named function: Django's error path asks for its name, which a partial has not.
        transaction.on_commit(_hint, robust=True)


def _hint() -> None:
    try:
        app.send_task(TASK)
    except Exception as fault:  # whatever the client raises, the request is committed
        log.warning("The workers could not be told (%s); the loop finds it", type(fault).__name__)


def call_off(requirements: Iterable[Requirement]) -> int:
    """Cancel messages that wait although their day moved, rests or is closed; how many.

    Runs in the transaction that moved it. One that is taken already is stopped by its sender.
    """
    by_id = {requirement.pk: requirement for requirement in requirements}
    reasons: dict[str, list[UUID]] = {}
    for pk, requirement_id, key in waiting_for(by_id):
        reason = why_not(by_id[requirement_id], key)
        if reason:
            reasons.setdefault(reason, []).append(pk)
    now = timezone.now()
    for reason, ids in reasons.items():
        Reminder.objects.filter(pk__in=ids).update(
            state=ReminderState.CANCELLED, state_reason=reason, ended_at=now, updated_at=now
        )
    return sum(map(len, reasons.values()))


@transaction.atomic
def settle_doubt(
    *, reminder: Reminder, was_sent: bool, by: User, at: datetime | None = None
) -> Reminder:
    """A person found out: it arrived, or it goes again. Closes the task that asked.

    Raises Conflict(not_in_doubt) when there is nothing to settle.
    """
    now = at or timezone.now()
    held = Reminder.objects.select_for_update(no_key=True).get(pk=reminder.pk)
    if held.state != ReminderState.IN_DOUBT:
        raise Conflict("not_in_doubt", "It is already known what became of this reminder.")
    if was_sent:
        held.state = ReminderState.ACCEPTED
        held.provider_ref = held.provider_ref or f"said by {by.pk}"
    else:
        held.state, held.next_at, held.ended_at, held.attempts = (
            ReminderState.SCHEDULED, now, None, 0,
        )  # fmt: skip
    held.state_reason = "settled"
    held.save()
    record("reminder.settled", by=by, subject=held, change={"was_sent": was_sent})
    asked = Task.objects.of_site(held.site_id).filter(
        dedup_key=f"reminder:{held.pk}|{ReminderState.IN_DOUBT}", status=TaskStatus.OPEN
    )
    for task in asked:
        outcome = "It arrived." if was_sent else "It did not arrive; it is sent again."
        resolve_task(task=task, by=by, outcome=outcome, at=now)
    return held
