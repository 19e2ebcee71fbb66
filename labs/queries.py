"""What is due for a patient and what waits for a site's staff, as frozen answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import cast
from uuid import UUID

from clinic.querysets import Viewer
from labs.models import Requirement, RequirementStatus, Task
from labs.rules.due import BlocksWhen, Dates, State, blocks, days_late, state_of

# From what stands against a dose to what only comes soon.
_ORDER: dict[State, int] = {"overdue": 0, "due": 1, "suspended": 2, "due_soon": 3, "not_due": 4}


@dataclass(frozen=True, slots=True)
class MonitoringStatus:
    """How one requirement stands on one local day. `lateness_days` counts from the due day."""

    kind: str
    title: str
    state: State
    due_on: date | None
    lateness_days: int
    blocks_dose: bool
    cycle: str = ""
    last_done_on: date | None = None
    subject_id: UUID | None = None
    requirement_id: UUID | None = None
    why: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WorkItem:
    """One requirement on the worklist, with the person it is about."""

    patient_id: UUID
    patient_name: str
    record_number: str
    status: MonitoringStatus


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
class Worklist:
    """Tasks, the urgent ones first; then what is due, what stands against a dose first."""

    tasks: tuple[OpenTask, ...]
    items: tuple[WorkItem, ...]


def monitoring_status(*, patient_id: UUID, on: date) -> tuple[MonitoringStatus, ...]:
    """Everything that is open or rests for the patient on the local day `on`, worst first.

    One query. Closed requirements are left out: nothing of them is due.
    """
    rows = (
        Requirement.objects.for_patient(patient_id)
        .exclude(status=RequirementStatus.CLOSED)
        .select_related("rule")
    )
    return tuple(sorted((status_of(row, on) for row in rows), key=_rank))


def worklist(*, user: Viewer, site_id: UUID, on: date) -> Worklist:
    """What waits for the staff of a site on its local day `on`: two queries, scoped to `user`."""
    return Worklist(
        tasks=_open_tasks(user, site_id),
        items=tuple(sorted(_items(user, site_id, on), key=lambda item: _rank(item.status))),
    )


def _items(user: Viewer, site_id: UUID, on: date) -> list[WorkItem]:
    rows = (
        Requirement.objects.visible_to(user, "requirements.view")
        .of_site(site_id)
        .open()
        .filter(soon_on__lte=on)
        .select_related("rule", "patient")
    )
    return [
        WorkItem(
            patient_id=row.patient_id,
            patient_name=str(row.patient),
            record_number=row.patient.record_number,
            status=status_of(row, on),
        )
        for row in rows
    ]


def _open_tasks(user: Viewer, site_id: UUID) -> tuple[OpenTask, ...]:
    tasks = Task.objects.visible_to(user, "tasks.view").of_site(site_id).open()
    return tuple(
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
        for row in tasks.select_related("patient")
    )


def status_of(row: Requirement, on: date) -> MonitoringStatus:
    dates = _dates(row)
    is_open = row.status == RequirementStatus.OPEN
    state: State = "suspended" if not is_open else state_of(dates, on) if dates else "not_due"
    return MonitoringStatus(
        kind=row.kind,
        title=row.rule.title,
        state=state,
        due_on=row.next_due_on,
        lateness_days=days_late(dates, on) if dates and is_open else 0,
        # While a course rests no dose may be given, whatever the requirement.
        blocks_dose=not is_open or blocks(state, cast("BlocksWhen", row.blocks_when)),
        cycle=row.cycle,
        last_done_on=row.last_done_on,
        subject_id=row.subject_id,
        requirement_id=row.pk,
        why=row.why,
    )


def _dates(row: Requirement) -> Dates | None:
    if row.next_due_on is None or row.overdue_on is None:
        return None
    return Dates(row.soon_on or row.next_due_on, row.next_due_on, row.overdue_on)


def _rank(status: MonitoringStatus) -> tuple[bool, int, int, date, str, str]:
    return (
        not status.blocks_dose,
        _ORDER.get(status.state, len(_ORDER)),
        -status.lateness_days,
        status.due_on or date.max,
        status.kind,
        status.cycle,
    )
