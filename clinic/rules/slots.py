"""Time ranges that hold their start and not their end, and how many of them fit together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from clinic.rules.errors import RuleError


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """`[starts_at, ends_at)` in aware instants; one that ends as another begins does not touch it.

    Raises RuleError `empty_slot` where the end is not after the start.
    """

    starts_at: datetime
    ends_at: datetime

    def __post_init__(self) -> None:
        if self.ends_at <= self.starts_at:
            raise RuleError("empty_slot", "ends_at", "The end must be after the start.")

    def overlaps(self, other: Slot) -> bool:
        """Whether both hold some moment."""
        return self.starts_at < other.ends_at and other.starts_at < self.ends_at

    def contains(self, other: Slot) -> bool:
        """Whether `other` lies wholly within this one."""
        return self.starts_at <= other.starts_at and other.ends_at <= self.ends_at


def overlapping(wanted: Slot, taken: Iterable[Slot]) -> tuple[Slot, ...]:
    """Those of `taken` that stand in the way of `wanted`, earliest first."""
    return tuple(sorted(slot for slot in taken if slot.overlaps(wanted)))


def most_at_once(slots: Iterable[Slot]) -> int:
    """The greatest number of slots that hold one and the same moment."""
    # At an equal instant an end (-1) sorts before a start (+1): the chair is free again.
    edges = sorted(edge for slot in slots for edge in ((slot.starts_at, 1), (slot.ends_at, -1)))
    most = now = 0
    for _, step in edges:
        now += step
        most = max(most, now)
    return most


def has_room(wanted: Slot, taken: Iterable[Slot], capacity: int) -> bool:
    """Whether `wanted` fits beside `taken` with never more than `capacity` at one moment."""
    within = [
        Slot(max(slot.starts_at, wanted.starts_at), min(slot.ends_at, wanted.ends_at))
        for slot in overlapping(wanted, taken)
    ]
    return most_at_once(within) < capacity


def free_starts(
    opening: Slot, length: timedelta, step: timedelta, taken: Iterable[Slot], capacity: int = 1
) -> Iterator[datetime]:
    """Starts at multiples of `step` after opening where a slot of `length` fits, earliest first."""
    if step <= timedelta(0) or length <= timedelta(0):
        raise RuleError("not_positive", "step", "Length and step must be longer than nothing.")
    busy = tuple(taken)
    starts_at = opening.starts_at
    while starts_at + length <= opening.ends_at:
        if has_room(Slot(starts_at, starts_at + length), busy, capacity):
            yield starts_at
        starts_at += step


def nearest_free(wanted_at: datetime, free: Iterable[datetime], count: int) -> tuple[datetime, ...]:
    """The `count` free starts nearest to the wished one; of two equally near, the earlier."""
    ranked = sorted(free, key=lambda start: (abs(start - wanted_at), start))
    return tuple(ranked[:count])
