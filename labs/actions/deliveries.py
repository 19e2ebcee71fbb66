"""What a provider tells us later of a message: delivered, or come back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction

from clinic.actions.audit import record
from labs.actions.reminder_tasks import open_reminder_task
from labs.delivery.port import Outcome, Verdict
from labs.models import DeliveryEvent, Reminder, ReminderState

# Where a word of the provider may still change something. A late “delivered” after “came back”
# does not: the worse news stands.
MAY_BECOME: Final = {
    ReminderState.DELIVERED: frozenset({ReminderState.ACCEPTED}),
    ReminderState.BOUNCED: frozenset({ReminderState.ACCEPTED, ReminderState.DELIVERED}),
}
PROVED: Final = "proved_by_callback"


@dataclass(frozen=True, slots=True)
class Told:
    """One callback. `state` is `delivered` or `bounced`."""

    event_id: str
    reminder_id: UUID
    provider: str
    provider_ref: str
    state: str
    happened_at: datetime


@transaction.atomic
def record_event(told: Told) -> bool:
    """Keep what was told, and let it count; whether it was new.

    An event that was told before changes nothing, nor does one of a message nobody knows. One that
    comes before the sender has written down that the message was accepted counts as soon as it has.
    """
    row = Reminder.objects.select_for_update(no_key=True).filter(pk=told.reminder_id).first()
    if row is None:
        return False
    _, is_new = DeliveryEvent.objects.get_or_create(
        provider=told.provider,
        event_id=told.event_id,
        defaults={
            "site_id": row.site_id,
            "reminder": row,
            "state": told.state,
            "happened_at": told.happened_at,
        },
    )
    if not is_new:
        return False
    if row.provider == told.provider:
        _take_as_proof(row, told)
    apply_events(row)
    return True


def _take_as_proof(row: Reminder, told: Told) -> None:
    """Of a message nobody has an answer to yet: whoever speaks of it has accepted it."""
    if row.state == ReminderState.SENDING:
        row.provider_ref = told.provider_ref
        row.save(update_fields=["provider_ref", "updated_at"])
    if row.state == ReminderState.SCHEDULED and row.attempts:
        row.state, row.state_reason = ReminderState.ACCEPTED, PROVED
        row.provider_ref, row.ended_at = told.provider_ref, told.happened_at
        row.save()


def proved(reminder_id: UUID, outcome: Outcome) -> Outcome:
    """`outcome`, or accepted where the provider's word came while the message was being sent.

    Holds the row, so that a word that comes now waits until the outcome is written down.
    """
    if outcome.verdict == Verdict.ACCEPTED:
        return outcome
    row = Reminder.objects.select_for_update(no_key=True).get(pk=reminder_id)
    told = row.delivery_events.filter(provider=row.provider)
    if not row.provider_ref or not told.exists():
        return outcome
    return Outcome(Verdict.ACCEPTED, ref=row.provider_ref, reason=PROVED)


def apply_events(row: Reminder) -> None:
    """Bring the row where the events of its provider put it. The caller holds the row."""
    told = row.delivery_events.filter(provider=row.provider)
    for event in told.order_by("happened_at", "created_at"):
        state = ReminderState(event.state)
        if row.state not in MAY_BECOME[state]:
            continue
        row.state = state
        if state == ReminderState.DELIVERED:
            row.delivered_at = event.happened_at
        row.save(update_fields=["state", "delivered_at", "updated_at"])
        if state == ReminderState.BOUNCED:
            open_reminder_task(row.pk, row.site_id, row.patient_id, state)
        record(f"reminder.{state}", by=None, subject=row, change={"provider": event.provider})
