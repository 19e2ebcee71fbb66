"""Whether a message may still leave: read again, under locks, in the moment before it does."""

from __future__ import annotations

from typing import Final

from clinic.models import Patient
from labs.ledger import Held
from labs.models import (
    Channel,
    FollowUp,
    FollowUpKind,
    Recipient,
    Reminder,
    ReminderState,
    Requirement,
    RequirementStatus,
)
from labs.sweep import dedup_prefix

UNDER_WAY_OR_THERE: Final = (
    ReminderState.SENDING,
    ReminderState.ACCEPTED,
    ReminderState.DELIVERED,
    ReminderState.IN_DOUBT,
)
OPTED_OUT: Final = "opted_out"


def reason_against(held: Held, patient: Patient, requirement: Requirement) -> str:
    """The first reason why it has lost its point; blank while it has not. Both rows are locked."""
    return (
        why_not(requirement, held.dedup_key)
        or _why_not_to(patient, held)
        or _why_not_this_one(held)
    )


def why_not(requirement: Requirement, dedup_key: str) -> str:
    """Why a message with this key has lost its point; blank while it has not."""
    if requirement.status != RequirementStatus.OPEN:
        return requirement.status
    prefix = dedup_prefix(requirement.pk, requirement.next_due_on, requirement.revision)
    return "" if dedup_key.startswith(prefix) else "moved"


def _why_not_to(patient: Patient, held: Held) -> str:
    if patient.standing != "here":
        return patient.standing
    if held.recipient != Recipient.PATIENT:
        return ""
    if not _consented(patient, held.channel):
        return OPTED_OUT
    said_no = FollowUp.objects.for_patient(patient.pk).filter(
        requirement_id=held.requirement_id,
        requirement_due_on=held.requirement_due_on,
        kind=FollowUpKind.DECLINED,
    )
    return "declined" if said_no.exists() else ""


def _consented(patient: Patient, channel: str) -> bool:
    if channel == Channel.SMS:
        return bool(patient.consents_to_sms and patient.phone)
    return bool(patient.consents_to_email and patient.email)


def _why_not_this_one(held: Held) -> str:
    """One message for everything of a patient that one sweep found: the words are the same.

    The patient's row is locked, so that of two that are taken at once one sees the other. Where
    the one that goes comes to nothing, it is tried again or a task says so.
    """
    together = Reminder.objects.for_patient(held.patient_id).filter(
        recipient=held.recipient,
        channel=held.channel,
        created_at=held.written_at,
        state__in=UNDER_WAY_OR_THERE,
    )
    return "told_together" if together.exclude(pk=held.id).exists() else ""
