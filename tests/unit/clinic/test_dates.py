"""Local days, impossible and doubled wall-clock times, working days."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic.rules.dates import (
    Span,
    WorkingCalendar,
    add_open_days,
    local_day_bounds,
    local_midnight,
    next_open_day,
    open_days,
    previous_open_day,
    shift_days,
    to_utc,
    today_local,
)
from clinic.rules.errors import RuleError

NEW_YORK = ZoneInfo("America/New_York")
LONDON = ZoneInfo("Europe/London")
LONGEST_GAP = timedelta(hours=2)  # at Troll in Antarctica
WEEK = frozenset({1, 2, 3, 4, 5})


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "zone", "expected"),
    [
        (utc(2026, 11, 23, 2), NEW_YORK, date(2026, 11, 22)),
        (utc(2026, 11, 23, 4, 59), NEW_YORK, date(2026, 11, 22)),
        (utc(2026, 11, 23, 5), NEW_YORK, date(2026, 11, 23)),
        (utc(2026, 11, 23, 11), ZoneInfo("Pacific/Auckland"), date(2026, 11, 24)),
    ],
)
def test_today_is_the_sites_day(at: datetime, zone: ZoneInfo, expected: date) -> None:
    assert today_local(at, zone) == expected


def test_a_moment_without_zone_is_refused() -> None:
    with pytest.raises(RuleError) as refusal:
        today_local(utc(2026, 11, 23).replace(tzinfo=None), LONDON)
    assert (refusal.value.code, refusal.value.field) == ("zone_missing", "at")


@pytest.mark.parametrize(
    ("day", "wall", "zone", "expected"),
    [
        # an ordinary time
        (date(2026, 7, 1), time(9), NEW_YORK, utc(2026, 7, 1, 13)),
        # 02:00 to 03:00 does not exist on 14 March 2027: 03:00 EDT stands for all of it
        (date(2027, 3, 14), time(1, 59), NEW_YORK, utc(2027, 3, 14, 6, 59)),
        (date(2027, 3, 14), time(2), NEW_YORK, utc(2027, 3, 14, 7)),
        (date(2027, 3, 14), time(2, 30), NEW_YORK, utc(2027, 3, 14, 7)),
        (date(2027, 3, 14), time(2, 59, 30), NEW_YORK, utc(2027, 3, 14, 7)),
        (date(2027, 3, 14), time(3), NEW_YORK, utc(2027, 3, 14, 7)),
        # 01:30 comes twice on 1 November 2026: the first is still summer time
        (date(2026, 11, 1), time(1, 30), NEW_YORK, utc(2026, 11, 1, 5, 30)),
        (date(2026, 11, 1), time(2), NEW_YORK, utc(2026, 11, 1, 7)),
        # half an hour on Lord Howe Island
        (date(2026, 10, 4), time(2, 15), ZoneInfo("Australia/Lord_Howe"), utc(2026, 10, 3, 15, 30)),
        # Samoa had no 30 December 2011 at all
        (date(2011, 12, 30), time(9), ZoneInfo("Pacific/Apia"), utc(2011, 12, 30, 10)),
    ],
)
def test_wall_clock_to_utc(day: date, wall: time, zone: ZoneInfo, expected: datetime) -> None:
    assert to_utc(day, wall, zone) == expected


def test_a_gap_that_ends_between_two_minutes_moves_to_the_next_whole_one() -> None:
    # Monrovia went from 44 min 30 s behind UTC to UTC at the midnight that began 7 January 1972.
    monrovia = ZoneInfo("Africa/Monrovia")
    assert to_utc(date(1972, 1, 7), time(0, 20), monrovia) == utc(1972, 1, 7, 0, 45)


def test_midnight_that_is_skipped() -> None:
    # Cairo puts its clocks forward at midnight: 24 April 2026 begins at 01:00, 22:00 UTC before.
    assert local_midnight(date(2026, 4, 24), ZoneInfo("Africa/Cairo")) == utc(2026, 4, 23, 22)


@pytest.mark.parametrize(
    ("day", "hours"),
    [(date(2026, 3, 28), 24), (date(2026, 3, 29), 23), (date(2026, 10, 25), 25)],
)
def test_length_of_a_local_day(day: date, hours: int) -> None:
    starts_at, ends_at = local_day_bounds(day, LONDON)
    assert ends_at - starts_at == timedelta(hours=hours)


def test_a_week_over_the_clock_change_keeps_nine_oclock() -> None:
    before = utc(2026, 10, 26, 13)  # 09:00 EDT
    assert shift_days(before, 7, NEW_YORK) == utc(2026, 11, 2, 14)  # 09:00 EST, 169 hours later


def _changes(zone: ZoneInfo, year: int) -> list[date]:
    noon = [datetime(year, 1, 1, 12, tzinfo=UTC) + timedelta(days=n) for n in range(366)]
    offsets = [moment.astimezone(zone).utcoffset() for moment in noon]
    return [
        noon[n].astimezone(zone).date() for n in range(1, len(noon)) if offsets[n] != offsets[n - 1]
    ]


def test_every_zone_on_its_clock_change_days() -> None:
    zones = [ZoneInfo(name) for name in sorted(available_timezones())]
    checked = 0
    for zone in zones:
        for day in _changes(zone, 2027):
            for around in (day - timedelta(days=1), day, day + timedelta(days=1)):
                _check_day(around, zone)
            checked += 1
    assert checked > 200


def _check_day(day: date, zone: ZoneInfo) -> None:
    last = None
    for minutes in range(0, 24 * 60, 30):
        wall = time(minutes // 60, minutes % 60)
        answer = to_utc(day, wall, zone)
        local = answer.astimezone(zone).replace(tzinfo=None)
        asked = datetime.combine(day, wall)
        assert timedelta(0) <= local - asked <= LONGEST_GAP
        if local == asked:
            # the first of two readings: no earlier instant shows the same clock
            for half_hours in range(1, 7):
                earlier = answer - timedelta(minutes=30 * half_hours)
                assert earlier.astimezone(zone).replace(tzinfo=None) != asked
        assert last is None or answer >= last
        last = answer


@given(
    at=st.integers(0, 15 * 365 * 24 * 60).map(lambda n: utc(2020, 1, 1) + timedelta(minutes=n)),
    zone=st.sampled_from([NEW_YORK, LONDON, ZoneInfo("Asia/Kathmandu"), ZoneInfo("Africa/Cairo")]),
)
def test_an_instant_lies_in_its_local_day(at: datetime, zone: ZoneInfo) -> None:
    starts_at, ends_at = local_day_bounds(today_local(at, zone), zone)
    assert starts_at <= at < ends_at


CALENDAR = WorkingCalendar(WEEK, (Span(date(2026, 12, 24), date(2027, 1, 1)),))


@pytest.mark.parametrize(
    ("day", "is_open"),
    [
        (date(2026, 12, 23), True),
        (date(2026, 12, 24), False),
        (date(2027, 1, 1), False),
        (date(2027, 1, 2), False),  # a Saturday
        (date(2027, 1, 4), True),
    ],
)
def test_open_days_of_the_site(day: date, is_open: bool) -> None:
    assert CALENDAR.is_open(day) is is_open


def test_nearest_open_days_before_and_after_a_closure() -> None:
    assert next_open_day(date(2026, 12, 25), CALENDAR) == date(2027, 1, 4)
    assert previous_open_day(date(2026, 12, 25), CALENDAR) == date(2026, 12, 23)
    assert next_open_day(date(2026, 12, 23), CALENDAR) == date(2026, 12, 23)
    assert previous_open_day(date(2026, 12, 23), CALENDAR) == date(2026, 12, 23)


def test_counting_working_days() -> None:
    assert add_open_days(date(2026, 12, 22), 0, CALENDAR) == date(2026, 12, 22)
    assert add_open_days(date(2026, 12, 22), 1, CALENDAR) == date(2026, 12, 23)
    assert add_open_days(date(2026, 12, 22), 2, CALENDAR) == date(2027, 1, 4)
    assert open_days(date(2026, 12, 22), date(2027, 1, 4), CALENDAR) == (
        date(2026, 12, 22),
        date(2026, 12, 23),
        date(2027, 1, 4),
    )
    assert open_days(date(2026, 12, 23), date(2026, 12, 22), CALENDAR) == ()


def test_counting_backwards_is_refused() -> None:
    with pytest.raises(RuleError, match="forwards"):
        add_open_days(date(2026, 12, 22), -1, CALENDAR)


def test_a_site_that_never_opens_is_said_so() -> None:
    with pytest.raises(RuleError) as refusal:
        next_open_day(date(2026, 12, 22), WorkingCalendar(frozenset()))
    assert refusal.value.code == "never_open"
