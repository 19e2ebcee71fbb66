"""Before a dose: every reason, and the worst decides (C1 to C4, F2, H)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from clinic.rules.errors import RuleError
from clinic.rules.reasons import Origin
from courses.rules import defaults
from courses.rules.gate import Facts, Gate, Hold, Line, MonitoringFact, age_years, evaluate

RULES = defaults.gate()
CALM = Facts(
    indication="trd",
    sbp=128,
    dbp=78,
    spo2=98,
    pregnancy="negative",
    fasting_kept=True,
    airway_equipment=True,
    capnography=True,
    escort=True,
    lft_baseline_days=10,
    age_years=44,
)


def gate(**facts: Any) -> Gate:
    return evaluate(replace(CALM, **facts), RULES)


def said(**facts: Any) -> tuple[str, list[str]]:
    found = gate(**facts)
    return found.decision, [line.code for line in found.lines]


def only(**facts: Any) -> Line:
    (line,) = gate(**facts).lines
    return line


def test_nothing_against_it() -> None:
    assert said() == ("allow", [])


@pytest.mark.parametrize(
    ("sbp", "dbp", "decision", "code"),
    [
        (140, 90, "allow", None),
        (141, 90, "warn", "bp_elevated"),
        (140, 91, "warn", "bp_elevated"),
        (159, 99, "warn", "bp_elevated"),
        (160, 78, "hold", "bp_hold_recheck"),
        (128, 100, "hold", "bp_hold_recheck"),
        (179, 109, "hold", "bp_hold_recheck"),
        (180, 78, "block", "uncontrolled_hypertension"),
        (128, 110, "block", "uncontrolled_hypertension"),
    ],
)
def test_blood_pressure(sbp: int, dbp: int, decision: str, code: str | None) -> None:
    assert said(sbp=sbp, dbp=dbp) == (decision, [code] if code else [])


def test_a_blood_pressure_line_tells_its_numbers() -> None:
    line = only(sbp=165)
    assert line.sentence == (
        "Blood pressure 165/78: hold at 160/100 or more, measure again in 15 min."
    )
    assert (line.inputs, line.source, line.confidence) == (
        {"sbp": 165, "dbp": 78, "limit": "160/100", "remeasure_minutes": 15, "remeasure_times": 2},
        "EXPERT",
        "expert",
    )


@pytest.mark.parametrize("missing", ["sbp", "dbp"])
def test_no_blood_pressure_no_dose(missing: str) -> None:
    assert said(**{missing: None}) == ("block", ["bp_missing"])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sbp", 39),
        ("sbp", 301),
        ("dbp", 19),
        ("dbp", 201),
        ("spo2", 49),
        ("spo2", 101),
        ("sbp", True),
    ],
)
def test_what_no_instrument_shows_is_refused(field: str, value: int) -> None:
    with pytest.raises(RuleError) as refused:
        gate(**{field: value})
    assert (refused.value.code, refused.value.field) == ("out_of_range", field)


@pytest.mark.parametrize(
    ("spo2", "decision", "codes"),
    [(92, "allow", []), (91, "hold", ["spo2_low"]), (None, "allow", [])],
)
def test_oxygen(spo2: int | None, decision: str, codes: list[str]) -> None:
    assert said(spo2=spo2) == (decision, codes)


@pytest.mark.parametrize(
    ("answer", "decision", "codes"),
    [
        ("negative", "allow", []),
        ("not_applicable", "allow", []),
        ("unknown", "block", ["pregnancy_unknown"]),
        ("positive", "block", ["pregnancy"]),
    ],
)
def test_pregnancy(answer: str, decision: str, codes: list[str]) -> None:
    assert said(pregnancy=answer) == (decision, codes)


def test_unknown_may_be_answered_for_and_pregnant_may_not() -> None:
    assert only(pregnancy="unknown").overridable is True
    assert only(pregnancy="positive").overridable is False


def test_pregnancy_is_asked_until_it_is_answered() -> None:
    assert Facts(indication="trd").pregnancy == "unknown"
    with pytest.raises(RuleError) as refused:
        gate(pregnancy="maybe")
    assert (refused.value.code, refused.value.field) == ("unknown_code", "pregnancy")


@pytest.mark.parametrize(
    ("facts", "decision", "code", "overridable"),
    [
        ({"fasting_kept": False}, "block", "npo_not_followed", True),
        ({"fasting_kept": None}, "block", "npo_unknown", True),
        ({"airway_equipment": False}, "block", "airway_equipment_missing", False),
        ({"airway_equipment": None}, "block", "airway_equipment_unknown", False),
        ({"capnography": False}, "warn", "capnography_missing", True),
        ({"escort": False}, "warn", "escort_missing", True),
        ({"age_years": 17}, "block", "under_age", True),
        ({"lft_baseline_days": 31}, "block", "lft_baseline_stale", True),
        ({"lft_baseline_days": None}, "block", "lft_baseline_missing", True),
        ({"cssrs_risk": "high"}, "warn", "cssrs_high", True),
    ],
)
def test_single_reasons(facts: dict[str, Any], decision: str, code: str, overridable: bool) -> None:
    line = only(**facts)
    assert (gate(**facts).decision, line.code, line.overridable) == (decision, code, overridable)


@pytest.mark.parametrize(
    "facts",
    [
        {"age_years": 18},
        {"age_years": None},
        {"capnography": None},
        {"escort": None},
        {"lft_baseline_days": 30},
        {"lft_baseline_days": None, "needs_lft_baseline": False},
        {"cssrs_risk": "moderate"},
    ],
)
def test_what_does_not_count_against_it(facts: dict[str, Any]) -> None:
    assert said(**facts) == ("allow", [])


FASTS = {"clear_fluids": "2", "light_meal": "6", "fatty_meal": "8"}


@pytest.mark.parametrize(
    ("facts", "inputs"),
    [
        ({"sbp": 182}, {"sbp": 182, "dbp": 78, "limit": "180/110"}),
        ({"sbp": 145}, {"sbp": 145, "dbp": 78, "limit": "140/90"}),
        ({"sbp": None}, {"sbp": None, "dbp": 78}),
        ({"spo2": 90}, {"spo2": 90, "min_spo2_percent": 92}),
        ({"pregnancy": "positive"}, {"pregnancy": "positive"}),
        ({"pregnancy": "unknown"}, {"pregnancy": "unknown"}),
        ({"fasting_kept": False}, {"fasting_kept": False, "fasting_hours": FASTS}),
        ({"airway_equipment": None}, {"airway_equipment": None}),
        ({"capnography": False}, {"capnography": False}),
        ({"escort": False}, {"escort": False}),
        ({"age_years": 17}, {"age_years": 17, "adult_years": 18}),
        ({"lft_baseline_days": 31}, {"panel_days": 31, "lft_baseline_days": 30}),
        ({"lft_baseline_days": None}, {"panel_days": None, "lft_baseline_days": 30}),
        ({"conditions": ("porphyria",)}, {"given": ["porphyria"]}),
        ({"medications": ("something new",)}, {"given": ["something new"]}),
        (
            {"monitoring": (MonitoringFact("uds", "Drug screen", "due", date(2026, 3, 1), False),)},
            {"due_on": "2026-03-01", "state": "due"},
        ),
        ({"holds": (Hold("gu_hold", "Pain"),)}, {"finding": "Pain"}),
        ({"cssrs_risk": "high"}, {"cssrs_risk": "high"}),
    ],
)
def test_a_line_keeps_the_facts_it_was_made_of(
    facts: dict[str, Any], inputs: dict[str, object]
) -> None:
    assert only(**facts).inputs == inputs


def test_lines_say_where_they_come_from() -> None:
    line = only(conditions=("aneurysmal_disease",))
    assert (line.source, line.confidence) == ("SPRAVATO-2019", "lit")


@pytest.mark.parametrize(
    ("finding", "decision"),
    [
        ("weight_missing", "block"),
        ("weight_stale", "block"),
        ("weight_unusual", "warn"),
        ("weight_changed", "warn"),
    ],
)
def test_weight(finding: str, decision: str) -> None:
    assert said(weight_findings=(finding,)) == (decision, [finding])


def test_an_unknown_finding_on_the_weight() -> None:
    with pytest.raises(RuleError) as refused:
        gate(weight_findings=("weight_odd",))
    assert (refused.value.code, refused.value.field) == ("unknown_code", "weight_findings")


@pytest.mark.parametrize(
    ("gap", "decision", "codes"),
    [
        (("ok", "", ""), "allow", []),
        (("warn", "session_missed", "6 days."), "warn", ["session_missed"]),
        (("block", "min_gap_2d", "Too close."), "block", ["min_gap_2d"]),
    ],
)
def test_spacing(gap: tuple[str, str, str], decision: str, codes: list[str]) -> None:
    assert said(gap=gap) == (decision, codes)


def due(state: str, *, blocks: bool, on: date | None = date(2026, 3, 10)) -> MonitoringFact:
    return MonitoringFact("lft_periodic", "Liver panel", state, on, blocks)


@pytest.mark.parametrize(
    ("fact", "decision", "codes", "sentence"),
    [
        (due("not_due", blocks=False), "allow", [], ""),
        (due("due_soon", blocks=False), "allow", [], ""),
        (due("due", blocks=False), "warn", ["lft_periodic_due"], "Liver panel: due."),
        (
            due("overdue", blocks=False),
            "warn",
            ["lft_periodic_due"],
            "Liver panel: overdue since 10 Mar 2026.",
        ),
        (
            due("overdue", blocks=True),
            "block",
            ["lft_periodic_due"],
            "Liver panel: overdue since 10 Mar 2026.",
        ),
        (
            due("suspended", blocks=True, on=None),
            "block",
            ["lft_periodic_due"],
            "Liver panel: suspended.",
        ),
    ],
)
def test_what_is_due(fact: MonitoringFact, decision: str, codes: list[str], sentence: str) -> None:
    found = gate(monitoring=(fact,))
    assert (found.decision, [line.code for line in found.lines]) == (decision, codes)
    assert "".join(line.sentence for line in found.lines) == sentence


def test_a_finding_without_a_decision_holds() -> None:
    found = gate(holds=(Hold("liver_action", "Repeat the panel"), Hold("urinary_check", "Level 3")))
    assert found.decision == "hold"
    assert found.codes("hold") == ["liver_action", "urinary_check"]
    assert found.lines[0].sentence == "Repeat the panel: a prescriber decides first."


def test_everything_is_listed_and_the_worst_decides() -> None:
    found = gate(
        sbp=165,
        conditions=("glaucoma",),
        medications=("lorazepam",),
        fasting_kept=False,
    )
    assert found.decision == "block"
    assert [line.code for line in found.lines] == [
        "bp_hold_recheck",
        "npo_not_followed",
        "glaucoma",
        "benzodiazepine",
    ]
    assert found.codes("block", "hold") == ["bp_hold_recheck", "npo_not_followed"]
    assert found.codes("warn") == ["glaucoma", "benzodiazepine"]


@pytest.mark.parametrize(
    ("facts", "decision"),
    [
        ({"sbp": 165, "medications": ("lorazepam",)}, "hold"),
        ({"sbp": 145, "medications": ("lorazepam",)}, "warn"),
        ({"sbp": 165, "conditions": ("elevated_icp",)}, "block"),
    ],
)
def test_block_before_hold_before_warn(facts: dict[str, Any], decision: str) -> None:
    assert gate(**facts).decision == decision


@pytest.mark.parametrize(
    ("on", "years"),
    [
        (date(2026, 5, 9), 17),
        (date(2026, 5, 10), 18),
        (date(2026, 5, 11), 18),
        (date(2027, 1, 1), 18),
    ],
)
def test_age_in_completed_years(on: date, years: int) -> None:
    assert age_years(date(2008, 5, 10), on) == years


def test_who_was_born_on_29_february_turns_on_the_first_of_march() -> None:
    assert age_years(date(2008, 2, 29), date(2026, 2, 28)) == 17
    assert age_years(date(2008, 2, 29), date(2026, 3, 1)) == 18


def test_a_line_from_other_content_keeps_that_contents_name() -> None:
    origin = Origin("SEED", "seed", "lft_periodic 2", 3)
    fact = replace(due("overdue", blocks=True), origin=origin)
    [line] = gate(monitoring=(fact,)).lines
    assert (line.rule, line.policy_version) == ("lft_periodic 2", 3)


def test_a_hold_weighs_more_than_the_warning_before_it() -> None:
    assert said(sbp=145, spo2=90) == ("hold", ["bp_elevated", "spo2_low"])
