"""A course's facts as they are stored, and the facts that the laboratory side adds to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import date, datetime
from typing import Any, Final, TypeVar
from uuid import UUID

from django.db import connection

from clinic.models import Patient
from clinic.rules.errors import RuleError
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


# Only what is settled counts, and of a panel only a whole one.
MEASURED: Final = """
SELECT 'lft', p.collected_on,
       CASE WHEN p.collected_precision = 'minute' THEN p.collected_at END,
       EXISTS (SELECT 1 FROM labs_result r
                WHERE r.report_id = p.id AND r.status IN ('final', 'corrected') AND r.grade >= 1),
       p.id
  FROM labs_report p
 WHERE p.patient_id = %(patient)s AND p.status IN ('final', 'corrected')
   AND p.is_complete_liver_panel
 UNION ALL
SELECT 'gu', checked_on, checked_at, level > 0, id
  FROM labs_urinarycheck
 WHERE patient_id = %(patient)s AND status IN ('final', 'corrected')
"""


def measured(patient_id: UUID) -> tuple[Completion, ...]:
    """Liver panels and urinary checks that may satisfy a requirement.

    A report counts when it is settled and holds a whole panel; a grade of 1 or more, or a urinary
    level above 0, shortens the clock (rulebook F2, EXPERT).
    """
    with connection.cursor() as cursor:
        cursor.execute(MEASURED, {"patient": patient_id})
        return tuple(
            Completion(measure=measure, done_on=day, done_at=moment, has_finding=found, key=str(pk))
            for measure, day, moment, found, pk in cursor.fetchall()
        )


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
