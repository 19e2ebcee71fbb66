"""A course of six infusions in New York, for the tests of the plan."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from labs.rules import defaults
from labs.rules.exposure import (
    Completion,
    CourseFacts,
    Infusion,
)
from labs.rules.monitoring import plan
from labs.rules.planned import PlannedRequirement

NEW_YORK = ZoneInfo("America/New_York")
MONDAY = date(2026, 3, 2)


def at(day: date, hour: int, minute: int = 0) -> datetime:
    """UTC; New York is 5 hours behind, from 8 March on 4."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)


def infusion(number: int, day: date, **more: object) -> Infusion:
    start = at(day, 15)
    end = start + timedelta(minutes=40)
    return replace(Infusion(f"s{number}", day, start, end), **more)  # type: ignore[arg-type]


def day(offset: int) -> date:
    return MONDAY + timedelta(days=offset)


# Monday and Thursday, six times
SIX = tuple(infusion(n + 1, day(offset)) for n, offset in enumerate((0, 3, 7, 10, 14, 17)))

PLANNED = CourseFacts(NEW_YORK, "planned", planned_start_on=MONDAY, planned_count=6)
ACTIVE = replace(PLANNED, state="active", started_on=MONDAY, infusions=SIX[:1])
DONE = replace(ACTIVE, state="completed", infusions=SIX, ended_on=day(18))


def row(facts: CourseFacts, kind: str, cycle: str = "") -> PlannedRequirement:
    return {(one.kind, one.cycle): one for one in plan(facts, defaults.requirements())}[kind, cycle]


def rows(facts: CourseFacts, kind: str) -> dict[str, PlannedRequirement]:
    found = plan(facts, defaults.requirements())
    return {one.cycle: one for one in found if one.kind == kind}


def done(measure: str, on: date, **more: object) -> Completion:
    return replace(Completion(measure, on), **more)  # type: ignore[arg-type]


def having(facts: CourseFacts, *completions: Completion) -> CourseFacts:
    return replace(facts, completions=(*facts.completions, *completions))
