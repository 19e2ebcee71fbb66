"""The plan: every kind of requirement through a course, its rests and its end."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs.rules import defaults
from labs.rules.due import Dates
from labs.rules.exposure import (
    Completion,
    CourseFacts,
    CourseState,
    Infusion,
    PlannedSession,
    Standing,
)
from labs.rules.monitoring import plan
from labs.rules.planned import PlannedRequirement

NEW_YORK = ZoneInfo("America/New_York")
MONDAY = date(2026, 3, 2)


def at(day: date, hour: int, minute: int = 0) -> datetime:
    """UTC; New York is 5 hours behind, from 8 March on 4."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)


def infusion(number: int, day: date, **more: object) -> Infusion:
    start = at(day, 15)
    end = start + timedelta(minutes=40)
    return replace(Infusion(f"s{number}", day, start, end), **more)  # type: ignore[arg-type]


def day(offset: int) -> date:
    return MONDAY + timedelta(days=offset)


# Monday and Thursday, six times
SIX = tuple(infusion(n + 1, day(offset)) for n, offset in enumerate((0, 3, 7, 10, 14, 17)))

PLANNED = CourseFacts(NEW_YORK, "planned", planned_start_on=MONDAY, planned_count=6)
ACTIVE = replace(PLANNED, state="active", started_on=MONDAY, infusions=SIX[:1])
DONE = replace(ACTIVE, state="completed", infusions=SIX, ended_on=day(18))


def row(facts: CourseFacts, kind: str, cycle: str = "") -> PlannedRequirement:
    return {(one.kind, one.cycle): one for one in plan(facts, defaults.requirements())}[kind, cycle]


def rows(facts: CourseFacts, kind: str) -> dict[str, PlannedRequirement]:
    found = plan(facts, defaults.requirements())
    return {one.cycle: one for one in found if one.kind == kind}


def done(measure: str, on: date, **more: object) -> Completion:
    return replace(Completion(measure, on), **more)  # type: ignore[arg-type]


def having(facts: CourseFacts, *completions: Completion) -> CourseFacts:
    return replace(facts, completions=(*facts.completions, *completions))


# --- before the first infusion


def test_a_planned_course_asks_for_its_baselines() -> None:
    found = plan(PLANNED, defaults.requirements())
    assert {(one.kind, one.cycle, one.state, one.due_on) for one in found} == {
        ("gu_baseline", "", "open", MONDAY),
        ("lft_baseline", "", "open", MONDAY),
        ("pregnancy", "", "open", MONDAY),
        ("uds", "", "open", MONDAY),
        ("weight", "", "open", MONDAY),
    }


@pytest.mark.parametrize("kind", ["lft_baseline", "gu_baseline"])
@pytest.mark.parametrize(
    ("offset", "state", "reason"),
    [(-31, "open", ""), (-30, "closed", "done"), (-1, "closed", "done"), (0, "closed", "done")],
)
def test_a_baseline_is_at_most_thirty_days_old(
    kind: str, offset: int, state: str, reason: str
) -> None:
    found = row(having(PLANNED, done(kind.partition("_")[0], day(offset))), kind)
    assert (found.state, found.reason) == (state, reason)
    assert found.dates == Dates(date(2026, 2, 23), MONDAY, date(2026, 3, 3))


def test_a_missing_baseline_stands_against_the_first_dose() -> None:
    baseline = row(PLANNED, "lft_baseline")
    assert baseline.opens_on == date(2026, 1, 31)
    assert [baseline.on_day(day(n)).state for n in (-8, -7, -1, 0, 1)] == [
        "not_due",
        "due_soon",
        "due_soon",
        "due",
        "overdue",
    ]
    assert [baseline.on_day(day(n)).blocks_dose for n in (-1, 0, 1)] == [False, True, True]


def test_an_incomplete_or_withdrawn_panel_is_no_baseline() -> None:
    for status, is_complete in (("final", False), ("entered_in_error", True), ("cancelled", True)):
        panel = done("lft", day(-3), status=status, is_complete=is_complete)
        assert row(having(PLANNED, panel), "lft_baseline").state == "open"


def test_a_later_start_makes_a_baseline_too_old() -> None:
    facts = having(PLANNED, done("lft", day(-20)))
    assert row(facts, "lft_baseline").reason == "done"
    moved = replace(facts, sessions=(PlannedSession("s1", day(14)),))
    found = row(moved, "lft_baseline")
    assert (found.state, found.due_on) == ("open", day(14))


def test_a_first_dose_without_a_baseline_leaves_it_missed_and_the_panel_overdue() -> None:
    assert row(ACTIVE, "lft_baseline").reason == "missed"
    periodic = row(ACTIVE, "lft_periodic")
    assert periodic.dates == Dates(MONDAY, MONDAY, MONDAY)
    assert periodic.on_day(MONDAY).state == "overdue"
    assert periodic.on_day(MONDAY).blocks_dose


