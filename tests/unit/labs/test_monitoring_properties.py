"""What holds of every plan."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from labs.rules import defaults
from labs.rules.exposure import (
    Completion,
    CourseFacts,
    PlannedSession,
)
from labs.rules.monitoring import plan
from tests.unit.labs.course import (
    MONDAY,
    NEW_YORK,
    SIX,
    at,
    day,
    done,
    having,
    row,
)

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
