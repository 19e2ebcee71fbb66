"""Half-open slots, capacity and free starts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic.rules.errors import RuleError
from clinic.rules.slots import (
    Slot,
    free_starts,
    has_room,
    most_at_once,
    nearest_free,
    overlapping,
)

MIDNIGHT = datetime(2026, 11, 23, tzinfo=UTC)


def at(hour: int, minute: int = 0) -> datetime:
    return MIDNIGHT + timedelta(hours=hour, minutes=minute)


def slot(first: int, last: int) -> Slot:
    return Slot(at(first), at(last))


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (slot(9, 11), slot(11, 13), False),
        (slot(11, 13), slot(9, 11), False),
        (slot(9, 11), slot(10, 13), True),
        (slot(9, 13), slot(10, 11), True),
        (slot(10, 11), slot(9, 13), True),
        (slot(9, 11), slot(9, 11), True),
        (slot(9, 10), slot(12, 13), False),
        (Slot(at(9), at(11, 1)), slot(11, 13), True),
    ],
)
def test_overlap(one: Slot, other: Slot, expected: bool) -> None:
    assert one.overlaps(other) is expected


@pytest.mark.parametrize("end", [9, 8])
def test_an_empty_slot_is_refused(end: int) -> None:
    with pytest.raises(RuleError) as refusal:
        slot(9, end)
    assert (refusal.value.code, refusal.value.field) == ("empty_slot", "ends_at")


def test_containing() -> None:
    assert slot(9, 12).contains(slot(9, 12))
    assert not slot(9, 12).contains(slot(8, 12))
    assert not slot(9, 12).contains(slot(9, 13))


def test_what_stands_in_the_way_is_named_earliest_first() -> None:
    taken = [slot(12, 14), slot(8, 10), slot(14, 15)]
    assert overlapping(slot(9, 14), taken) == (slot(8, 10), slot(12, 14))


@pytest.mark.parametrize(
    ("slots", "expected"),
    [
        ([], 0),
        ([slot(9, 11)], 1),
        ([slot(9, 11), slot(11, 13)], 1),
        ([slot(9, 11), slot(10, 13), slot(10, 11)], 3),
        ([slot(9, 11), slot(10, 13), slot(11, 12)], 2),
    ],
)
def test_most_at_once(slots: list[Slot], expected: int) -> None:
    assert most_at_once(slots) == expected


def test_room_counts_only_what_meets_within_the_wanted_time() -> None:
    taken = [slot(8, 10), slot(11, 13), slot(8, 9)]
    assert has_room(slot(9, 12), taken, capacity=2)
    assert not has_room(slot(9, 12), taken, capacity=1)
    assert has_room(slot(13, 14), taken, capacity=1)
    assert not has_room(slot(13, 14), taken, capacity=0)


def test_free_starts_leave_the_busy_hours_and_fit_before_closing() -> None:
    starts = free_starts(slot(9, 14), timedelta(hours=2), timedelta(hours=1), [slot(10, 11)])
    assert list(starts) == [at(11), at(12)]


@pytest.mark.parametrize(
    ("length", "step"), [(timedelta(0), timedelta(1)), (timedelta(1), timedelta(0))]
)
def test_free_starts_need_a_length_and_a_step(length: timedelta, step: timedelta) -> None:
    with pytest.raises(RuleError, match="longer than nothing"):
        list(free_starts(slot(9, 14), length, step, []))


def test_nearest_free_prefers_the_earlier_of_two() -> None:
    free = [at(8), at(9), at(11), at(14)]
    assert nearest_free(at(10), free, 3) == (at(9), at(11), at(8))


hours = st.tuples(st.integers(0, 23), st.integers(1, 6)).map(lambda h: slot(h[0], h[0] + h[1]))


@given(st.lists(hours, max_size=8), hours, st.integers(1, 4))
def test_filling_a_slot_that_has_room_never_exceeds_capacity(
    taken: list[Slot], wanted: Slot, capacity: int
) -> None:
    fits = has_room(wanted, taken, capacity)
    hourly = [
        sum(one.starts_at <= at(hour) < one.ends_at for one in [*taken, wanted])
        for hour in range(30)
        if wanted.starts_at <= at(hour) < wanted.ends_at
    ]
    assert fits is (max(hourly) <= capacity)