def test_a_panel_drawn_after_the_first_dose_is_no_baseline() -> None:
    late = done("lft", MONDAY, done_at=at(MONDAY, 20))
    facts = having(ACTIVE, late)
    assert row(facts, "lft_baseline").reason == "missed"
    early = done("lft", MONDAY, done_at=at(MONDAY, 14))
    assert row(having(ACTIVE, early), "lft_baseline").reason == "done"
    some_hour = done("lft", MONDAY)
    assert row(having(ACTIVE, some_hour), "lft_baseline").reason == "done"
    tuesday = done("lft", day(1))
    assert row(having(ACTIVE, tuesday), "lft_baseline").reason == "missed"


@pytest.mark.parametrize(
    ("kind", "days", "blocks_before", "blocks_on_due"),
    [
        ("weight", (7, 28, 3), True, False),
        ("pregnancy", (7, 28, 7), True, True),
        ("uds", (30, 90, 14), False, False),
    ],
)
def test_short_life_before_the_first_dose_and_longer_after(
    kind: str, days: tuple[int, int, int], blocks_before: bool, blocks_on_due: bool
) -> None:
    within, period, soon = days
    old = having(PLANNED, done(kind, day(-within - 1)))
    found = row(old, kind)
    assert (found.due_on, found.opens_on) == (MONDAY, day(-within))
    assert found.on_day(MONDAY).blocks_dose is blocks_before
    fresh = having(PLANNED, done(kind, day(-within)))
    assert row(fresh, kind).due_on == day(-within + period)
    later = row(having(ACTIVE, done(kind, day(-within))), kind)
    assert (later.due_on, later.soon_on) == (day(period - within), day(period - within - soon))
    assert later.on_day(day(period - within)).state == "due"
    assert later.on_day(day(period - within)).blocks_dose is blocks_on_due
    never = row(ACTIVE, kind)
    assert never.on_day(MONDAY).state == "overdue"


def test_a_coded_reason_takes_the_pregnancy_test_away() -> None:
    found = row(replace(PLANNED, not_required=frozenset({"pregnancy"})), "pregnancy")
    assert (found.state, found.reason, found.dates) == ("closed", "not_required", None)
    assert not found.on_day(MONDAY).blocks_dose


# --- during the course


@pytest.mark.parametrize("kind", ["lft_periodic", "gu_periodic"])
def test_the_calendar_runs_from_collection(kind: str) -> None:
    facts = having(ACTIVE, done(kind.partition("_")[0], day(-6)))
    found = row(facts, kind)
    assert (found.due_on, found.soon_on, found.overdue_on) == (day(22), day(15), day(30))
    assert found.last_done_on == day(-6)
    assert not found.on_day(day(29)).blocks_dose
    assert found.on_day(day(30)).blocks_dose


def test_the_sixth_infusion_comes_before_the_calendar() -> None:
    facts = having(replace(ACTIVE, infusions=SIX[:5]), done("lft", day(-6)))
    assert row(facts, "lft_periodic").due_on == day(22)
    given = replace(facts, infusions=SIX)
    assert row(given, "lft_periodic").due_on == day(17)
    booked = replace(facts, sessions=(PlannedSession("s6", day(17)),))
    assert row(booked, "lft_periodic").due_on == day(17)


def test_an_infusion_entered_in_error_drops_out_of_the_count() -> None:
    facts = having(replace(ACTIVE, infusions=SIX), done("lft", day(-6)))
    mistaken = replace(SIX[2], entered_in_error=True)
    corrected = replace(facts, infusions=(*SIX[:2], mistaken, *SIX[3:]))
    assert row(corrected, "lft_periodic").due_on == day(22)
    no_drug = replace(SIX[2], drug_given=False)
    assert row(
        replace(facts, infusions=(*SIX[:2], no_drug, *SIX[3:])), "lft_periodic"
    ).due_on == day(22)


def test_maintenance_has_the_longer_clock() -> None:
    facts = having(replace(ACTIVE, phase="maintenance", infusions=SIX), done("gu", day(-6)))
    assert row(facts, "gu_periodic").due_on == day(84)


def test_a_finding_brings_the_next_check_forward() -> None:
    liver = having(ACTIVE, done("lft", day(-6), has_finding=True))
    assert row(liver, "lft_periodic").due_on == day(8)
    urinary = having(replace(ACTIVE, infusions=SIX[:2]), done("gu", day(0), has_finding=True))
    assert row(urinary, "gu_periodic").due_on == day(3)
    assert row(replace(urinary, infusions=SIX[:1]), "gu_periodic").due_on == day(28)


