"""Worked cases of planning, the gate, and watching a session."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from typing import Final

from clinic.rules.errors import RuleError
from clinic.rules.given import (
    Answer,
    Case,
    day,
    days,
    instant,
    optional_text,
    optional_whole,
    parsed,
    rows,
    text,
    texts,
    whole,
    yes_no,
    zone,
)
from courses.rules import defaults, gate, protocols, session_monitoring, windows

# Times of day without a date all belong to one day.
SOME_DAY: Final = date(2000, 1, 1)


def _planned_range(case: Case) -> Answer:
    low, high = protocols.planned_range(
        whole(case, "per_week"), whole(case, "weeks_min"), whole(case, "weeks_max")
    )
    return {"min": low, "max": high}


def _check_gap(case: Case) -> Answer:
    gaps = defaults.course_gaps()
    found = windows.check_gap(days(case, "prev"), day(case, "proposed"), gaps)
    return {"status": found.status, "reason": found.reason or None}


def _due_24h(case: Case) -> Answer:
    hours = defaults.response().day_after_hours
    due = windows.day_after(instant(case, "infusion_end"), zone(case, "tz"), hours)
    return {"due": due.isoformat()}


def _predose(case: Case) -> Answer:
    pregnancy = optional_text(case, "pregnancy")
    facts = gate.Facts(
        indication=text(case, "indication"),
        sbp=optional_whole(case, "sbp"),
        dbp=optional_whole(case, "dbp"),
        spo2=whole(case, "spo2"),
        pregnancy=gate.UNKNOWN if pregnancy is None else pregnancy,
        fasting_kept=yes_no(case, "npo_ok"),
        airway_equipment=yes_no(case, "airway_equipment"),
        conditions=texts(case, "conditions"),
        medications=texts(case, "medications"),
        lft_baseline_days=optional_whole(case, "lft_baseline_days"),
    )
    found = gate.evaluate(facts, defaults.gate())
    return {
        "decision": found.decision,
        "blocks": found.codes(gate.BLOCK, gate.HOLD),
        "warns": found.codes(gate.WARN),
    }


def _gaps(case: Case) -> Answer:
    if text(case, "mode") not in session_monitoring.MODES:
        raise RuleError("unknown_code", "mode", f"“{case['mode']}” is not a way to watch.")
    found = session_monitoring.reading_gaps(
        start=_moment(text(case, "start"), "start"),
        end=_moment(text(case, "end"), "end"),
        readings=[_moment(one, "obs") for one in rows(case, "obs")],
        max_gap_minutes=whole(case, "max_gap_min"),
    )
    return {"gaps": [[f"{gap.begins:%H:%M}", f"{gap.ends:%H:%M}"] for gap in found]}


def _moment(given: object, key: str) -> datetime:
    found = parsed(time.fromisoformat, given, key)
    # Beside times of the clinic's clock an offset says nothing.
    if found.tzinfo is not None:
        raise RuleError("wrong_type", key, f"“{key}” is a time of day without an offset.")
    return datetime.combine(SOME_DAY, found)


def _discharge(case: Case) -> Answer:
    earliest = session_monitoring.earliest_discharge(
        instant(case, "infusion_end"), whole(case, "min_observation_min")
    )
    return {"earliest": earliest.isoformat()}


def _prolonged(case: Case) -> Answer:
    prolonged = session_monitoring.is_prolonged(
        instant(case, "infusion_end"), instant(case, "resolved_at"), defaults.monitoring()
    )
    return {"prolonged": prolonged}


def _sedation(case: Case) -> Answer:
    found = session_monitoring.sedation(whole(case, "moaas"), defaults.monitoring())
    return {"level": found.level, "max_gap_min": found.max_gap_minutes}


CASES: Final[dict[str, Callable[[Case], Answer]]] = {
    "course.planned_range": _planned_range,
    "visit.check_gap": _check_gap,
    "assess.due_24h": _due_24h,
    "gate.predose": _predose,
    "monitor.gaps": _gaps,
    "discharge.earliest": _discharge,
    "discharge.prolonged": _prolonged,
    "sedation.level": _sedation,
}
