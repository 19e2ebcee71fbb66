"""A course's facts as they are stored, and the facts that the laboratory side adds to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Exists, OuterRef

from clinic.models import Patient
from clinic.rules.errors import RuleError
from labs.models import Precision, Report, Result, UrinaryCheck
from labs.rules.exposure import Completion, CourseFacts, Infusion, PlannedSession

T = TypeVar("T")
_DAYS = frozenset({"done_on", "given_on", "on"})
_MOMENTS = frozenset({"done_at", "started_at", "ended_at"})


def as_json(facts: CourseFacts) -> dict[str, Any]:
    """The facts as JSON, in an order of their own, so that equal facts are equal rows.

    Standing and zone are left out: the patient's and the site's rows say them better.
    """
    return {
        "state": facts.state,
        "phase": facts.phase,
        "planned_start_on": facts.planned_start_on.isoformat(),
        "planned_count": facts.planned_count,
        "started_on": _text(facts.started_on),
        "ended_on": _text(facts.ended_on),
        "next_course_on": _text(facts.next_course_on),
        "not_required": sorted(facts.not_required),
        "infusions": _rows(facts.infusions),
        "sessions": _rows(facts.sessions),
        "completions": _rows(facts.completions),
    }


def from_json(
    stored: Mapping[str, Any], patient: Patient, measured: Sequence[Completion]
) -> CourseFacts:
    """The stored facts with what the patient's own rows say today.

    Raises RuleError `facts_broken` where the stored ones cannot be read.
    """
    try:
        return _facts(stored, patient, measured)
    except (KeyError, TypeError, ValueError) as fault:
        raise RuleError("facts_broken", "facts", "The stored facts cannot be read.") from fault


def _facts(
    stored: Mapping[str, Any], patient: Patient, measured: Sequence[Completion]
) -> CourseFacts:
    return CourseFacts(
        zone=patient.site.zone,
        standing=patient.standing,  # type: ignore[arg-type]  # the property names the same four
        state=stored["state"],
        phase=stored["phase"],
        planned_start_on=date.fromisoformat(stored["planned_start_on"]),
        planned_count=stored["planned_count"],
        started_on=_day(stored["started_on"]),
        ended_on=_day(stored["ended_on"]),
        next_course_on=_day(stored["next_course_on"]),
        not_required=frozenset(stored["not_required"]),
        infusions=_read(Infusion, stored["infusions"]),
        sessions=_read(PlannedSession, stored["sessions"]),
        completions=(*_read(Completion, stored["completions"]), *measured),
    )


def measured(patient_id: UUID) -> tuple[Completion, ...]:
    """Liver panels and urinary checks that may satisfy a requirement.

    A report counts when it is settled and holds a whole panel; a grade of 1 or more, or a urinary
    level above 0, shortens the clock (rulebook F2, EXPERT).
    """
    graded = Result.objects.settled().filter(report=OuterRef("pk"), grade__gte=1)
    panels = (
        Report.objects.for_patient(patient_id)
        .settled()
        .filter(is_complete_liver_panel=True)
        .annotate(has_finding=Exists(graded))
    )
    checks = UrinaryCheck.objects.for_patient(patient_id).settled()
    return (
        *(
            Completion(
                measure="lft",
                done_on=panel.collected_on,
                done_at=_known(panel),
                has_finding=panel.has_finding,
                key=str(panel.pk),
            )
            for panel in panels
        ),
        *(
            Completion(
                measure="gu",
                done_on=check.checked_on,
                done_at=check.checked_at,
                has_finding=check.level > 0,
                key=str(check.pk),
            )
            for check in checks
        ),
    )


def _known(report: Report) -> datetime | None:
    return report.collected_at if report.collected_precision == Precision.MINUTE else None


def _text(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _rows(rows: Sequence[Any]) -> list[dict[str, Any]]:
    written = [{f.name: _text(getattr(row, f.name)) for f in fields(row)} for row in rows]
    return sorted(written, key=lambda row: sorted((k, str(v)) for k, v in row.items()))


def _read(kind: Callable[..., T], rows: Sequence[Mapping[str, Any]]) -> tuple[T, ...]:
    return tuple(kind(**{name: _value(name, value) for name, value in row.items()}) for row in rows)


def _value(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in _DAYS:
        return date.fromisoformat(value)
    return datetime.fromisoformat(value) if name in _MOMENTS else value