def test_a_backdated_result_and_its_withdrawal_move_the_day_both_ways() -> None:
    facts = having(ACTIVE, done("lft", day(-6)))
    newer = having(facts, done("lft", day(4)))
    assert row(newer, "lft_periodic").due_on == day(32)
    withdrawn = having(facts, done("lft", day(4), status="entered_in_error"))
    assert row(withdrawn, "lft_periodic").due_on == day(22)
    older = having(newer, done("lft", day(1)))
    assert row(older, "lft_periodic").due_on == day(32)


def test_the_weekly_scale_runs_from_the_start_then_from_the_last() -> None:
    assert row(ACTIVE, "scale_weekly").due_on == day(7)
    before = having(ACTIVE, done("scale", day(-2)))
    assert row(before, "scale_weekly").due_on == day(7)
    weekly = row(having(ACTIVE, done("scale", day(6))), "scale_weekly")
    assert (weekly.due_on, weekly.overdue_on) == (day(13), day(16))
    assert rows(PLANNED, "scale_weekly") == {}


def test_before_each_infusion() -> None:
    facts = replace(
        ACTIVE,
        infusions=SIX[:2],
        sessions=(PlannedSession("s4", day(10)), PlannedSession("s3", day(7))),
        completions=(done("cssrs", MONDAY), done("cssrs", day(7))),
    )
    found = rows(facts, "cssrs")
    assert {cycle: (one.state, one.reason, one.due_on) for cycle, one in found.items()} == {
        "s1": ("closed", "done", MONDAY),
        "s2": ("closed", "missed", day(3)),
        "s3": ("closed", "done", day(7)),
    }
    waiting = row(replace(facts, completions=()), "cssrs", "s3")
    assert waiting.on_day(day(6)).state == "not_due"
    assert waiting.on_day(day(7)).blocks_dose
    scale = row(replace(facts, completions=()), "scale_predose", "s3")
    assert (scale.soon_on, scale.overdue_on) == (day(6), day(8))
    assert not scale.on_day(day(8)).blocks_dose


@pytest.mark.parametrize(
    ("measure", "kind", "minutes_before", "reason"),
    [
        ("bp", "bp_predose", 31, "missed"),
        ("bp", "bp_predose", 30, "done"),
        ("bp", "bp_predose", 0, "done"),
        ("bp", "bp_predose", -1, "missed"),
        ("cssrs", "cssrs", 240, "done"),
        ("cssrs", "cssrs", 0, "done"),
        ("cssrs", "cssrs", -1, "missed"),
        ("cssrs", "cssrs", 24 * 60, "missed"),
    ],
)
def test_how_fresh_before_an_infusion(
    measure: str, kind: str, minutes_before: int, reason: str
) -> None:
    moment = SIX[1].started_at - timedelta(minutes=minutes_before)
    facts = having(
        replace(ACTIVE, infusions=SIX[1:2]),
        done(measure, moment.astimezone(NEW_YORK).date(), done_at=moment),
    )
    assert row(facts, kind, "s2").reason == reason


def test_a_blood_pressure_keeps_for_minutes_and_is_not_ticked_off_before_the_start() -> None:
    facts = replace(
        ACTIVE, sessions=(PlannedSession("s2", day(3)),), completions=(done("bp", day(3)),)
    )
    assert row(facts, "bp_predose", "s2").state == "open"


@pytest.mark.parametrize(
    ("hours", "state", "reason"),
    [
        (17.99, "open", ""),
        (18, "closed", "done"),
        (24, "closed", "done"),
        (36, "closed", "done"),
        (36.01, "open", ""),
    ],
)
def test_the_24_hour_scale_and_its_window(hours: float, state: str, reason: str) -> None:
    ended_at = SIX[0].ended_at
    assert ended_at is not None
    moment = ended_at + timedelta(hours=hours)
    reading = done("scale", moment.astimezone(NEW_YORK).date(), done_at=moment)
    found = row(having(ACTIVE, reading), "scale_24h", "s1")
    assert (found.state, found.reason) == (state, reason)


def test_the_24_hours_are_elapsed_over_the_clock_change() -> None:
    # 11:40 in New York on Saturday 7 March; the clocks go forward that night
    facts = replace(
        ACTIVE, infusions=(infusion(1, date(2026, 3, 7), ended_at=at(date(2026, 3, 7), 16, 40)),)
    )
    found = row(facts, "scale_24h", "s1")
    assert found.due_at == at(date(2026, 3, 8), 16, 40)  # 12:40 on the wall
    assert found.overdue_at == at(date(2026, 3, 9), 4, 40)
    assert (found.due_on, found.overdue_on) == (date(2026, 3, 8), date(2026, 3, 9))


def test_the_24_hour_scale_by_the_hour() -> None:
    found = row(ACTIVE, "scale_24h", "s1")
    assert found.due_at == at(day(1), 15, 40)
    asked = [
        (at(day(1), 15, 39), "not_due"),
        (at(day(1), 15, 40), "due"),
        (at(day(2), 3, 40), "due"),
        (at(day(2), 3, 41), "overdue"),
    ]
    for moment, state in asked:
        answer = found.at(moment, moment.astimezone(NEW_YORK).date())
        assert (answer.state, answer.blocks_dose) == (state, False)


