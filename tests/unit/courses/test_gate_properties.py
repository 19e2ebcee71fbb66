"""The gate is never greener with one more problem, whatever else is known (C1 to C4)."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import date
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from courses.rules import defaults
from courses.rules.gate import WEIGHT_LINES, Facts, Gate, Hold, Line, MonitoringFact, evaluate

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
HOLDS: Final = (Hold("liver_action", "Repeat the panel"), Hold("urinary_check", "Level 3"))
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
# On and beside each limit more often than anywhere else.
systolic = st.sampled_from([139, 140, 141, 159, 160, 161, 179, 180, 181]) | st.integers(40, 300)
diastolic = st.sampled_from([89, 90, 91, 99, 100, 101, 109, 110, 111]) | st.integers(20, 200)
steps = st.integers(0, 260)
yes_no = st.booleans()
whether = st.none() | st.booleans()
answers = st.sampled_from(["negative", "not_applicable", "unknown", "positive"])
anything = st.builds(
    Facts,
    indication=st.sampled_from(["trd", "trd", "pain", "shock"]),
    sbp=st.none() | systolic,
    dbp=st.none() | diastolic,
    spo2=st.none() | st.integers(50, 100),
    pregnancy=answers,
    fasting_kept=whether,
    airway_equipment=whether,
    capnography=whether,
    escort=whether,
    conditions=st.lists(st.sampled_from(CONDITIONS), max_size=3).map(tuple),
    medications=st.lists(st.sampled_from(MEDICINES), max_size=3).map(tuple),
    lft_baseline_days=st.none() | st.integers(0, 60),
    needs_lft_baseline=yes_no,
    age_years=st.none() | st.integers(10, 90),
    weight_findings=st.lists(st.sampled_from(sorted(WEIGHT_LINES)), max_size=2).map(tuple),
    gap=st.sampled_from(GAPS),
    monitoring=st.lists(monitoring, max_size=3).map(tuple),
    cssrs_risk=st.sampled_from(["", "none", "low", "moderate", "high"]),
    holds=st.lists(st.sampled_from(HOLDS), max_size=2).map(tuple),
)
CALM: Final = Facts(
    indication="trd",
    sbp=128,
    dbp=78,
    spo2=98,
    pregnancy="negative",
    fasting_kept=True,
    airway_equipment=True,
    lft_baseline_days=10,
)
NAMES: Final = tuple(field.name for field in fields(Facts))


@st.composite
def mostly_calm(draw: st.DrawFn) -> Facts:
    """Few things wrong at a time, so that one more problem is not drowned by the others."""
    wild = draw(anything)
    names = draw(st.lists(st.sampled_from(NAMES), max_size=3))
    change: dict[str, Any] = {name: getattr(wild, name) for name in names}
    return replace(CALM, **change)


some_facts = mostly_calm() | anything

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
        if value is None:
            return {}
        return {field: min(top, value + data.draw(st.sampled_from([1, 2, 20, 40]) | steps))}

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
@settings(max_examples=40)
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


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=30)
@given(wild=anything)
def test_only_who_is_fit_in_every_way_is_allowed_a_dose(name: str, wild: Facts) -> None:
    change: dict[str, Any] = {name: getattr(wild, name)}
    facts = replace(CALM, **change)
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
    assert facts.gap[0] == "ok"
    assert facts.cssrs_risk != "high"
    assert facts.spo2 is None or facts.spo2 >= 92
    assert facts.age_years is None or facts.age_years >= 18
    if facts.needs_lft_baseline:
        assert facts.lft_baseline_days is not None
        assert facts.lft_baseline_days <= 30


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
