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

wishes = st.lists(
    st.sampled_from(sorted(STATUSES["course"] | STATUSES["session"])) | st.text(max_size=8),
    max_size=30,
)


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


@pytest.mark.parametrize("name", sorted(TABLES))
@settings(max_examples=200)
@given(data=st.data(), wished=wishes)
def test_no_walk_leaves_the_table_or_an_end(
    name: str, data: st.DataObject, wished: list[str]
) -> None:
    start = data.draw(st.sampled_from(sorted(STATUSES[name])))
    passed = walk(TABLES[name], start, wished)
    assert set(passed) <= STATUSES[name]
    for status in passed[:-1]:
        assert status not in ENDS[name]


@given(wishes)
@example(["booked", "planned", "running", "completed", "planned", "missed", "entered_in_error"])
def test_what_was_given_is_never_again_only_planned(wished: list[str]) -> None:
    passed = walk(SESSION, "planned", wished)
    if "running" in passed:
        assert set(passed[passed.index("running") :]) <= GIVEN
    # Nothing is given that was not started.
    assert {"completed", "stopped", "entered_in_error"} & set(passed) <= (
        GIVEN if "running" in passed else set()
    )


@given(wishes)
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
