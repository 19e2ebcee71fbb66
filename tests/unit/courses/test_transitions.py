"""Every pair of statuses of courses and sessions: legal or refused."""

from __future__ import annotations

import pytest

from clinic.rules.errors import RuleError
from courses.rules.transitions import COURSE, SESSION, may_move, require_move

COURSE_MOVES = {
    ("planned", "active"),
    ("planned", "stopped"),
    ("active", "paused"),
    ("active", "interrupted"),
    ("active", "completed"),
    ("active", "stopped"),
    ("paused", "active"),
    ("paused", "interrupted"),
    ("paused", "completed"),
    ("paused", "stopped"),
    ("interrupted", "active"),
    ("interrupted", "completed"),
    ("interrupted", "stopped"),
    ("completed", "active"),
    ("stopped", "active"),
}
SESSION_MOVES = {
    ("planned", "booked"),
    ("planned", "running"),
    ("planned", "missed"),
    ("planned", "cancelled"),
    ("booked", "planned"),
    ("booked", "running"),
    ("booked", "missed"),
    ("booked", "cancelled"),
    ("running", "completed"),
    ("running", "stopped"),
    ("running", "entered_in_error"),
    ("completed", "entered_in_error"),
    ("stopped", "entered_in_error"),
}


@pytest.mark.parametrize("before", sorted(COURSE))
@pytest.mark.parametrize("after", sorted(COURSE))
def test_moves_of_a_course(before: str, after: str) -> None:
    assert may_move(COURSE, before, after) is ((before, after) in COURSE_MOVES)


@pytest.mark.parametrize("before", sorted(SESSION))
@pytest.mark.parametrize("after", sorted(SESSION))
def test_moves_of_a_session(before: str, after: str) -> None:
    assert may_move(SESSION, before, after) is ((before, after) in SESSION_MOVES)


def test_every_target_is_a_status_itself() -> None:
    for table in (COURSE, SESSION):
        assert {after for targets in table.values() for after in targets} <= set(table)


def test_a_legal_move_passes() -> None:
    require_move(COURSE, "planned", "active")
    assert may_move(COURSE, "planned", "active")


def test_an_illegal_move_says_what_would_be_possible() -> None:
    with pytest.raises(RuleError) as refused:
        require_move(COURSE, "planned", "completed")
    assert (refused.value.code, refused.value.field) == ("illegal_move", "status")
    assert refused.value.message == (
        "From “planned” it cannot become “completed”; possible: active, stopped."
    )


@pytest.mark.parametrize("before", ["missed", "of no table"])
def test_from_the_end_and_from_nowhere_nothing_is_possible(before: str) -> None:
    with pytest.raises(RuleError, match="possible: nothing"):
        require_move(SESSION, before, "booked")
