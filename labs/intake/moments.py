"""Times as laboratories write them: to the minute or the day, with or without an offset."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Final
from zoneinfo import ZoneInfo

from clinic.rules.dates import local_midnight, to_utc

_ISO: Final = re.compile(
    r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"
    r"(?:[T ](?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:\.[0-9]+)?)?"
    r"(?P<offset>Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_HL7: Final = re.compile(
    r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})"
    r"(?:(?P<hour>[0-9]{2})(?P<minute>[0-9]{2})(?:(?P<second>[0-9]{2})(?:\.[0-9]{1,4})?)?)?"
    r"(?P<offset>[+-][0-9]{4})?"
)
# The zone map of the world runs from -12 to +14 hours.
_FURTHEST: Final = timedelta(hours=14)
_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Moment:
    """A wall-clock time on a day; `wall` is None where only the day is known.

    Without an `offset` it is the site's own time.
    """

    day: date
    wall: time | None = None
    offset: timedelta | None = None

    @property
    def precision(self) -> str:
        return "day" if self.wall is None else "minute"

    def instant(self, zone: ZoneInfo) -> datetime:
        """The UTC instant; a day stands for its first moment at the site.

        Raises OverflowError where the calendar ends before the clock does.
        """
        if self.wall is None:
            return local_midnight(self.day, zone)
        if self.offset is None:
            return to_utc(self.day, self.wall, zone)
        local = datetime.combine(self.day, self.wall, timezone(self.offset))
        return local.astimezone(UTC)


def iso_moment(text: str) -> Moment | None:
    """`2026-11-23T09:30`, with seconds, `Z` or an offset if there is one, or `2026-11-23`."""
    return _moment(_ISO.fullmatch(text.strip()))


def hl7_moment(text: str) -> Moment | None:
    """`20261123`, `202611230930`, with seconds and an offset if there is one."""
    return _moment(_HL7.fullmatch(text.strip()))


def with_offset(moment: Moment, offset: timedelta | None) -> Moment:
    """The same time, in `offset` where it says nothing of its own."""
    if moment.offset is not None or moment.wall is None:
        return moment
    return replace(moment, offset=offset)


def _moment(found: re.Match[str] | None) -> Moment | None:
    if found is None:
        return None
    part = found.groupdict()
    try:
        day = date(int(part["year"]), int(part["month"]), int(part["day"]))
        wall = None
        if part["hour"]:
            wall = time(int(part["hour"]), int(part["minute"]), int(part["second"] or 0))
    except ValueError:
        return None
    return _with_zone(Moment(day, wall), part["offset"])


def _with_zone(moment: Moment, text: str | None) -> Moment | None:
    if not text or moment.wall is None:
        return moment
    if text == "Z":
        return replace(moment, offset=timedelta(0))
    digits = text[1:].replace(":", "")
    hours, minutes = timedelta(hours=int(digits[:2])), timedelta(minutes=int(digits[2:]))
    size = hours + minutes
    if size > _FURTHEST or minutes >= _HOUR:
        return None
    return replace(moment, offset=-size if text.startswith("-") else size)
