"""Everything due for one patient, with what was done about it and what was sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Q

from clinic.models import Patient
from clinic.queries import find
from clinic.querysets import Viewer
from labs.models import Requirement, RequirementStatus
from labs.queries_told import Followed, Told, followed_up, told_of
from labs.queries_worklist import WorkRow, read_rows, with_standing

DONE_DAYS: Final = 90


@dataclass(frozen=True, slots=True)
class Line:
    """One requirement with its whole history, the newest first."""

    row: WorkRow
    followed: tuple[Followed, ...]
    told: tuple[Told, ...]


@dataclass(frozen=True, slots=True)
class DueList:
    """What is open, what rests with a course, and what was done in the last DONE_DAYS days.

    Something that comes back stands under `open` and, once done, under `done` too.
    """

    open: tuple[Line, ...]
    resting: tuple[Line, ...]
    done: tuple[Line, ...]

    @property
    def blocking(self) -> int:
        return sum(line.row.blocks_dose for line in self.open)


def due_list(*, user: Viewer, patient: Patient, on: date) -> DueList:
    """For one patient on the site's local day `on`: three queries."""
    rows = Requirement.objects.visible_to(user, "requirements.view").for_patient(patient.pk)
    running = Q(status__in=(RequirementStatus.OPEN, RequirementStatus.SUSPENDED))
    lately = Q(last_done_on__gte=on - timedelta(days=DONE_DAYS))
    found = with_standing(rows.filter(running | lately), patient.site, on).order_by(
        "-blocks_dose", "rank", "next_due_on", "kind", "cycle", "pk"
    )
    lines = _lines(user, read_rows(found, on))
    done = [line for line in lines if _done_since(line.row, on - timedelta(days=DONE_DAYS))]
    return DueList(
        open=tuple(line for line in lines if line.row.state not in {"suspended", "closed"}),
        resting=tuple(line for line in lines if line.row.state == "suspended"),
        done=tuple(sorted(done, key=lambda line: line.row.last_done_on or on, reverse=True)),
    )


def _done_since(row: WorkRow, since: date) -> bool:
    return row.last_done_on is not None and row.last_done_on >= since


def _lines(user: Viewer, rows: tuple[WorkRow, ...]) -> list[Line]:
    ids = [row.requirement_id for row in rows]
    followed = followed_up(user=user, requirements=ids, only_present=False)
    told = told_of(user=user, requirements=ids, only_present=False)
    return [
        Line(
            row=row,
            followed=tuple(followed.get(row.requirement_id, ())),
            told=tuple(told.get(row.requirement_id, ())),
        )
        for row in rows
    ]


def find_requirement(*, user: Viewer, pk: UUID, may: str) -> Requirement:
    """The requirement with patient, site and rule, or Http404."""
    rows = Requirement.objects.select_related("patient__site", "rule")
    return find(rows, user=user, pk=pk, may=may)


def line_of(*, user: Viewer, requirement: Requirement, on: date) -> Line:
    """One requirement with its whole history: three queries."""
    rows = Requirement.objects.visible_to(user, "requirements.view").filter(pk=requirement.pk)
    [line] = _lines(user, read_rows(with_standing(rows, requirement.patient.site, on), on))
    return line
