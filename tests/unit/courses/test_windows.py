"""Spacing of infusions at both sides of every limit (B2, B3), windows of sessions, 24 h (B4)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from courses.rules import defaults
from courses.rules.windows import (
    check_gap,
    day_after,
    is_interrupted,
    is_missed,
    timeliness,
)

GAPS = defaults.course_gaps()
MON = date(2026, 3, 2)


def after(days: int) -> date:
    return MON + timedelta(days=days)


@pytest.mark.parametrize(
    ("previous", "proposed", "status", "reason"),
    [
        ([], 0, "ok", ""),
        ([0], 0, "block", "min_gap_2d"),
        ([0], 1, "block", "min_gap_2d"),
        ([0], 2, "ok", ""),
        ([0], 3, "ok", ""),
        ([0], 5, "ok", ""),
        ([0], 6, "warn", "session_missed"),
        ([0], 14, "warn", "session_missed"),
        ([0], 15, "block", "course_interrupted"),
        # Two in any seven days: the seventh day still counts, the eighth does not.
        ([0, 3], 6, "block", "more_than_2_in_7d"),
        ([0, 3], 7, "ok", ""),
        ([0, 4], 6, "block", "more_than_2_in_7d"),
        ([4, 0], 7, "ok", ""),
        # Too close comes before too many.
        ([0, 3], 4, "block", "min_gap_2d"),
        # A day between two that are fixed, and one before what is already booked.
        ([0, 6], 3, "block", "more_than_2_in_7d"),
        ([0, 7], 3, "ok", ""),
        ([3], 2, "block", "min_gap_2d"),
        ([5], 0, "ok", ""),
        # The same day told twice is one day.
        ([0, 0], 3, "ok", ""),
        # Only the last infusion before the day counts for a gap.
        ([0, 20], 23, "ok", ""),
    ],
)
def test_gap(previous: list[int], proposed: int, status: str, reason: str) -> None:
    found = check_gap([after(day) for day in previous], after(proposed), GAPS)
    assert (found.status, found.reason) == (status, reason)


def test_the_sentence_names_the_limit() -> None:
    assert check_gap([MON], after(1), GAPS).sentence == "Infusions lie at least 2 days apart."
    assert check_gap([MON, after(3)], after(6), GAPS).sentence == (
        "At most 2 infusions in any 7 days."
    )
    assert check_gap([MON], after(6), GAPS).sentence == "6 days since the last infusion."
    assert check_gap([MON], after(15), GAPS).sentence == (
        "15 days since the last infusion: screen again before going on."
    )


def test_monday_and_thursday_over_a_clock_change_and_a_holiday() -> None:
    days: list[date] = []
    for week in range(5):
        for weekday in (0, 3):
            day = date(2026, 3, 23) + timedelta(weeks=week, days=weekday)
            assert check_gap(days, day, GAPS).status == "ok"
            days.append(day)
    assert days[-1] == date(2026, 4, 23)


@given(st.lists(st.integers(0, 60), max_size=12), st.integers(0, 60))
def test_what_passes_never_crowds(previous: list[int], proposed: int) -> None:
    days = {after(day) for day in previous}
    if check_gap(days, after(proposed), GAPS).status == "block":
        return
    near = [day for day in previous if abs(day - proposed) < 2]
    window = {day for day in {*previous, proposed} if proposed - 6 <= day <= proposed}
    assert near == []
    assert len(window) <= 2


@pytest.mark.parametrize(
    ("day", "state"),
    [(-2, "early"), (-1, "on_time"), (0, "on_time"), (1, "on_time"), (2, "late")],
)
def test_timeliness(day: int, state: str) -> None:
    assert timeliness(earliest_on=after(-1), latest_on=after(1), day=after(day)) == state


@pytest.mark.parametrize(
    ("on", "last", "missed"),
    [(4, None, False), (5, None, True), (5, 0, False), (6, 0, True), (6, 1, False)],
)
def test_missed_after_window_and_gap(on: int, last: int | None, missed: bool) -> None:
    given_on = None if last is None else after(last)
    assert is_missed(latest_on=after(4), last_given_on=given_on, on=after(on), gaps=GAPS) is missed


@pytest.mark.parametrize(
    ("last", "interrupted"), [(None, False), (1, False), (0, True)], ids=["none", "14", "15"]
)
def test_interrupted_after_14_days(last: int | None, interrupted: bool) -> None:
    given_on = None if last is None else after(last)
    assert is_interrupted(last_given_on=given_on, on=after(15), gaps=GAPS) is interrupted


@pytest.mark.parametrize(
    ("ends", "due"),
    [
        ("2026-03-03T14:00:00-05:00", "2026-03-04T14:00:00-05:00"),
        ("2026-03-07T14:00:00-05:00", "2026-03-08T15:00:00-04:00"),
        ("2026-10-31T14:00:00-04:00", "2026-11-01T13:00:00-05:00"),
        ("2026-03-03T19:00:00+00:00", "2026-03-04T14:00:00-05:00"),
    ],
)
def test_a_day_after_is_24_hours_that_pass(ends: str, due: str) -> None:
    found = day_after(datetime.fromisoformat(ends), ZoneInfo("America/New_York"), 24)
    assert found.isoformat() == due
