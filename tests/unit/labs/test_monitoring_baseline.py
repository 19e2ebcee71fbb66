"""The plan before the first infusion."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from labs.rules import defaults
from labs.rules.due import Dates
from labs.rules.exposure import (
    PlannedSession,
)
from labs.rules.monitoring import plan
from tests.unit.labs.course import (
    ACTIVE,
    MONDAY,
    PLANNED,
    at,
    day,
    done,
    having,
    row,
)


def test_a_planned_course_asks_for_its_baselines() -> None:
    found = plan(PLANNED, defaults.requirements())
    assert {(one.kind, one.cycle, one.state, one.due_on) for one in found} == {
        ("gu_baseline", "", "open", MONDAY),
        ("lft_baseline", "", "open", MONDAY),
        ("pregnancy", "", "open", MONDAY),
        ("uds", "", "open", MONDAY),
        ("weight", "", "open", MONDAY),
    }


@pytest.mark.parametrize("kind", ["lft_baseline", "gu_baseline"])
@pytest.mark.parametrize(
    ("offset", "state", "reason"),
    [(-31, "open", ""), (-30, "closed", "done"), (-1, "closed", "done"), (0, "closed", "done")],
)
def test_a_baseline_is_at_most_thirty_days_old(
    kind: str, offset: int, state: str, reason: str
) -> None:
    found = row(having(PLANNED, done(kind.partition("_")[0], day(offset))), kind)
    assert (found.state, found.reason) == (state, reason)
    assert found.dates == Dates(date(2026, 2, 23), MONDAY, date(2026, 3, 3))


def test_a_missing_baseline_stands_against_the_first_dose() -> None:
    baseline = row(PLANNED, "lft_baseline")
    assert baseline.opens_on == date(2026, 1, 31)
    assert [baseline.on_day(day(n)).state for n in (-8, -7, -1, 0, 1)] == [
        "not_due",
        "due_soon",
        "due_soon",
        "due",
        "overdue",
    ]
    assert [baseline.on_day(day(n)).blocks_dose for n in (-1, 0, 1)] == [False, True, True]


def test_an_incomplete_or_withdrawn_panel_is_no_baseline() -> None:
    for status, is_complete in (("final", False), ("entered_in_error", True), ("cancelled", True)):
        panel = done("lft", day(-3), status=status, is_complete=is_complete)
        assert row(having(PLANNED, panel), "lft_baseline").state == "open"


def test_a_later_start_makes_a_baseline_too_old() -> None:
    facts = having(PLANNED, done("lft", day(-20)))
    assert row(facts, "lft_baseline").reason == "done"
    moved = replace(facts, sessions=(PlannedSession("s1", day(14)),))
    found = row(moved, "lft_baseline")
    assert (found.state, found.due_on) == ("open", day(14))


def test_a_first_dose_without_a_baseline_leaves_it_missed_and_the_panel_overdue() -> None:
    assert row(ACTIVE, "lft_baseline").reason == "missed"
    periodic = row(ACTIVE, "lft_periodic")
    assert periodic.dates == Dates(MONDAY, MONDAY, MONDAY)
    assert periodic.on_day(MONDAY).state == "overdue"
    assert periodic.on_day(MONDAY).blocks_dose


def test_a_panel_drawn_after_the_first_dose_is_no_baseline() -> None:
    late = done("lft", MONDAY, done_at=at(MONDAY, 20))
    facts = having(ACTIVE, late)
    assert row(facts, "lft_baseline").reason == "missed"
    early = done("lft", MONDAY, done_at=at(MONDAY, 14))
    assert row(having(ACTIVE, early), "lft_baseline").reason == "done"
    some_hour = done("lft", MONDAY)
    assert row(having(ACTIVE, some_hour), "lft_baseline").reason == "done"
    tuesday = done("lft", day(1))
    assert row(having(ACTIVE, tuesday), "lft_baseline").reason == "missed"


@pytest.mark.parametrize(
    ("kind", "days", "blocks_before", "blocks_on_due"),
    [
        ("weight", (7, 28, 3), True, False),
        ("pregnancy", (7, 28, 7), True, True),
        ("uds", (30, 90, 14), False, False),
    ],
)
def test_short_life_before_the_first_dose_and_longer_after(
    kind: str, days: tuple[int, int, int], blocks_before: bool, blocks_on_due: bool
) -> None:
    within, period, soon = days
    old = having(PLANNED, done(kind, day(-within - 1)))
    found = row(old, kind)
    assert (found.due_on, found.opens_on) == (MONDAY, day(-within))
    assert found.on_day(MONDAY).blocks_dose is blocks_before
    fresh = having(PLANNED, done(kind, day(-within)))
    assert row(fresh, kind).due_on == day(-within + period)
    later = row(having(ACTIVE, done(kind, day(-within))), kind)
    assert (later.due_on, later.soon_on) == (day(period - within), day(period - within - soon))
    assert later.on_day(day(period - within)).state == "due"
    assert later.on_day(day(period - within)).blocks_dose is blocks_on_due
    never = row(ACTIVE, kind)
    assert never.on_day(MONDAY).state == "overdue"


def test_a_coded_reason_takes_the_pregnancy_test_away() -> None:
    found = row(replace(PLANNED, not_required=frozenset({"pregnancy"})), "pregnancy")
    assert (found.state, found.reason, found.dates) == ("closed", "not_required", None)
    assert not found.on_day(MONDAY).blocks_dose
