"""What is due for a patient, as frozen answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import cast
from uuid import UUID

from labs.models import Requirement, RequirementStatus
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
