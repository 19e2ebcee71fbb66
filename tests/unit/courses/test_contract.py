"""Worked cases in plain keys: the shared ones where they are, and our own for every function."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from clinic.rules.errors import RuleError
from courses.rules.contract import CASES
from courses.rules.verdict import judge
from tests.unit.courses.whole_cases import END, WHOLE

VECTORS = Path(__file__).parents[4] / "shared" / "vectors" / "clinical.json"
CALM: dict[str, Any] = {**WHOLE["gate.predose"], "conditions": [], "medications": []}
OPEN: dict[str, Any] = {
    "q1": False,
    "q2": False,
    "q3": None,
    "q4": None,
    "q5": None,
    "q6_lifetime": False,
    "q6_3months": None,
}
KG = WHOLE["dose.mg"]
RATE = {**WHOLE["dose.continuous"], "cap_mg_per_h": None}
MIXTURE = WHOLE["dose.dilute"]


def test_all_functions_answer() -> None:
    assert len(CASES) == 41


@pytest.mark.skipif(not VECTORS.exists(), reason="the shared worked cases are not here")
def test_the_shared_cases() -> None:
    cases = json.loads(VECTORS.read_text(encoding="utf-8"))["vectors"]
    found = judge(cases)
    assert len(found) > 100
    assert [(one.id, one.expected, one.got) for one in found if not one.passed] == []


@pytest.mark.parametrize(
    ("function", "given", "expected"),
    [
        ("dose.mg", {"weight_kg": "63.3", "mg_per_kg": "0.5"}, {"dose_mg": "31.7"}),
        ("dose.mg", {**KG, "cap_mg": "30"}, {"dose_mg": "30.0"}),
        ("dose.dilute", MIXTURE, {"allowed": True, "conc_mg_per_ml": "50", "reason": None}),
        ("dose.dilute", {**MIXTURE, "diluent": "LR"}, {"reason": "diluent_not_listed"}),
        (
            "dose.dilute",
            {**MIXTURE, "diluent_ml": "0", "diluent": None},
            {"allowed": False, "reason": "undiluted_100"},
        ),
        ("dose.volume_ml", {"dose_mg": "41.2", "conc_mg_per_ml": "50"}, {"volume_ml": "0.82"}),
        ("dose.pump_rate", {"total_volume_ml": "50", "minutes": 40}, {"rate_ml_per_h": "75.0"}),
        (
            "dose.continuous",
            {**RATE, "cap_mg_per_h": "100"},
            {"mg_per_h": "100", "ml_per_h": "100", "capped": True},
        ),
        (
            "dose.continuous",
            {**RATE, "rate": "1", "unit": "ug/kg/min", "conc_mg_per_ml": None},
            {"mg_per_h": "4.2", "ml_per_h": None, "capped": False},
        ),
        ("dose.total_mg", {**RATE, "rate": "0.6", "hours": 96}, {"total_mg": "4032"}),
        (
            "dose.check",
            {"protocol": "trd_standard", "mg_per_kg": "0.6", "minutes": 35},
            {
                "status": "block",
                "reason": "above_protocol_range",
                "reasons": ["too_fast", "above_protocol_range"],
            },
        ),
        (
            "dose.check",
            {"protocol": "trd_prolonged_96h", "rate": "0.7", "unit": "mg/kg/h"},
            {"status": "block", "reason": "above_protocol_range"},
        ),
        (
            "dose.check",
            {"protocol": "pain_acute_bolus", "mg_per_kg": "0.5", "seconds": 60, "route": "IM"},
            {"status": "block", "reason": "route_not_recommended_for_analgesia"},
        ),
        (
            "dose.check",
            {"protocol": "pain_shock", "mg_per_kg": "1"},
            {"status": "block", "reason": "start_low_in_shock"},
        ),
        ("dose.check", {"protocol": "trd_9"}, {"error": "unknown_code"}),
        ("dose.check", {"protocol": "../rules/gate"}, {"error": "unknown_code"}),
        ("weight.ibw", {"sex": "F", "height_cm": "165.1"}, {"ibw_kg": "57"}),
        ("course.planned_range", {"per_week": 2, "weeks_min": 5, "weeks_max": 5}, {"max": 10}),
        (
            "visit.check_gap",
            {"prev": ["2026-03-02", "2026-03-05"], "proposed": "2026-03-08"},
            {"status": "block", "reason": "more_than_2_in_7d"},
        ),
        ("visit.check_gap", {"prev": [], "proposed": "2026-03-08"}, {"status": "ok"}),
        (
            "assess.due_24h",
            {"infusion_end": "2026-10-31T14:00:00-04:00", "tz": "America/New_York"},
            {"due": "2026-11-01T13:00:00-05:00"},
        ),
        (
            "scale.phq9",
            {"items": [1, 0, 0, 0, 0, 0, 0, 0, 0], "functional": None},
            {"total": 1, "band": "minimal", "item9_alert": False, "complete": False},
        ),
        (
            "scale.phq9",
            {"items": [None, 0, 0, 0, 0, 0, 0, 0, 1], "functional": 0},
            {"total": None, "band": None, "item9_alert": True, "complete": False},
        ),
        ("scale.phq9", {"items": []}, {"error": "wrong_count"}),
        ("scale.phq9_prorate", {"items": [2] * 8 + [None]}, {"total": None, "prorated": False}),
        ("scale.phq9_prorate", {"items": [2] * 9}, {"total": 18, "prorated": False}),
        ("scale.madrs", {"items": [0] * 9 + [7]}, {"error": "item_out_of_range"}),
        ("scale.hamd17", {"items": [4] * 17}, {"error": "item_out_of_range"}),
        ("scale.qids_sr16", {"items": [None] * 16}, {"total": None, "band": None}),
        ("scale.gad7", {"items": [1] * 7}, {"total": 7, "band": "mild", "complete": True}),
        ("scale.cssrs_screener", {**OPEN, "q1": True}, {"risk": "low", "complete": True}),
        ("scale.cssrs_screener", {**OPEN, "q2": True}, {"risk": None, "complete": False}),
        (
            "scale.cssrs_screener",
            {**OPEN, "q2": True, "q3": True},
            {"risk": None, "complete": False},
        ),
        (
            "scale.cssrs_screener",
            {**OPEN, "q2": True, "q4": True},
            {"risk": "high", "complete": False},
        ),
        ("scale.cssrs_screener", {**OPEN, "q1": "no"}, {"error": "wrong_type"}),
        ("scale.cadss", {"items": [1] * 23}, {"total": 23, "band": None}),
        ("scale.cadss6", {"items23": [4] * 23}, {"total": 24}),
        ("scale.bprs_pos4", {"suspiciousness": 7}, {"total": None}),
        (
            "outcome.classify",
            {"scale": "madrs", "baseline": 32, "current": 34},
            {"pct": "-6.3", "category": "worse", "remission": False},
        ),
        ("outcome.classify", {"scale": "phq9", "baseline": 0, "current": 3}, {"pct": None}),
        (
            "outcome.mcid",
            {"scale": "phq9", "baseline": 15, "current": 11},
            {"change": 4, "meets_mcid": False},
        ),
        ("gate.predose", CALM, {"decision": "allow", "blocks": [], "warns": []}),
        (
            "gate.predose",
            {**CALM, "sbp": 165, "medications": ["lorazepam", "methylphenidate"]},
            {
                "decision": "hold",
                "blocks": ["bp_hold_recheck"],
                "warns": ["sympathomimetic", "benzodiazepine"],
            },
        ),
        (
            "gate.predose",
            {**CALM, "pregnancy": None, "lft_baseline_days": None},
            {"decision": "block", "blocks": ["pregnancy_unknown", "lft_baseline_missing"]},
        ),
        (
            "monitor.gaps",
            {
                "mode": "deep_sedation",
                "max_gap_min": 5,
                "start": "10:00",
                "end": "10:20",
                "obs": ["10:00", "10:05", "10:15", "10:20"],
            },
            {"gaps": [["10:05", "10:15"]]},
        ),
        (
            "monitor.gaps",
            {"mode": "asleep", "max_gap_min": 5, "start": "10:00", "end": "10:20", "obs": []},
            {"error": "unknown_code"},
        ),
        (
            "discharge.earliest",
            {"infusion_end": END, "min_observation_min": 120},
            {"earliest": "2026-03-02T12:40:00-05:00"},
        ),
        (
            "discharge.prolonged",
            {"infusion_end": END, "resolved_at": "2026-03-02T14:40:00-05:00"},
            {"prolonged": False},
        ),
        ("sedation.level", {"moaas": 0}, {"level": "deep", "max_gap_min": 5}),
        ("sedation.level", {"moaas": 6}, {"error": "out_of_range"}),
        ("midazolam.check", {**KG, "mg_per_kg": "0.03"}, {"dose_mg": "2.1", "warns": []}),
        ("due.add_months", {"anchor": "2026-01-31", "months": 1}, {"date": "2026-02-28"}),
    ],
)
def test_answers(function: str, given: dict[str, Any], expected: dict[str, Any]) -> None:
    (found,) = judge([{"fn": function, "input": given, "expected": expected}])
    assert (found.passed, found.got) == (True, found.got)


def test_refusals_are_rule_errors() -> None:
    with pytest.raises(RuleError) as refused:
        CASES["dose.mg"]({"weight_kg": "heavy", "mg_per_kg": "0.5"})
    assert (refused.value.code, refused.value.field) == ("not_a_number", "weight_kg")
