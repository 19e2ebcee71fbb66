"""One pass over the ledger: take back, claim, look again, send, write down.

No transaction is open while the outside is called. What must be true to send is read again, under
locks, in the transaction that writes the attempt: a planner that comes later finds it being sent.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction

from clinic.models import Patient
from clinic.rules.dates import today_local
from labs import ledger, send_ledger
from labs.actions.deliveries import apply_events, proved
from labs.actions.envelope import addresses_of, message_of
from labs.actions.guards import OPTED_OUT, reason_against
from labs.actions.pass_terms import PassTerms
from labs.actions.reminder_tasks import WORDS_OF_TASK, open_reminder_task
from labs.delivery.channels import Providers, providers
from labs.delivery.port import Message, Outcome, Provider, Verdict
from labs.failpoints import failpoint
from labs.hold import WORDS, why_held
from labs.ledger import Held
from labs.models import Reminder, ReminderState, Requirement
from labs.rules.reminders import is_decent, send_at

log = logging.getLogger(__name__)

# Of the lease's 60 seconds one call may take 20: what is not begun in the first half goes back.
BATCH_SECONDS = ledger.LEASE_SECONDS - ledger.START_BEFORE_SECONDS


@dataclass(frozen=True, slots=True)
class Dispatched:
    """What one pass did. `claimed` of 0 means that nothing is left to do now."""

    claimed: int = 0
    accepted: int = 0
    cancelled: int = 0
    postponed: int = 0
    failed: int = 0
    in_doubt: int = 0


@dataclass(frozen=True, slots=True)
class AtWork:
    """Who sends through what, and what this pass has learnt of the sites."""

    worker: str
    outside: Providers
    terms: PassTerms


@dataclass(frozen=True, slots=True)
class Ready:
    """Everything stood for sending, and the attempt is written."""

    message: Message
    attempt: int


@dataclass(frozen=True, slots=True)
class NotNow:
    """Nothing leaves: the state the row got instead, or lost where somebody else holds it."""

    became: str


def dispatch_once(
    worker: str,
    limit: int = 50,
    *,
    through: Providers | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Dispatched:
    """Send up to `limit` messages that are due; must be called outside any transaction.

    Stops after the current message when `should_stop` says so or half a lease has passed: a slow
    mail server must not use up the leases, and so the attempts, of those that wait behind it.
    """
    if why := why_held():
        log.error("Reminders are held: %s", WORDS[why])
        return Dispatched()
    outside = through if through is not None else providers()
    _take_back(outside)
    with transaction.atomic():
        batch = ledger.claim(limit)
    failpoint("after_claim")
    at_work, begun = AtWork(worker, outside, PassTerms()), time.monotonic()
    results: list[str] = []
    try:
        for held in batch:
            if should_stop() or time.monotonic() - begun >= BATCH_SECONDS:
                results.append(_released(held))
            else:
                results.append(_handle(held, at_work))
    finally:
        for provider in outside.values():
            provider.close()
    return _counted(results)


def _take_back(outside: Providers) -> None:
    keyed = [provider.name for provider in outside.values() if provider.keyed]
    with transaction.atomic():
        given_up = ledger.reap(keyed)
        failpoint("in_take_back")
        for ended in [*given_up, *ledger.expire()]:
            open_reminder_task(ended.id, ended.site_id, ended.patient_id, ended.state)


def _handle(held: Held, at_work: AtWork) -> str:
    provider = at_work.outside.get(held.channel)
    if provider is None:
        return _without_a_way(held)
    look = _begin(held, provider, at_work)
    if isinstance(look, NotNow):
        return look.became
    became = _complete(held, _sent(held, look, provider), keyed=provider.keyed)
    failpoint("after_complete")
    return became


def _sent(held: Held, ready: Ready, provider: Provider) -> Outcome:
    try:
        send_ledger.note_sent(key=held.dedup_key, reminder_id=held.id, attempt=ready.attempt)
    except OSError as fault:
        # Unnoted it could go twice after a restore.
        return Outcome(Verdict.RETRY, reason=f"unnoted_{type(fault).__name__}")
    failpoint("before_send")
    outcome = provider.send(ready.message)
    failpoint("after_accept")
    return outcome


@transaction.atomic(durable=True)
def _begin(held: Held, provider: Provider, at_work: AtWork) -> Ready | NotNow:
    # Locked in the order of the planner: patient, requirement, reminder.
    patient = (
        Patient.objects.select_for_update(no_key=True, of=("self",))
        .select_related("site")
        .get(pk=held.patient_id)
    )
    requirement = Requirement.objects.select_for_update(no_key=True).get(pk=held.requirement_id)
    reason = reason_against(held, patient, requirement)
    if reason == OPTED_OUT:
        # Somebody else is told instead: the sweep looks again who can be reached.
        requirement.notify_on = today_local(held.claimed_at, patient.site.zone)
        requirement.save(update_fields=["notify_on", "updated_at"])
    if reason:
        return _not_now(held, ReminderState.CANCELLED, reason=reason)
    zone = patient.site.zone
    policy = at_work.terms.policy(patient.site_id, today_local(held.claimed_at, zone))
    if not is_decent(held.claimed_at, zone, policy):
        # Due by day, but a sender that slept until the night must not wake anybody.
        later = send_at(today_local(held.claimed_at, zone), held.claimed_at, zone, policy)
        ledger.let_go(held, state=ReminderState.SCHEDULED, next_at=later, refund=True)
        return NotNow("postponed")
    addresses = addresses_of(patient, held)
    if not addresses:
        return _not_now(held, ReminderState.DEAD, reason="nobody_to_tell")
    failpoint("before_begin")
    attempt = ledger.begin(held, provider=provider.name, worker=at_work.worker)
    failpoint("after_begin")
    if not attempt:
        return NotNow("lost")
    return Ready(message_of(held, patient, addresses, at_work.terms), attempt)


@transaction.atomic(durable=True)
def _complete(held: Held, outcome: Outcome, *, keyed: bool) -> str:
    """Write down what the call came to, unless somebody else has taken the row over."""
    if keyed:
        outcome = proved(held.id, outcome)
    state, wait_minutes = _next_state(held, outcome, keyed=keyed)
    ref = outcome.ref if state == ReminderState.ACCEPTED else ""
    failpoint("before_complete")
    if not ledger.let_go(
        held, state=state, reason=outcome.reason, ref=ref, wait_minutes=wait_minutes
    ):
        log.warning("Reminder %s was taken over while it was being sent", held.id)
        return "lost"
    ledger.close_attempt(held, outcome.reason or outcome.verdict)
    if state in WORDS_OF_TASK:
        open_reminder_task(held.id, held.site_id, held.patient_id, state)
    if state == ReminderState.ACCEPTED and keyed:
        # The provider's word may have come before its answer.
        apply_events(Reminder.objects.select_for_update(no_key=True).get(pk=held.id))
    return state


def _next_state(held: Held, outcome: Outcome, *, keyed: bool) -> tuple[str, float]:
    """The state that follows, and the minutes until the next try.

    What may have arrived goes again only where the provider would not deliver it twice.
    """
    if outcome.verdict == Verdict.ACCEPTED:
        return ReminderState.ACCEPTED, 0
    if outcome.verdict == Verdict.UNKNOWN and not keyed:
        return ReminderState.IN_DOUBT, 0
    if outcome.verdict == Verdict.PERMANENT or held.attempts >= ledger.MAX_ATTEMPTS:
        return ReminderState.DEAD, 0
    return ReminderState.SCHEDULED, ledger.backoff_minutes(held.attempts)


@transaction.atomic(durable=True)
def _without_a_way(held: Held) -> str:
    """The channel was switched off after the message was written."""
    return _not_now(held, ReminderState.DEAD, reason="channel_off").became


def _not_now(held: Held, state: str, *, reason: str) -> NotNow:
    if not ledger.let_go(held, state=state, reason=reason, refund=True):
        return NotNow("lost")
    if state in WORDS_OF_TASK:
        open_reminder_task(held.id, held.site_id, held.patient_id, state)
    return NotNow(state)


def _released(held: Held) -> str:
    with transaction.atomic():
        ledger.let_go(held, state=ReminderState.SCHEDULED, refund=True)
    return "postponed"


def _counted(results: list[str]) -> Dispatched:
    return Dispatched(
        claimed=len(results),
        accepted=results.count(ReminderState.ACCEPTED),
        cancelled=results.count(ReminderState.CANCELLED),
        postponed=results.count("postponed"),
        failed=results.count(ReminderState.SCHEDULED) + results.count(ReminderState.DEAD),
        in_doubt=results.count(ReminderState.IN_DOUBT),
    )
