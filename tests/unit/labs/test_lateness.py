"""How late something was last done: by the days it was owed for, whoever looks and when."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from tests.unit.labs.course import ACTIVE, MONDAY, SIX, day, done, having, row

# Day 0 is the day of the first infusion; 28 days and seven of grace.
ONE = replace(ACTIVE, infusions=SIX[:1])


@pytest.mark.parametrize(
    ("first", "second", "late"),
    [
        # Due on day 22, overdue from day 30 on.
        (-6, 22, None),
        (-6, 29, None),
        (-6, 30, 8),
        (-6, 52, 30),
        # Not a matter of the next due day, but of the one before it.
        (0, 28, None),
        (0, 36, 8),
    ],
)
def test_a_panel_that_comes_back(first: int, second: int, late: int | None) -> None:
    facts = having(ONE, done("lft", day(first)), done("lft", day(second)))
    found = row(facts, "lft_periodic")
    assert (found.last_done_on, found.late_days) == (day(second), late)
    assert found.was_late is (late is not None)


def test_the_first_panel_of_all_was_owed_from_the_first_infusion_on() -> None:
    assert row(ONE, "lft_periodic").late_days is None
    assert row(having(ONE, done("lft", day(-1))), "lft_periodic").late_days is None
    assert row(having(ONE, done("lft", day(0))), "lft_periodic").late_days is None
    assert row(having(ONE, done("lft", day(3))), "lft_periodic").late_days == 3


def test_a_panel_in_between_takes_the_lateness_with_it() -> None:
    late = having(ONE, done("lft", day(0)), done("lft", day(40)))
    assert row(late, "lft_periodic").late_days == 12
    turned_up = having(late, done("lft", day(20)))
    assert row(turned_up, "lft_periodic").late_days is None


def test_a_weekly_scale_counts_from_the_start() -> None:
    facts = replace(ONE, started_on=MONDAY)
    # Due after seven days, with two of grace.
    assert row(having(facts, done("scale", day(9))), "scale_weekly").late_days is None
    assert row(having(facts, done("scale", day(10))), "scale_weekly").late_days == 3
    assert (
        row(having(facts, done("scale", day(5)), done("scale", day(15))), "scale_weekly").late_days
        == 3
    )
    before = having(facts, done("scale", date(2026, 1, 1)), done("scale", day(9)))
    assert row(before, "scale_weekly").late_days is None


def test_a_drug_screen_during_treatment() -> None:
    facts = having(ONE, done("uds", day(0)), done("uds", day(105)))
    # Every 90 days with 14 of grace: overdue from day 105 on.
    assert row(facts, "uds").late_days == 15
