"""A reminder that ended badly is a task, in the transaction of its end."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.utils import timezone

from clinic.models import Role
from labs.actions.tasks import open_task
from labs.models import ReminderState

WORDS_OF_TASK: Final = {
    ReminderState.IN_DOUBT: "Find out whether a reminder arrived",
    ReminderState.DEAD: "A reminder could not be sent: tell them another way",
    ReminderState.EXPIRED: "A reminder came too late to be sent: tell them another way",
    ReminderState.BOUNCED: "A reminder came back: mend the address, tell them another way",
}


def open_reminder_task(reminder_id: UUID, site_id: UUID, patient_id: UUID, state: str) -> None:
    """The coordinator's task; the database refuses a bad end without it."""
    open_task(
        site_id=site_id,
        patient_id=patient_id,
        kind=f"reminder_{state}",
        role=Role.COORDINATOR,
        title=WORDS_OF_TASK[ReminderState(state)],
        due_at=timezone.now(),
        dedup_key=f"reminder:{reminder_id}|{state}",
        subject_id=reminder_id,
    )
