"""After a restore: what left since then is found out before anything leaves again."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from clinic.actions.audit import record
from labs import send_ledger
from labs.actions.reminder_tasks import open_reminder_task
from labs.actions.reminders import sweep
from labs.delivery.channels import providers
from labs.models import Reminder, ReminderAttempt, ReminderState

WAITING = (ReminderState.SCHEDULED, ReminderState.LEASED, ReminderState.SENDING)


@dataclass(frozen=True, slots=True)
class Released:
    """What came of it.

    `in_doubt`: unkeyed messages that this machine's own ledger says it had handed over; somebody
    finds out. `repeated`: keyed ones, which their provider will recognise.
    """

    in_doubt: int
    repeated: int


def reconcile_sent() -> Released:
    """Put in doubt whatever was handed over although the database does not know it.

    Writes first what falls due, so that reminders lost with the restore stand again under the
    same keys. Run while held.
    """
    sweep()
    handed_over = {
        entry.digest
        for entry in send_ledger.entries()
        if entry.event == send_ledger.SENT and not _is_known(entry)
    }
    keyed = {channel for channel, provider in providers().items() if provider.keyed}
    found = [
        row.pk
        for row in Reminder.objects.filter(state__in=WAITING).iterator()
        if send_ledger.digest_of(row.dedup_key) in handed_over
    ]
    doubted = sum(_doubt(pk) for pk in found if _channel(pk) not in keyed)
    return Released(in_doubt=doubted, repeated=len(found) - doubted)


def _is_known(entry: send_ledger.Entry) -> bool:
    return ReminderAttempt.objects.filter(
        reminder_id=entry.reminder_id, number=entry.attempt
    ).exists()


def _channel(pk: UUID) -> str:
    return Reminder.objects.values_list("channel", flat=True).get(pk=pk)


@transaction.atomic
def _doubt(pk: UUID) -> bool:
    row = Reminder.objects.select_for_update(no_key=True).get(pk=pk)
    if row.state not in WAITING:
        return False
    row.state, row.state_reason, row.ended_at = ReminderState.IN_DOUBT, "restored", timezone.now()
    row.lease_token = row.lease_until = None
    row.save()
    open_reminder_task(row.pk, row.site_id, row.patient_id, row.state)
    record("reminder.doubted", by=None, subject=row, change={"reason": "restored"})
    return True
