"""A whole series in twenty zones, over every clock change of a year: days stay days (B2, B4, H)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinic.rules.dates import local_day_bounds, shift_days, to_utc
from courses.rules import defaults
from courses.rules.protocols import PlannedSession, plan_sessions
from courses.rules.windows import check_gap, day_after
from labs.rules import defaults as labs_defaults
from labs.rules.exposure import CourseFacts, Infusion
from labs.rules.monitoring import plan

STANDARD: Final = defaults.protocol("trd_standard")
GAPS: Final = defaults.course_gaps()
YEAR: Final = 2026
# Days on which the clocks of each zone change in 2026, from the rules of its government.
CHANGES: Final[dict[str, tuple[str, ...]]] = {
    "America/New_York": ("03-08", "11-01"),
    "America/Los_Angeles": ("03-08", "11-01"),
    "America/St_Johns": ("03-08", "11-01"),
    "America/Havana": ("03-08", "11-01"),
    "America/Santiago": ("04-04", "09-06"),
    "America/Nuuk": ("03-28", "10-24"),
    "America/Phoenix": (),
    "Atlantic/Azores": ("03-29", "10-25"),
    "Europe/London": ("03-29", "10-25"),
    "Europe/Dublin": ("03-29", "10-25"),
    "Europe/Berlin": ("03-29", "10-25"),
    "Africa/Cairo": ("04-24", "10-29"),
    "Asia/Beirut": ("03-29", "10-24"),
    "Asia/Jerusalem": ("03-27", "10-25"),
    "Asia/Kathmandu": (),
    "Asia/Tokyo": (),
    "Australia/Sydney": ("04-05", "10-04"),
    "Australia/Lord_Howe": ("04-05", "10-04"),
    "Pacific/Auckland": ("04-05", "09-27"),
    "Pacific/Chatham": ("04-05", "09-27"),
}
CROSSED: Final = [(zone, day) for zone, days in CHANGES.items() for day in days]
# Weekdays that lie three and four days apart, and all that may be asked for at all.
WEEKDAYS: Final = ((1, 4), (1, 5), (2, 5), (2, 6), (3, 6), (3, 7), (4, 7))
ANY_WEEKDAYS: Final = tuple((a, b) for a in range(1, 8) for b in range(a + 2, 8) if b - a < 6)

walls = st.times(time(6), time(20)).map(lambda wall: wall.replace(second=0, microsecond=0))
first_days = st.dates(date(2026, 1, 1), date(2027, 12, 31))


def offset(zone: ZoneInfo, day: date) -> timedelta:
    found = datetime.combine(day, time(12), zone).utcoffset()
    assert found is not None
    return found


def sessions(first_on: date, weekdays: Sequence[int], count: int = 10) -> list[PlannedSession]:
    return list(plan_sessions(STANDARD, first_on=first_on, weekdays=weekdays, count=count))


def test_there_are_twenty_zones_and_their_changes_are_those_of_the_year() -> None:
    assert len(CHANGES) == 20
    for name, days in CHANGES.items():
        zone, first = ZoneInfo(name), date(YEAR, 1, 1)
        every = [first + timedelta(days=n) for n in range(366)]
        changed = [b for a, b in pairwise(every) if offset(zone, a) != offset(zone, b)]
        told = [date.fromisoformat(f"{YEAR}-{day}") for day in days]
        # Seen from noon to noon, a change late in the evening is that of the day after.
        late = [(a - b).days for a, b in zip(changed, told, strict=True)]
        assert set(late) <= {0, 1}, name


@pytest.mark.parametrize(("name", "change"), CROSSED)
@settings(max_examples=15)
@given(before=st.integers(1, 28), weekdays=st.sampled_from(WEEKDAYS), wall=walls)
def test_a_series_over_a_clock_change_keeps_its_days_and_its_hour(
    name: str, change: str, before: int, weekdays: tuple[int, int], wall: time
) -> None:
    zone = ZoneInfo(name)
    first_on = date.fromisoformat(f"{YEAR}-{change}") - timedelta(days=before)
    days = [session.ideal_on for session in sessions(first_on, weekdays)]
    assert {(b - a).days for a, b in pairwise(days)} == {3, 4}
    assert {(b - a).days for a, b in zip(days, days[2:], strict=False)} == {7}
    starts = [to_utc(day, wall, zone) for day in days]
    for day, start in zip(days, starts, strict=True):
        assert start.utcoffset() == timedelta(0)
        local = start.astimezone(zone)
        assert (local.date(), local.time()) == (day, wall)
    for (day, start), (next_day, following) in pairwise(zip(days, starts, strict=True)):
        moved = offset(zone, next_day) - offset(zone, day)
        assert following - start == timedelta(days=(next_day - day).days) - moved
        assert shift_days(start, (next_day - day).days, zone) == following
    # The whole of it is not a whole number of days: the clocks did change in between.
    if days[0] < date.fromisoformat(f"{YEAR}-{change}") - timedelta(days=1):
        assert (starts[-1] - starts[0]) % timedelta(days=1) != timedelta(0)


@pytest.mark.parametrize(("name", "change"), CROSSED)
@settings(max_examples=40)
@given(near=st.integers(-1, 1), wall=st.times(time(0), time(4)) | st.times())
def test_a_session_at_any_hour_stays_on_its_day_also_where_the_hour_is_skipped(
    name: str, change: str, near: int, wall: time
) -> None:
    zone = ZoneInfo(name)
    wall = wall.replace(second=0, microsecond=0)
    day = date.fromisoformat(f"{YEAR}-{change}") + timedelta(days=near)
    start = to_utc(day, wall, zone)
    begins, ends = local_day_bounds(day, zone)
    assert begins <= start
    assert timedelta(hours=23) <= ends - begins <= timedelta(hours=25)
    local = start.astimezone(zone)
    late = datetime.combine(local.date(), local.time()) - datetime.combine(day, wall)
    # Clocks go forward by an hour, on Lord Howe by half of one.
    assert timedelta(0) <= late <= timedelta(hours=1)


@pytest.mark.parametrize("name", sorted(CHANGES))
@settings(max_examples=30)
@given(data=st.data(), minutes=st.integers(1, 240))
def test_24_hours_after_are_24_hours_that_pass(
    name: str, data: st.DataObject, minutes: int
) -> None:
    zone = ZoneInfo(name)
    near = data.draw(st.sampled_from(CHANGES[name] or ("03-29", "10-25")))
    start = datetime.fromisoformat(f"{YEAR}-{near}T12:00:00+00:00") + timedelta(
        minutes=data.draw(st.integers(-48 * 60, 24 * 60))
    )
    end = start + timedelta(minutes=minutes)
    due = day_after(end.astimezone(zone), zone, 24)
    assert due.astimezone(UTC) - end == timedelta(hours=24)
    day = start.astimezone(zone).date()
    facts = CourseFacts(
        zone, "active", day, 6, started_on=day, infusions=(Infusion("one", day, start, end),)
    )
    (row,) = (r for r in plan(facts, labs_defaults.requirements()) if r.kind == "scale_24h")
    assert row.due_at == end + timedelta(hours=24)
    assert row.overdue_at == end + timedelta(hours=36)
    assert row.due_on == due.date()
    # Open from 18 hours on, and by the day never overdue before it is.
    assert row.opens_on == (end + timedelta(hours=18)).astimezone(zone).date()
    assert row.overdue_on is not None
    assert row.overdue_on >= row.overdue_at.astimezone(zone).date()


@settings(max_examples=200)
@given(first_days, st.sampled_from(ANY_WEEKDAYS), st.data())
def test_whatever_day_of_its_window_is_chosen_the_gap_is_kept_and_nobody_is_stuck(
    first_on: date, weekdays: tuple[int, int], data: st.DataObject
) -> None:
    chosen: list[date] = []
    for session in sessions(first_on, weekdays):
        assert session.earliest_on <= session.ideal_on <= session.latest_on
        length = (session.latest_on - session.earliest_on).days + 1
        window = [session.earliest_on + timedelta(days=n) for n in range(length)]
        possible = [day for day in window if check_gap(chosen, day, GAPS).status != "block"]
        assert possible
        chosen.append(data.draw(st.sampled_from(possible)))
    assert all((b - a).days >= 2 for a, b in pairwise(chosen))
    assert all((b - a).days >= 7 for a, b in zip(chosen, chosen[2:], strict=False))


@given(first_days, st.sampled_from(WEEKDAYS))
def test_windows_three_and_four_days_apart_share_no_day_and_their_ideal_days_always_pass(
    first_on: date, weekdays: tuple[int, int]
) -> None:
    found = sessions(first_on, weekdays)
    for earlier, later in pairwise(found):
        assert earlier.latest_on < later.earliest_on
    for place, session in enumerate(found):
        others = [one.ideal_on for one in found[:place]]
        assert check_gap(others, session.ideal_on, GAPS).status == "ok"
        # Late once and early the next time is the one choice that the gap itself must refuse.
        if place and (session.ideal_on - others[-1]).days == 3:
            assert (
                check_gap([found[place - 1].latest_on], session.earliest_on, GAPS).status == "block"
            )
