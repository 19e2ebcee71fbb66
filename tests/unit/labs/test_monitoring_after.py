"""The plan after the course, in its rests and at its end."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from labs.rules import defaults
from labs.rules.due import Dates
from labs.rules.exposure import (
    CourseFacts,
    CourseState,
    PlannedSession,
    Standing,
)
from labs.rules.monitoring import plan
from tests.unit.labs.course import (
    ACTIVE,
    DONE,
    MONDAY,
    PLANNED,
    at,
    day,
    done,
    having,
    row,
    rows,
)

POST = ("lft_post", "gu_post", "scale_end_of_course")


@pytest.mark.parametrize("kind", POST)
def test_nothing_after_the_course_while_more_is_to_come(kind: str) -> None:
    assert rows(ACTIVE, kind) == {}
    assert rows(replace(PLANNED, state="stopped", ended_on=MONDAY), kind) == {}


def test_the_end_counts_from_the_last_infusion() -> None:
    assert row(DONE, "scale_end_of_course", "end").dates == Dates(day(22), day(24), day(32))
    assert row(DONE, "lft_post", "day_14").dates == Dates(day(24), day(31), day(46))
    assert row(DONE, "gu_post", "end").due_on == day(24)
    assert row(DONE, "gu_post", "day_28").due_on == day(45)
    # all six given: known before anybody presses “completed”
    assert row(replace(DONE, state="active"), "lft_post", "day_14").state == "open"


@pytest.mark.parametrize(
    ("offset", "state", "late"),
    [(30, "open", False), (31, "closed", False), (45, "closed", False), (46, "closed", True)],
)
def test_the_panel_after_the_course(offset: int, state: str, late: bool) -> None:
    found = row(having(DONE, done("lft", day(offset))), "lft_post", "day_14")
    assert (found.state, found.was_late) == (state, late)


def test_one_late_urinary_check_does_not_serve_twice() -> None:
    found = rows(having(DONE, done("gu", day(38))), "gu_post")
    assert {cycle: one.reason for cycle, one in found.items()} == {
        "end": "missed",
        "day_28": "done",
    }


def test_follow_up_is_weekly_then_monthly_from_the_end() -> None:
    found = rows(DONE, "relapse_follow_up")
    assert [one.due_on for one in sorted(found.values(), key=lambda one: str(one.due_on))] == [
        date(2026, 3, 27),
        date(2026, 4, 3),
        date(2026, 4, 10),
        date(2026, 4, 17),
        date(2026, 5, 20),
        date(2026, 6, 20),
        date(2026, 7, 20),
        date(2026, 8, 20),
        date(2026, 9, 20),
    ]
    second = rows(having(DONE, done("scale", date(2026, 4, 4))), "relapse_follow_up")
    assert second["week_1"].reason == "missed"
    assert second["week_2"].reason == "done"
    assert second["week_3"].state == "open"


def test_a_later_course_takes_over() -> None:
    found = rows(replace(DONE, next_course_on=date(2026, 4, 10)), "relapse_follow_up")
    assert {cycle for cycle, one in found.items() if one.state == "open"} == {"week_1", "week_2"}
    assert found["week_3"].reason == "next_course"


# --- rests and ends


@pytest.mark.parametrize("state", ["paused", "interrupted"])
def test_a_rest_suspends_and_moves_nothing(state: CourseState) -> None:
    facts = having(ACTIVE, done("lft", day(-6)))
    resting = replace(facts, state=state)
    found = row(resting, "lft_periodic")
    assert (found.state, found.due_on, found.last_done_on) == ("suspended", day(22), day(-6))
    asked = found.on_day(day(40))
    assert (asked.due_on, asked.state, asked.blocks_dose) == (None, "suspended", True)
    assert all(one.state != "open" for one in plan(resting, defaults.requirements()))
    assert row(resting, "lft_baseline").reason == "done"
    assert row(facts, "lft_periodic").on_day(day(40)).state == "overdue"
    assert found.at(at(day(40), 12), day(40)).state == "suspended"


@pytest.mark.parametrize("state", ["completed", "stopped"])
def test_an_end_leaves_only_what_follows_it(state: CourseState) -> None:
    facts = replace(DONE, state=state, sessions=(PlannedSession("s7", day(21)),))
    found = plan(facts, defaults.requirements())
    assert {one.kind for one in found if one.state == "open"} == {
        "scale_24h",
        "scale_end_of_course",
        "lft_post",
        "gu_post",
        "relapse_follow_up",
    }
    assert row(facts, "weight").reason == "course_ended"
    assert row(facts, "scale_24h", "s6").state == "open"


@pytest.mark.parametrize("standing", ["deceased", "transferred", "withdrawn"])
@pytest.mark.parametrize("facts", [PLANNED, ACTIVE, replace(ACTIVE, state="paused"), DONE])
def test_death_transfer_and_withdrawn_consent_close_everything(
    facts: CourseFacts, standing: Standing
) -> None:
    found = plan(replace(facts, standing=standing), defaults.requirements())
    assert found
    for one in found:
        assert one.state == "closed"
        assert one.reason in {standing, "missed", "done"}
        assert not one.on_day(day(60)).blocks_dose
        assert one.on_day(day(60)).state == "closed"


def test_a_row_by_infusions_alone_may_have_no_day_yet() -> None:
    rule = next(one for one in defaults.requirements() if one.kind == "lft_periodic")
    counted = replace(rule, clocks={"acute": replace(rule.clocks["acute"], period_days=None)})
    (found,) = plan(having(ACTIVE, done("lft", day(-6))), [counted])
    assert (found.due_on, found.soon_on, found.overdue_on) == (None, None, None)
    assert found.on_day(day(3)).state == "not_due"
