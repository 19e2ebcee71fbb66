"""Wherever legal moves lead, they lead to a status of the table, and an end is an end."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from clinic.rules.errors import RuleError
from courses.rules.transitions import COURSE, SESSION, Table, may_move, require_move

TABLES: Final[dict[str, Table]] = {"course": COURSE, "session": SESSION}
STATUSES: Final = {
    "course": {"planned", "active", "paused", "interrupted", "completed", "stopped"},
    "session": {
        "planned",
        "booked",
        "running",
        "completed",
        "stopped",
        "missed",
        "cancelled",
        "entered_in_error",
    },
}
ENDS: Final = {"course": set[str](), "session": {"missed", "cancelled", "entered_in_error"}}
GIVEN: Final = {"running", "completed", "stopped", "entered_in_error"}


def wishes(name: str) -> st.SearchStrategy[list[str]]:
    """What people ask for one after the other, with a word of no table among it."""
    return st.lists(st.sampled_from([*sorted(STATUSES[name]), "of no table"]), max_size=30)


def walk(table: Table, start: str, wished: list[str]) -> list[str]:
    """Every status that is passed when whatever is wished is tried in turn."""
    passed = [start]
    for wish in wished:
        if may_move(table, passed[-1], wish):
            require_move(table, passed[-1], wish)
            passed.append(wish)
        else:
            with pytest.raises(RuleError, match="it cannot become"):
                require_move(table, passed[-1], wish)
    return passed


@pytest.mark.parametrize(
    ("name", "start"), [(name, status) for name in STATUSES for status in sorted(STATUSES[name])]
)
@settings(max_examples=50)
@given(data=st.data())
def test_no_walk_leaves_the_table_or_an_end(name: str, start: str, data: st.DataObject) -> None:
    passed = walk(TABLES[name], start, data.draw(wishes(name)))
    assert set(passed) <= STATUSES[name]
    for status in passed[:-1]:
        assert status not in ENDS[name]


@pytest.mark.parametrize("start", sorted(GIVEN))
@given(wished=wishes("session"))
@example(wished=["planned", "booked", "missed", "cancelled"])
def test_what_was_given_is_never_again_only_planned(start: str, wished: list[str]) -> None:
    assert set(walk(SESSION, start, wished)) <= GIVEN


@settings(max_examples=200)
@given(wishes("session"))
@example(["booked", "completed", "planned", "stopped", "entered_in_error"])
def test_nothing_is_given_that_was_not_started(wished: list[str]) -> None:
    passed = walk(SESSION, "planned", wished)
    before = passed[: passed.index("running")] if "running" in passed else passed
    assert not set(before) & GIVEN


@settings(max_examples=200)
@given(wishes("course"))
def test_a_course_that_began_is_never_planned_again(wished: list[str]) -> None:
    passed = walk(COURSE, "planned", wished)
    assert passed.count("planned") == 1
    # What ended or rests goes on only by way of being active.
    for before, after in pairwise(passed):
        assert before not in ("completed", "stopped") or after == "active"


@pytest.mark.parametrize("name", sorted(TABLES))
def test_every_status_can_be_reached_and_the_ends_are_those_without_a_way_on(name: str) -> None:
    table = TABLES[name]
    reached, waiting = {"planned"}, ["planned"]
    while waiting:
        for after in table[waiting.pop()] - reached:
            reached.add(after)
            waiting.append(after)
    assert reached == STATUSES[name] == set(table)
    assert {status for status, ways in table.items() if not ways} == ENDS[name]
