"""What a named role must do, opened in the transaction of its cause."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from clinic.actions.audit import record
from clinic.errors import Conflict, Invalid
from clinic.models import User
from labs.models import Task, TaskStatus


@transaction.atomic
def open_task(
    *,
    site_id: UUID,
    patient_id: UUID | None,
    kind: str,
    role: str,
    title: str,
    due_at: datetime,
    dedup_key: str,
    subject_id: UUID,
    is_urgent: bool = False,
) -> Task:
    """The one task under `dedup_key` at this site, opened if there was none.

    A task that was already done is handed back as it is: the same cause does not ask twice.
    `title` is shown on pages only; what it names never leaves by mail.
    """
    task, is_new = Task.objects.get_or_create(
        site_id=site_id,
        dedup_key=dedup_key,
        defaults={
            "patient_id": patient_id,
            "kind": kind,
            "role": role,
            "title": title,
            "due_at": due_at,
            "subject_id": subject_id,
            "is_urgent": is_urgent,
        },
    )
    if is_new:
        record("task.opened", by=None, subject=task, change={"kind": kind, "role": role})
    return task


@transaction.atomic
def resolve_task(*, task: Task, by: User, outcome: str, at: datetime | None = None) -> Task:
    """Say what came of a task.

    Raises Invalid(outcome_missing) without words, Conflict(already_done) when somebody was first.
    """
    if not outcome.strip():
        raise Invalid("outcome_missing", "Say what came of it.", "outcome")
    held = Task.objects.select_for_update(no_key=True).get(pk=task.pk)
    if held.status == TaskStatus.DONE:
        raise Conflict("already_done", f"{held.done_by} has already closed this task.")
    held.status = TaskStatus.DONE
    held.done_at = at or timezone.now()
    held.done_by = by
    held.outcome = outcome.strip()
    held.save(update_fields=["status", "done_at", "done_by", "outcome", "updated_at"])
    record("task.done", by=by, subject=held, change={"kind": held.kind})
    return held
