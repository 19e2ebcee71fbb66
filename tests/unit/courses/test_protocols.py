"""Protocols as data, and the sessions that follow from them (A1 to A7, B2, B3)."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic.rules.errors import RuleError
from courses.rules import defaults
from courses.rules.protocols import last_day, parse_protocol, plan_sessions, planned_range
from tests.unit.courses.shipped import content, number

MON = date(2026, 3, 2)
STANDARD = defaults.protocol("trd_standard")


@pytest.mark.parametrize(
    ("code", "orderable", "second", "low", "high", "minutes"),
    [
        ("trd_standard", True, False, "0.5", "0.5", 40),
        ("trd_high_dose", True, True, "0.75", "1", 40),
        ("trd_prolonged_96h", False, False, None, None, None),
        ("pain_acute", False, False, None, "0.5", None),
        ("pain_icu", False, False, None, None, None),
        ("pain_geriatric_ed", False, False, "0.3", "0.3", 15),
        ("pain_shock", False, False, None, "0.5", None),
    ],
)
def test_the_seven_protocols(
    code: str, orderable: bool, second: bool, low: str | None, high: str | None, minutes: int | None
) -> None:
    found = defaults.protocol(code)
    assert (found.orderable, found.second_prescriber) == (orderable, second)
    assert found.dose.min_mg_per_kg == (Decimal(low) if low else None)
    assert found.dose.max_mg_per_kg == (Decimal(high) if high else None)
    assert found.dose.minutes == minutes


def test_rates_caps_and_routes() -> None:
    long, icu = defaults.protocol("trd_prolonged_96h"), defaults.protocol("pain_icu")
    acute = defaults.protocol("pain_acute")
    assert (long.dose.min_mg_per_kg_h, long.dose.max_mg_per_kg_h) == (
        Decimal("0.15"),
        Decimal("0.6"),
    )
    assert (icu.dose.min_mg_per_kg_h, icu.dose.max_mg_per_kg_h) == (Decimal("0.5"), Decimal(2))
    assert icu.dose.cap_mg_per_h == 100
    assert (acute.dose.min_ug_per_kg_min, acute.dose.max_ug_per_kg_min) == (Decimal(1), Decimal(2))
    assert (acute.dose.min_seconds, acute.dose.blocked_routes) == (60, ("IM",))


def test_the_chair_is_taken_for_preparation_infusion_and_observation() -> None:
    assert STANDARD.chair_minutes == 15 + 40 + 120
    assert defaults.protocol("pain_shock").chair_minutes == 0


def test_counts_and_limits_of_the_standard_course() -> None:
    schedule, gaps, limits = STANDARD.schedule, STANDARD.gaps, STANDARD.limits
    assert schedule is not None
    assert gaps is not None
    assert (schedule.per_week, schedule.weeks_min, schedule.weeks_max) == (2, 3, 5)
    assert schedule.count_default == 6
    assert (gaps.min_gap_days, gaps.max_in_window, gaps.window_days) == (2, 2, 7)
    assert (gaps.missed_after_days, gaps.interrupted_after_days) == (5, 14)
    assert (gaps.booking_window_days, gaps.grace_weeks) == (1, 1)
    assert (limits.block_below_minutes, limits.warn_below_minutes) == (30, 40)
    assert limits.warn_above_minutes == 60
    assert limits.second_check_above_mg == 100
    assert limits.reason_on_change_percent == 20


@pytest.mark.parametrize(
    ("given_", "expected"),
    [((2, 3, 5), (6, 10)), ((2, 5, 5), (10, 10)), ((1, 1, 1), (1, 1)), ((3, 2, 4), (6, 12))],
)
def test_planned_range(given_: tuple[int, int, int], expected: tuple[int, int]) -> None:
    assert planned_range(*given_) == expected


@pytest.mark.parametrize(
    ("given_", "code", "field"),
    [
        ((0, 3, 5), "out_of_range", "per_week"),
        ((2, 0, 5), "out_of_range", "weeks_min"),
        ((2, 5, 3), "impossible_range", "weeks_max"),
    ],
)
def test_impossible_ranges(given_: tuple[int, int, int], code: str, field: str) -> None:
    with pytest.raises(RuleError) as refused:
        planned_range(*given_)
    assert (refused.value.code, refused.value.field) == (code, field)


def test_six_sessions_on_monday_and_thursday() -> None:
    found = plan_sessions(STANDARD, first_on=MON, weekdays=[1, 4], count=6)
    assert [session.ideal_on.isoformat() for session in found] == [
        "2026-03-02",
        "2026-03-05",
        "2026-03-09",
        "2026-03-12",
        "2026-03-16",
        "2026-03-19",
    ]
    assert [session.number for session in found] == [1, 2, 3, 4, 5, 6]


def test_a_session_may_move_by_a_day_and_the_first_not_forward() -> None:
    first, second = plan_sessions(STANDARD, first_on=MON, weekdays=[1, 4], count=6)[:2]
    assert (first.earliest_on, first.latest_on) == (date(2026, 3, 2), date(2026, 3, 3))
    assert (second.earliest_on, second.latest_on) == (date(2026, 3, 4), date(2026, 3, 6))


def test_the_course_begins_on_the_first_wished_weekday() -> None:
    found = plan_sessions(STANDARD, first_on=date(2026, 3, 3), weekdays=[1, 4], count=6)
    assert found[0].ideal_on == date(2026, 3, 5)


def test_days_hold_over_a_clock_change() -> None:
    found = plan_sessions(STANDARD, first_on=date(2026, 3, 23), weekdays=[1, 4], count=10)
    assert found[-1].ideal_on == date(2026, 4, 23)


@pytest.mark.parametrize("count", [5, 11])
def test_the_count_stays_within_the_weeks(count: int) -> None:
    with pytest.raises(RuleError, match="has 6 to 10 sessions") as refused:
        plan_sessions(STANDARD, first_on=MON, weekdays=[1, 4], count=count)
    assert refused.value.code == "count_out_of_range"


@pytest.mark.parametrize("weekdays", [[1], [1, 3, 5], [1, 1], [0, 3], [1, 8]])
def test_as_many_weekdays_as_sessions_a_week(weekdays: list[int]) -> None:
    with pytest.raises(RuleError, match="Choose 2 different weekdays") as refused:
        plan_sessions(STANDARD, first_on=MON, weekdays=weekdays, count=6)
    assert refused.value.code == "wrong_weekdays"


@pytest.mark.parametrize("weekdays", [[1, 2], [1, 7]])
def test_neighbouring_weekdays_lie_too_close(weekdays: list[int]) -> None:
    with pytest.raises(RuleError, match="at least 2 days apart"):
        plan_sessions(STANDARD, first_on=MON, weekdays=weekdays, count=6)


def test_a_reference_protocol_cannot_be_planned() -> None:
    with pytest.raises(RuleError) as refused:
        plan_sessions(defaults.protocol("pain_icu"), first_on=MON, weekdays=[1, 4], count=6)
    assert refused.value.code == "not_orderable"


@given(
    st.dates(date(2000, 1, 1), date(2090, 1, 1)),
    st.sampled_from([(1, 3), (1, 4), (2, 5), (3, 6), (3, 7), (4, 7)]),
    st.integers(6, 10),
)
def test_every_plan_keeps_its_gaps(first_on: date, weekdays: tuple[int, int], count: int) -> None:
    found = plan_sessions(STANDARD, first_on=first_on, weekdays=weekdays, count=count)
    days = [session.ideal_on for session in found]
    assert len(days) == count
    assert days[0] >= first_on
    assert all(2 <= (b - a).days <= 5 for a, b in pairwise(days))
    assert all((b - a).days >= 7 for a, b in zip(days, days[2:], strict=False))


def test_the_last_day_is_week_five_and_one_of_grace() -> None:
    assert last_day(STANDARD, MON) == MON + timedelta(days=41)
    assert last_day(defaults.protocol("pain_icu"), MON) is None


@pytest.mark.parametrize(
    ("table", "key", "value", "code", "field"),
    [
        ("dose", "min_mg_per_kg", "0.6", "impossible_range", "dose.min_mg_per_kg"),
        ("dose", "min_mg_per_kg_h", "2", "impossible_range", "dose.min_mg_per_kg_h"),
        ("dose", "min_ug_per_kg_min", "3", "impossible_range", "dose.min_ug_per_kg_min"),
        ("schedule", "weeks_min", "6", "impossible_range", "weeks_max"),
        ("schedule", "count_default", "5", "impossible_range", "schedule.count_default"),
        ("schedule", "count_default", "11", "impossible_range", "schedule.count_default"),
        ("schedule", "per_week", "1.5", "content_broken", "schedule.per_week"),
        ("gaps", "min_gap_days", "6", "impossible_range", "gaps.min_gap_days"),
        ("gaps", "missed_after_days", "15", "impossible_range", "gaps.missed_after_days"),
        ("limits", "block_below_minutes", "41", "impossible_range", "limits.block_below_minutes"),
        ("limits", "warn_below_minutes", "61", "impossible_range", "limits.warn_below_minutes"),
    ],
)
def test_impossible_content(table: str, key: str, value: str, code: str, field: str) -> None:
    changed = content("protocols/trd_standard")
    changed["dose"] |= {"max_mg_per_kg_h": number("1"), "max_ug_per_kg_min": number("2")}
    changed[table][key] = number(value)
    with pytest.raises(RuleError) as refused:
        parse_protocol(changed)
    assert (refused.value.code, refused.value.field) == (code, field)


@pytest.mark.parametrize("missing", ["schedule", "gaps"])
def test_what_may_be_ordered_must_be_bookable(missing: str) -> None:
    changed = content("protocols/trd_standard")
    del changed[missing]
    with pytest.raises(RuleError) as refused:
        parse_protocol(changed)
    assert (refused.value.code, refused.value.field) == ("content_broken", "orderable")


def test_a_protocol_without_routes_blocks_none() -> None:
    changed: dict[str, Any] = content("protocols/pain_icu")
    changed["dose"]["blocked_routes"] = "IM"
    assert parse_protocol(changed).dose.blocked_routes == ()
