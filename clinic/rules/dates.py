"""Local days and wall-clock times of a site, and the UTC instants behind them.

Whole days are counted on the site's calendar, hours on the UTC line. Where a clock change makes a
wall-clock time impossible the next possible minute stands for it; where it makes the time happen
twice the first one does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from clinic.rules.errors import RuleError

_SECOND: Final = timedelta(seconds=1)
_DAY: Final = timedelta(days=1)
# A year of closed days means that the calendar, not the patience of the search, is wrong.
_SEARCH_DAYS: Final = 366


@dataclass(frozen=True, slots=True)
class Span:
    """Days on which a site is shut, both ends included."""

    starts_on: date
    ends_on: date

    def covers(self, day: date) -> bool:
        return self.starts_on <= day <= self.ends_on


@dataclass(frozen=True, slots=True)
class WorkingCalendar:
    """ISO weekdays (1 Monday to 7 Sunday) on which a site opens, and when it does not."""

    weekdays: frozenset[int]
    closures: tuple[Span, ...] = ()

    def is_open(self, day: date) -> bool:
        """Whether the site works on `day`."""
        return day.isoweekday() in self.weekdays and not any(
            closure.covers(day) for closure in self.closures
        )


def spoken_day(day: date) -> str:
    """A day as sentences name it: Mon 2 Nov 2026."""
    return f"{day:%a} {day.day} {day:%b %Y}"


def today_local(at: datetime, zone: ZoneInfo) -> date:
    """The site's calendar day at the instant `at`."""
    return _aware(at).astimezone(zone).date()


def to_utc(day: date, wall: time, zone: ZoneInfo) -> datetime:
    """The UTC instant of a wall-clock time; a skipped time moves on, a doubled one is the first."""
    naive = datetime.combine(day, wall.replace(tzinfo=None, fold=0))
    first = naive.replace(tzinfo=zone).astimezone(UTC)
    if first.astimezone(zone).replace(tzinfo=None) == naive:
        return first
    later_reading = naive.replace(tzinfo=zone, fold=1).astimezone(UTC)
    return _end_of_gap(later_reading, first, zone)


def local_midnight(day: date, zone: ZoneInfo) -> datetime:
    """The UTC instant at which the local day begins, also where its midnight is skipped."""
    return to_utc(day, time(0), zone)


def local_day_bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Half-open UTC bounds of a local day: 23, 24 or 25 hours long in most zones."""
    return local_midnight(day, zone), local_midnight(day + _DAY, zone)


def shift_days(at: datetime, days: int, zone: ZoneInfo) -> datetime:
    """The same wall-clock time `days` local days away, as a UTC instant."""
    local = _aware(at).astimezone(zone)
    return to_utc(local.date() + timedelta(days=days), local.time(), zone)


def next_open_day(day: date, calendar: WorkingCalendar) -> date:
    """`day` itself when the site works, else the next day on which it does."""
    return _nearest_open(day, calendar, _DAY)


def previous_open_day(day: date, calendar: WorkingCalendar) -> date:
    """`day` itself when the site works, else the day before on which it does.

    A booking for what falls due on a closed day moves here, because due never moves later.
    """
    return _nearest_open(day, calendar, -_DAY)


def add_open_days(day: date, count: int, calendar: WorkingCalendar) -> date:
    """The `count`-th working day after `day`, which is not counted itself; 0 gives `day`."""
    if count < 0:
        raise RuleError("negative_count", "count", "Working days are counted forwards only.")
    for _ in range(count):
        day = next_open_day(day + _DAY, calendar)
    return day


def open_days(first: date, last: date, calendar: WorkingCalendar) -> tuple[date, ...]:
    """Every working day from `first` to `last`, both included."""
    span: Iterable[date] = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return tuple(day for day in span if calendar.is_open(day))


def _nearest_open(day: date, calendar: WorkingCalendar, step: timedelta) -> date:
    for _ in range(_SEARCH_DAYS):
        if calendar.is_open(day):
            return day
        day += step
    raise RuleError("never_open", "weekdays", "The site has no working day within a year.")


def _aware(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise RuleError("zone_missing", "at", "A moment needs its time zone.")
    return at


def _end_of_gap(low: datetime, high: datetime, zone: ZoneInfo) -> datetime:
    """First whole minute after the offset changes, which it does after `low` and by `high`."""
    before = low.astimezone(zone).utcoffset()
    while high - low > _SECOND:
        middle = low + (high - low) // 2
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    # Changes happen on whole seconds; a few of long ago not on whole minutes.
    changed = high.replace(microsecond=0)
    return changed + timedelta(seconds=-changed.second % 60)
