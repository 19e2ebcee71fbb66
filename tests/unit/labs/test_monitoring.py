"""The plan during the course."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from labs.rules.exposure import (
    PlannedSession,
)
from tests.unit.labs.course import (
    ACTIVE,
    MONDAY,
    NEW_YORK,
    PLANNED,
    SIX,
    at,
    day,
    done,
    having,
    infusion,
    row,
    rows,
)


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