def test_a_scale_of_which_only_the_day_is_known_serves_on_the_day() -> None:
    assert row(having(ACTIVE, done("scale", day(1))), "scale_24h", "s1").reason == "done"
    assert row(having(ACTIVE, done("scale", day(2))), "scale_24h", "s1").state == "open"


def test_a_24_hour_scale_is_missed_once_something_later_has_come() -> None:
    assert row(replace(ACTIVE, infusions=SIX[:2]), "scale_24h", "s1").reason == "missed"
    assert row(having(ACTIVE, done("scale", day(3))), "scale_24h", "s1").reason == "missed"


def test_an_infusion_that_runs_has_no_24_hour_scale_yet() -> None:
    running = replace(SIX[0], ended_at=None)
    assert rows(replace(ACTIVE, infusions=(running,)), "scale_24h") == {}


# --- after the course

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


# --- properties

offsets = st.integers(-40, 60)
some_completions = st.lists(
    st.builds(
        lambda measure, offset, hour, status, whole, key: Completion(
            measure,
            day(offset),
            None if hour is None else at(day(offset), hour),
            status,
            whole,
            key=str(key),
        ),
        st.sampled_from(["lft", "gu", "scale", "cssrs", "bp", "weight", "pregnancy", "uds"]),
        offsets,
        st.one_of(st.none(), st.integers(6, 22)),
        st.sampled_from(["final", "corrected", "preliminary", "entered_in_error"]),
        st.booleans(),
        st.integers(0, 10_000),
    ),
    max_size=12,
)
some_facts = st.builds(
    lambda state, standing, given, booked, completions, phase: CourseFacts(
        NEW_YORK,
        state,
        MONDAY,
        6,
        started_on=None if state == "planned" else MONDAY,
        ended_on=day(30) if state in ("completed", "stopped") else None,
        standing=standing,
        phase=phase,
        infusions=() if state == "planned" else SIX[:given],
        sessions=tuple(PlannedSession(f"s{n}", day(3 * n)) for n in range(7, 7 + booked)),
        completions=tuple(completions),
    ),
    st.sampled_from(["planned", "active", "paused", "interrupted", "completed", "stopped"]),
    st.sampled_from(["here", "here", "here", "deceased", "transferred", "withdrawn"]),
    st.integers(0, 6),
    st.integers(0, 3),
    some_completions,
    st.sampled_from(["acute", "maintenance"]),
)


@given(some_facts, st.randoms(use_true_random=False))
def test_the_plan_is_the_same_twice_and_in_any_order(
    facts: CourseFacts, shuffler: random.Random
) -> None:
    once = plan(facts, defaults.requirements())
    mixed = replace(
        facts,
        infusions=tuple(shuffler.sample(facts.infusions, len(facts.infusions))),
        sessions=tuple(shuffler.sample(facts.sessions, len(facts.sessions))),
        completions=tuple(shuffler.sample(facts.completions, len(facts.completions))),
    )
    backwards = tuple(reversed(defaults.requirements()))
    assert plan(facts, defaults.requirements()) == once
    assert plan(mixed, backwards) == once


@given(some_facts)
def test_what_holds_of_every_row(facts: CourseFacts) -> None:
    found = plan(facts, defaults.requirements())
    assert len({(one.kind, one.cycle) for one in found}) == len(found)
    for one in found:
        if one.dates is not None:
            assert one.dates.soon_on <= one.dates.due_on <= one.dates.overdue_on
        if one.state == "open":
            assert one.dates is not None
            assert facts.standing == "here"
        assert (one.state == "closed") is bool(one.reason)


@given(some_facts)
def test_pausing_and_resuming_changes_nothing(facts: CourseFacts) -> None:
    active = replace(facts, state="active", started_on=MONDAY, ended_on=None)
    paused = plan(replace(active, state="paused"), defaults.requirements())
    for before, during in zip(plan(active, defaults.requirements()), paused, strict=True):
        resting = before if before.state == "closed" else replace(before, state="suspended")
        assert during == resting


@given(some_facts)
def test_one_more_complete_panel_never_brings_due_forward(facts: CourseFacts) -> None:
    panels = [one for one in facts.completions if one.measure == "lft" and one.counts]
    last = max((one.done_on for one in panels), default=day(-40))
    active = replace(facts, state="active", standing="here", infusions=SIX, started_on=MONDAY)
    before = row(active, "lft_periodic").due_on
    after = row(having(active, done("lft", last + timedelta(days=1))), "lft_periodic").due_on
    assert before is not None
    assert after is not None
    assert after >= before or not panels
