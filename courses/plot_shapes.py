"""The parts of a drawn trend: coordinates with the sentence a reader hears."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

WIDTH: Final = 1000
LEFT, RIGHT, TOP, BOTTOM = 46, 180, 44, 34
TICKS: Final = 7
DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Dot:
    """A point with the sentence a reader hears."""

    x: float
    y: float
    label: str


@dataclass(frozen=True, slots=True)
class Line:
    """A polyline with its points; `kind` is the style."""

    name: str
    kind: str
    points: str
    dots: tuple[Dot, ...]


@dataclass(frozen=True, slots=True)
class Level:
    """A horizontal line with its words at the right."""

    kind: str
    y: float
    label: str
    label_y: float


@dataclass(frozen=True, slots=True)
class Band:
    """A severity band."""

    y: float
    height: float
    parity: str
    label: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class DoseMark:
    """One infusion: where, what it says above and to a reader."""

    x: float
    short: str
    label: str


@dataclass(frozen=True, slots=True)
class Plot:
    """One drawing area below another, all on the same time axis."""

    title: str
    description: str
    kind: str
    height: int
    top: float
    floor: float
    left: int
    right: int
    lines: tuple[Line, ...]
    levels: tuple[Level, ...]
    bands: tuple[Band, ...]
    doses: tuple[DoseMark, ...]
    days: tuple[Tick, ...]
    values: tuple[Tick, ...]


@dataclass(frozen=True, slots=True)
class Axis:
    """Maps moments to x and values to y."""

    begins: datetime
    ends: datetime
    top_value: float
    height: int
    zone: ZoneInfo

    def x(self, at: datetime) -> float:
        share = (at - self.begins) / (self.ends - self.begins)
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def y(self, value: float) -> float:
        usable = self.height - TOP - BOTTOM
        return round(self.height - BOTTOM - value / self.top_value * usable, 1)

    def days(self) -> tuple[Tick, ...]:
        """Whole local days, not more than fit."""
        first = self.begins.astimezone(self.zone).date() + DAY
        count = (self.ends.astimezone(self.zone).date() - first).days
        step = max(1, -(-count // TICKS))
        return tuple(
            Tick(self.x(_noon(first + n * DAY, self.zone)), f"{first + n * DAY:%d %b}")
            for n in range(0, count + 1, step)
        )


def _noon(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=zone).astimezone(UTC)
