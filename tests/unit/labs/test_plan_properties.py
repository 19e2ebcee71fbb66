"""What holds of the plan of every course when one more fact arrives or one is withdrawn (H)."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from labs.rules import defaults
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
from labs.rules.requirement_rules import Clock, RequirementRule

START: Final = date(2026, 3, 2)
ZONES: Final = tuple(
    map(ZoneInfo, ("America/New_York", "Pacific/Auckland", "Asia/Kathmandu", "America/St_Johns"))
)
MEASURES: Final = ("lft", "gu", "scale", "cssrs", "bp", "weight", "pregnancy", "uds")
# Kinds with a clock that runs on from the last time, by the table of H.
CLOCKS: Final = {"lft_periodic", "gu_periodic", "pregnancy", "uds", "weight", "scale_weekly"}
# Kinds counted from the last infusion: a later one moves them on, because it is then the last.
FROM_THE_LAST: Final = {"lft_post", "gu_post", "scale_end_of_course"}

states: st.SearchStrategy[CourseState] = st.sampled_from(
    ["planned", "active", "active", "completed", "stopped", "paused"]
)

Rows = dict[tuple[str, str], PlannedRequirement]


def moment(offset: int, minute: int) -> datetime:
    return datetime.combine(START, time(0), UTC) + timedelta(days=offset, minutes=minute)


def infusion(name: str, at: datetime, zone: ZoneInfo, *, ended: bool, counts: bool) -> Infusion:
    return Infusion(
        name,
        at.astimezone(zone).date(),
        at,
        at + timedelta(minutes=40) if ended else None,
        drug_given=counts,
    )


@st.composite
def completions(draw: st.DrawFn, zone: ZoneInfo, *, low: int = -40, high: int = 70) -> Completion:
    at = moment(draw(st.integers(low, high)), draw(st.integers(0, 1439)))
    return Completion(
        draw(st.sampled_from(MEASURES)),
        at.astimezone(zone).date(),
        draw(st.sampled_from([None, at])),
        draw(st.sampled_from(["final", "corrected", "amended", "preliminary", "superseded"])),
        draw(st.booleans()),
        draw(st.booleans()),
        key=str(draw(st.integers(0, 10**9))),
    )


@st.composite
def infusions(draw: st.DrawFn, zone: ZoneInfo, name: str) -> Infusion:
    at = moment(draw(st.integers(0, 40)), draw(st.integers(0, 1439)))
    return infusion(name, at, zone, ended=draw(st.booleans()), counts=draw(st.integers(0, 5)) < 5)


@st.composite
def courses(draw: st.DrawFn) -> CourseFacts:
    """A course of any state with facts in any order, also two on one day and ones that fail."""
    zone = draw(st.sampled_from(ZONES))
    state = draw(states)
    given_names = [f"g{n}" for n in range(0 if state == "planned" else draw(st.integers(0, 6)))]
    booked = draw(st.lists(st.integers(0, 60), max_size=4))
    # Keys are those of the rows that facts come from: never twice the same.
    done = draw(st.lists(completions(zone), max_size=10, unique_by=lambda one: one.key))
    standing: Standing = draw(st.sampled_from(["here", "here", "here", "deceased"]))
    return CourseFacts(
        zone,
        state,
        START,
        planned_count=draw(st.integers(1, 10)),
        started_on=None if state == "planned" else START,
        ended_on=START + timedelta(days=45) if state in ("completed", "stopped") else None,
        standing=standing,
        phase=draw(st.sampled_from(["acute", "maintenance"])),
        infusions=tuple(draw(infusions(zone, name)) for name in given_names),
        sessions=tuple(
            PlannedSession(f"p{n}", START + timedelta(days=day)) for n, day in enumerate(booked)
        ),
        completions=tuple(done),
    )


@st.composite
def tables(draw: st.DrawFn) -> tuple[RequirementRule, ...]:
    """The rows of H as they ship, or with clocks that a site has set: short, so that they run out.

    What ships runs out so rarely in a few weeks that a wrong choice would hardly be seen.
    """
    if draw(st.integers(0, 3)) == 3:
        return defaults.requirements()
    days = st.sampled_from([None, 3, 7, 14])
    clock = Clock(draw(days), draw(st.integers(1, 4)))
    return tuple(
        replace(rule, clocks={"acute": clock, "maintenance": clock})
        if rule.kind in CLOCKS
        else rule
        for rule in defaults.requirements()
    )


def planned(facts: CourseFacts, rules: Iterable[RequirementRule] = defaults.requirements()) -> Rows:
    return {(row.kind, row.cycle): row for row in plan(facts, rules)}


def counted(facts: CourseFacts, measure: str) -> list[Completion]:
    return [one for one in facts.completions if one.counts and one.measure == measure]


def test_every_kind_is_told_apart_here() -> None:
    triggers = {rule.kind: rule.trigger for rule in defaults.requirements()}
    clocks = {"rolling", "after_first", "course_start"}
    assert {kind for kind, trigger in triggers.items() if trigger in clocks} == CLOCKS
    from_last = {kind for kind, trigger in triggers.items() if trigger == "last_infusion"}
    assert from_last == FROM_THE_LAST


@settings(max_examples=200)
@given(courses(), tables(), st.randoms(use_true_random=False))
def test_no_order_of_facts_changes_the_plan_and_a_repeated_one_adds_nothing(
    facts: CourseFacts, rules: tuple[RequirementRule, ...], shuffler: random.Random
) -> None:
    once = plan(facts, rules)
    twice_told = (*facts.completions, *facts.completions[:3])
    mixed = replace(
        facts,
        infusions=tuple(shuffler.sample(facts.infusions, len(facts.infusions))),
        sessions=tuple(shuffler.sample(facts.sessions, len(facts.sessions))),
        completions=tuple(shuffler.sample(twice_told, len(twice_told))),
    )
    assert plan(mixed, shuffler.sample(rules, len(rules))) == once


@settings(max_examples=200)
@given(courses(), tables())
def test_nothing_falls_due_before_the_fact_that_it_counts_from(
    facts: CourseFacts, rules: tuple[RequirementRule, ...]
) -> None:
    given_on = {one.session: one.given_on for one in facts.infusions if one.counts}
    ends = {one.session: one.ended_at for one in facts.infusions if one.counts}
    for row in planned(facts, rules).values():
        if row.due_on is None:
            continue
        if row.kind in CLOCKS and row.state == "open" and row.last_done_on is not None:
            assert row.due_on >= row.last_done_on
        if row.kind in ("bp_predose", "cssrs", "scale_predose") and row.cycle in given_on:
            assert row.due_on == given_on[row.cycle]
        if row.kind == "scale_24h":
            end = ends[row.cycle]
            assert end is not None
            assert row.due_at == end + timedelta(hours=24)
            assert row.due_on == row.due_at.astimezone(facts.zone).date()
            assert row.overdue_at == end + timedelta(hours=36)
        if row.kind in FROM_THE_LAST:
            assert row.due_on >= max(given_on.values()) + timedelta(days=7)
        if row.kind == "relapse_follow_up":
            assert facts.ended_on is not None
            assert row.due_on >= facts.ended_on + timedelta(days=7)


@settings(max_examples=300)
@given(st.data(), courses(), tables())
def test_one_more_infusion_never_moves_a_due_date_later(
    data: st.DataObject, facts: CourseFacts, rules: tuple[RequirementRule, ...]
) -> None:
    if not facts.given:
        # The first one ends what holds before it, which is another table row, not a later day.
        facts = replace(facts, infusions=(_counting(facts),), state="active", ended_on=None)
    one_more = replace(data.draw(infusions(facts.zone, "one more")), drug_given=True)
    # The last check of each kind lies before most infusions, so that there is something to count.
    early = tuple(one for one in facts.completions if one.done_on < START + timedelta(days=14))
    facts = replace(facts, completions=early)
    before = planned(facts, rules)
    after = planned(replace(facts, infusions=(*facts.infusions, one_more)), rules)
    for name, row in before.items():
        if row.kind in FROM_THE_LAST or row.due_on is None:
            continue
        moved_to = after[name].due_on
        assert moved_to is not None
        assert moved_to <= row.due_on


def _counting(facts: CourseFacts) -> Infusion:
    return infusion("first", moment(0, 900), facts.zone, ended=True, counts=True)


@settings(max_examples=300)
@given(st.data(), courses(), tables(), st.sampled_from(MEASURES))
def test_one_more_complete_check_never_moves_a_due_date_earlier(
    data: st.DataObject, facts: CourseFacts, rules: tuple[RequirementRule, ...], measure: str
) -> None:
    # Newer than every fact; one with a finding may shorten the clock, and has a test below.
    newest = max((one.done_on for one in facts.completions), default=START)
    latest = max([newest, START + timedelta(days=60), *(one.given_on for one in facts.given)])
    if data.draw(st.booleans()) and counted(facts, measure):
        latest = max(one.done_on for one in counted(facts, measure))
    day = latest + timedelta(days=data.draw(st.integers(1, 20)))
    one_more = Completion(measure, day, key="one more")
    before = planned(facts, rules)
    after = planned(replace(facts, completions=(*facts.completions, one_more)), rules)
    assert set(after) == set(before)
    for name, row in before.items():
        found = after[name]
        if row.opens_on is not None and found.opens_on is None:
            # From the day of the first infusion to the clock that runs from the last time: where
            # a clock is shorter than the window before the infusion, that is the earlier day.
            continue
        if row.due_on is not None and found.due_on is not None:
            assert found.due_on >= row.due_on


@settings(max_examples=200)
@given(st.data(), courses())
def test_a_finding_never_gives_more_time(data: st.DataObject, facts: CourseFacts) -> None:
    day = START + timedelta(days=data.draw(st.integers(41, 60)))
    measure = data.draw(st.sampled_from(["lft", "gu"]))
    clear, found = (
        replace(facts, completions=(Completion(measure, day, has_finding=has, key="last"),))
        for has in (False, True)
    )
    calm, watched = planned(clear), planned(found)
    assert set(calm) == set(watched)
    for name, row in calm.items():
        if row.due_on is not None:
            other = watched[name].due_on
            assert other is not None
            assert other <= row.due_on


@settings(max_examples=200)
@given(st.data(), courses(), st.sampled_from(["entered_in_error", "cancelled", "preliminary"]))
def test_what_is_withdrawn_was_never_there(
    data: st.DataObject, facts: CourseFacts, status: str
) -> None:
    one = data.draw(completions(facts.zone))
    with_it = replace(facts, completions=(*facts.completions, replace(one, status=status)))
    half = replace(one, status="final", is_complete=False)
    assert plan(with_it, defaults.requirements()) == plan(facts, defaults.requirements())
    assert plan(
        replace(facts, completions=(half, *facts.completions)), defaults.requirements()
    ) == plan(facts, defaults.requirements())
    dose = data.draw(infusions(facts.zone, "mistaken"))
    mistaken = replace(facts, infusions=(replace(dose, entered_in_error=True), *facts.infusions))
    assert plan(mistaken, defaults.requirements()) == plan(facts, defaults.requirements())
