"""The gate is never greener with one more problem, whatever else is known (C1 to C4)."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from courses.rules import defaults
from courses.rules.gate import WEIGHT_LINES, Facts, Gate, Line, MonitoringFact, evaluate

RULES: Final = defaults.gate()
# From the greenest to the worst, as C1 has it.
ORDER: Final = ("allow", "warn", "hold", "block")
# Lines that take each other's place, because they speak of one thing; others stand for themselves.
SUBJECTS: Final = {
    "bp_missing": "blood pressure",
    "bp_elevated": "blood pressure",
    "bp_hold_recheck": "blood pressure",
    "uncontrolled_hypertension": "blood pressure",
    "pregnancy_unknown": "pregnancy",
    "npo_not_followed": "fasting",
    "npo_unknown": "fasting",
    "airway_equipment_missing": "airway",
    "airway_equipment_unknown": "airway",
    "lft_baseline_missing": "baseline",
    "lft_baseline_stale": "baseline",
    "session_missed": "spacing",
    "course_interrupted": "spacing",
    "min_gap_2d": "spacing",
}
CONDITIONS: Final = (*(named.code for named in RULES.conditions), "of no catalogue")
MEDICINES: Final = (
    *sorted({name for named in RULES.medications for name in (named.code, *named.matches)}),
    "of no list",
)
KINDS: Final = ("lft_periodic", "gu_periodic", "weight", "cssrs", "bp_predose")
HOLDS: Final = (("liver_action", "Repeat the panel"), ("urinary_check", "Level 3"))
GAPS: Final = (
    ("ok", "", ""),
    ("warn", "session_missed", "6 days since the last infusion."),
    ("block", "min_gap_2d", "Infusions lie at least 2 days apart."),
)

states = st.sampled_from(["not_due", "due_soon", "due", "overdue", "suspended"])
monitoring = st.builds(
    MonitoringFact,
    st.sampled_from(KINDS),
    st.just("A check"),
    states,
    st.just(date(2026, 3, 10)),
    st.booleans(),
)
systolic = st.integers(40, 300)
diastolic = st.integers(20, 200)
yes_no = st.booleans()
whether = st.none() | st.booleans()
answers = st.sampled_from(["negative", "not_applicable", "unknown", "positive"])
# Half of the time nothing is wrong, so that one more problem is seen on its own.
some_facts = st.builds(
    Facts,
    indication=st.sampled_from(["trd", "trd", "pain", "shock"]),
    sbp=st.just(128) | st.none() | systolic,
    dbp=st.just(78) | st.none() | diastolic,
    spo2=st.just(98) | st.none() | st.integers(50, 100),
    pregnancy=st.just("negative") | answers,
    fasting_kept=st.just(True) | whether,
    airway_equipment=st.just(True) | whether,
    capnography=whether,
    escort=whether,
    conditions=st.lists(st.sampled_from(CONDITIONS), max_size=3).map(tuple),
    medications=st.lists(st.sampled_from(MEDICINES), max_size=3).map(tuple),
    lft_baseline_days=st.just(10) | st.none() | st.integers(0, 60),
    needs_lft_baseline=yes_no,
    age_years=st.just(44) | st.none() | st.integers(10, 90),
    weight_findings=st.lists(st.sampled_from(sorted(WEIGHT_LINES)), max_size=2).map(tuple),
    gap=st.sampled_from(GAPS),
    monitoring=st.lists(monitoring, max_size=3).map(tuple),
    cssrs_risk=st.sampled_from(["", "none", "low", "moderate", "high"]),
    holds=st.lists(st.sampled_from(HOLDS), max_size=2).map(tuple),
)

Worse = Callable[[Facts, st.DataObject], dict[str, Any]]


def added(field: str, one: st.SearchStrategy[Any]) -> Worse:
    """One more of a list, at any place in it."""

    def worse(facts: Facts, data: st.DataObject) -> dict[str, Any]:
        before = list(getattr(facts, field))
        before.insert(data.draw(st.integers(0, len(before))), data.draw(one))
        return {field: tuple(before)}

    return worse


def higher(field: str, top: int) -> Worse:
    def worse(facts: Facts, data: st.DataObject) -> dict[str, Any]:
        value = getattr(facts, field)
        return {field: None if value is None else data.draw(st.integers(value, top))}

    return worse


def lower(field: str, bottom: int) -> Worse:
    def worse(facts: Facts, data: st.DataObject) -> dict[str, Any]:
        value = getattr(facts, field)
        # Not measured before: any value at all is one more thing known.
        return {field: data.draw(st.integers(bottom, 98 if value is None else value))}

    return worse


def to(**change: Any) -> Worse:
    return lambda facts, data: change


def both_higher(facts: Facts, data: st.DataObject) -> dict[str, Any]:
    return {**higher("sbp", 300)(facts, data), **higher("dbp", 200)(facts, data)}


def next_gap(facts: Facts, data: st.DataObject) -> dict[str, Any]:
    return {"gap": data.draw(st.sampled_from(GAPS[GAPS.index(facts.gap) :]))}


def due_state(facts: Facts, data: st.DataObject) -> dict[str, Any]:
    """One of what is due becomes overdue, or comes to stand against the dose."""
    if not facts.monitoring:
        return {}
    place = data.draw(st.integers(0, len(facts.monitoring) - 1))
    fact = facts.monitoring[place]
    worse = replace(fact, state="overdue", blocks=fact.blocks or data.draw(st.booleans()))
    return {"monitoring": (*facts.monitoring[:place], worse, *facts.monitoring[place + 1 :])}


PROBLEMS: Final[dict[str, tuple[str, Worse]]] = {
    "condition": ("", added("conditions", st.sampled_from(CONDITIONS))),
    "medicine": ("", added("medications", st.sampled_from(MEDICINES))),
    "monitoring": ("", added("monitoring", monitoring)),
    "overdue": ("", due_state),
    "hold": ("", added("holds", st.sampled_from(HOLDS))),
    "weight": ("", added("weight_findings", st.sampled_from(sorted(WEIGHT_LINES)))),
    "higher systolic": ("blood pressure", higher("sbp", 300)),
    "higher diastolic": ("blood pressure", higher("dbp", 200)),
    "higher blood pressure": ("blood pressure", both_higher),
    "no systolic": ("blood pressure", to(sbp=None)),
    "no diastolic": ("blood pressure", to(dbp=None)),
    "lower oxygen": ("spo2_low", lower("spo2", 50)),
    "pregnancy not known": ("pregnancy", to(pregnancy="unknown")),
    "pregnant": ("pregnancy", to(pregnancy="positive")),
    "has eaten": ("fasting", to(fasting_kept=False)),
    "fasting not known": ("fasting", to(fasting_kept=None)),
    "no airway equipment": ("airway", to(airway_equipment=False)),
    "airway equipment not known": ("airway", to(airway_equipment=None)),
    "no capnography": ("capnography_missing", to(capnography=False)),
    "no escort": ("escort_missing", to(escort=False)),
    "older baseline": ("baseline", higher("lft_baseline_days", 400)),
    "no baseline": ("baseline", to(lft_baseline_days=None)),
    "baseline needed": ("baseline", to(needs_lft_baseline=True)),
    "a child": ("under_age", to(age_years=17)),
    "spacing": ("spacing", next_gap),
    "suicide risk": ("cssrs_high", to(cssrs_risk="high")),
}


def subject(line: Line) -> str:
    return SUBJECTS.get(line.code, line.code)


def worst_by_subject(gate: Gate) -> dict[str, int]:
    found: dict[str, int] = {}
    for line in gate.lines:
        found[subject(line)] = max(found.get(subject(line), 0), ORDER.index(line.verdict))
    return found


@pytest.mark.parametrize("problem", sorted(PROBLEMS))
@settings(max_examples=60)
@given(data=st.data(), facts=some_facts)
def test_one_more_problem_never_makes_the_gate_greener(
    problem: str, data: st.DataObject, facts: Facts
) -> None:
    about, worse = PROBLEMS[problem]
    before = evaluate(facts, RULES)
    after = evaluate(replace(facts, **worse(facts, data)), RULES)
    assert ORDER.index(after.decision) >= ORDER.index(before.decision)
    # Each subject is spoken of at least as gravely, and what is not the problem stays as it was.
    kept = worst_by_subject(after)
    for spoken_of, gravity in worst_by_subject(before).items():
        assert kept.get(spoken_of, 0) >= gravity
    assert {
        line.code for line in before.lines if not line.overridable and subject(line) != about
    } <= {line.code for line in after.lines if not line.overridable}
    if about:
        others = [[one for one in g.lines if subject(one) != about] for g in (before, after)]
        assert others[0] == others[1]


@given(some_facts)
def test_the_worst_line_decides(facts: Facts) -> None:
    found = evaluate(facts, RULES)
    said = {line.verdict for line in found.lines}
    if "block" in said:
        assert found.decision == "block"
    elif "hold" in said:
        assert found.decision == "hold"
    else:
        assert found.decision == ("warn" if said else "allow")
    assert said <= {"warn", "hold", "block"}


@given(some_facts)
def test_every_line_tells_where_it_comes_from_and_what_cannot_be_overridden_blocks(
    facts: Facts,
) -> None:
    for line in evaluate(facts, RULES).lines:
        assert line.code
        assert line.sentence.endswith(".")
        assert line.source
        assert line.confidence in ("seed", "lit", "expert", "site")
        assert line.overridable or line.verdict == "block"


@given(some_facts)
def test_only_who_is_fit_in_every_way_is_allowed_a_dose(facts: Facts) -> None:
    if evaluate(facts, RULES).decision != "allow":
        return
    assert facts.sbp is not None
    assert facts.dbp is not None
    assert facts.sbp <= 140
    assert facts.dbp <= 90
    assert facts.pregnancy in ("negative", "not_applicable")
    assert facts.fasting_kept is True
    assert facts.airway_equipment is True
    assert facts.holds == ()
    assert facts.medications == ()
    assert facts.weight_findings == ()
    assert not any(one.blocks or one.state in ("due", "overdue") for one in facts.monitoring)
    assert not facts.needs_lft_baseline or (facts.lft_baseline_days or 99) <= 30


@given(some_facts, st.randoms(use_true_random=False))
def test_the_order_in_which_problems_are_told_changes_no_decision(
    facts: Facts, shuffler: random.Random
) -> None:
    names = ("conditions", "medications", "monitoring", "weight_findings", "holds")
    mixed: dict[str, Any] = {
        name: tuple(shuffler.sample(getattr(facts, name), len(getattr(facts, name))))
        for name in names
    }
    here, there = evaluate(facts, RULES), evaluate(replace(facts, **mixed), RULES)
    assert here.decision == there.decision
    assert sorted(line.code for line in here.lines) == sorted(line.code for line in there.lines)
