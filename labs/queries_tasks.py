"""What waits for a site's people, as frozen answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Count, Window

from clinic.querysets import Viewer
from labs.models import Task

TASKS: Final = 20


@dataclass(frozen=True, slots=True)
class OpenTask:
    """One task of a role."""

    task_id: UUID
    patient_id: UUID | None
    patient_name: str
    record_number: str
    kind: str
    role: str
    title: str
    due_at: datetime
    is_urgent: bool


@dataclass(frozen=True, slots=True)
class OpenTasks:
    """The first tasks, the urgent ones on top, and how many there are."""

    rows: tuple[OpenTask, ...]
    total: int


def open_tasks(*, user: Viewer, site_id: UUID, most: int | None = TASKS) -> OpenTasks:
    """The open tasks of a site, all of them without `most`: one query."""
    tasks = Task.objects.visible_to(user, "tasks.view").of_site(site_id).open()
    counted = tasks.select_related("patient").annotate(of_all=Window(Count("pk")))
    rows = list(counted[:most])
    return OpenTasks(
        rows=tuple(
            OpenTask(
                task_id=row.pk,
                patient_id=row.patient_id,
                patient_name=str(row.patient) if row.patient else "",
                record_number=row.patient.record_number if row.patient else "",
                kind=row.kind,
                role=row.role,
                title=row.title,
                due_at=row.due_at,
                is_urgent=row.is_urgent,
            )
            for row in rows
        ),
        total=rows[0].of_all if rows else 0,
    )
