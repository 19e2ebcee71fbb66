"""Every zone there is, through two years of clock changes: decent hours and local days hold."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import pytest

from clinic.rules.dates import to_utc, today_local
from labs.rules import defaults
from labs.rules.reminders import is_decent, send_at

POLICY = defaults.reminders()
FIRST, LAST = date(2026, 11, 1), date(2028, 11, 1)
ZONES = sorted(available_timezones())


@cache
def changes(name: str) -> tuple[date, ...]:
    """Days of the two years on which the zone's clock is moved."""
    zone = ZoneInfo(name)

    def offset(day: date) -> timedelta | None:
        return datetime.combine(day, time(), zone).utcoffset()

    days = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days)]
    return tuple(day for day in days if offset(day) != offset(day + timedelta(days=1)))


def around(name: str) -> Iterator[date]:
    """The two days on either side of each change; where there is none, two ordinary days."""
    for day in changes(name) or (date(2027, 1, 15), date(2027, 7, 15)):
        yield from (day + timedelta(days=n) for n in range(-2, 3))


def test_there_are_zones_that_change_and_zones_that_do_not() -> None:
    assert len(ZONES) > 400
    moving = [name for name in ZONES if changes(name)]
    assert 100 < len(moving) < len(ZONES)
    assert changes("Europe/London") == (
        date(2027, 3, 28), date(2027, 10, 31), date(2028, 3, 26), date(2028, 10, 29),
    )  # fmt: skip


@pytest.mark.parametrize("name", ZONES)
def test_a_message_leaves_at_a_decent_hour_of_its_day_and_never_before_it_may(name: str) -> None:
    zone = ZoneInfo(name)
    for day in around(name):
        midnight = datetime.combine(day, time(), UTC)
        for hour in range(0, 24, 3):
            asked = midnight + timedelta(hours=hour)
            leaves = send_at(day, asked, zone, POLICY)
            assert leaves >= asked
            assert leaves - asked < timedelta(hours=39)
            assert is_decent(leaves, zone, POLICY)
            wall = leaves.astimezone(zone)
            assert POLICY.send_from <= wall.time() < POLICY.send_until
            assert today_local(leaves, zone) >= day


@pytest.mark.parametrize("name", ZONES)
def test_a_wall_clock_hour_is_one_moment_also_where_it_comes_twice_or_never(name: str) -> None:
    zone = ZoneInfo(name)
    for day in around(name):
        before = None
        for half_hour in range(48):
            wall = time(half_hour // 2, 30 * (half_hour % 2))
            moment = to_utc(day, wall, zone)
            shown = moment.astimezone(zone)
            # Never earlier than asked for by the wall; of two the first.
            assert (shown.date(), shown.time()) >= (day, wall)
            assert shown - datetime.combine(day, wall, zone) < timedelta(hours=25)
            assert before is None or moment >= before
            before = moment


@pytest.mark.parametrize("name", [name for name in ZONES if changes(name)])
def test_a_day_is_a_day_and_hours_are_hours_over_each_change(name: str) -> None:
    zone = ZoneInfo(name)
    for day in changes(name):
        noon = to_utc(day - timedelta(days=1), time(12), zone)
        # The same wall time two days on, by the calendar ...
        later = to_utc(day + timedelta(days=1), time(12), zone)
        assert later.astimezone(zone).time() == time(12)
        assert later - noon != timedelta(0)
        # ... and 24 hours on, by the clock that never moves.
        assert (noon + timedelta(hours=24)) - noon == timedelta(hours=24)
        assert today_local(noon, zone) == day - timedelta(days=1)
        assert today_local(later, zone) == day + timedelta(days=1)
