"""Worked cases with one value spoilt: a typed refusal or a sound answer, never another error."""

from __future__ import annotations

from typing import Any

import pytest

from clinic.rules.errors import RuleError
from courses.rules.cases import doses, scales, visits
from courses.rules.contract import CASES
from courses.rules.verdict import judge
from tests.unit.courses.test_contract import CALM, END, KG, MIXTURE, OPEN, RATE

NONSENSE: tuple[Any, ...] = (None, "", "x", "NaN", -1, 1e308, True, [], [None], {}, "1e400")
WHOLE: dict[str, dict[str, Any]] = {
    "dose.mg": KG,
    "dose.dilute": MIXTURE,
    "dose.volume_ml": {"dose_mg": "35.0", "conc_mg_per_ml": "50"},
    "dose.pump_rate": {"total_volume_ml": "100", "minutes": 40},
    "dose.continuous": {**RATE, "cap_mg_per_h": "100"},
    "dose.total_mg": {**RATE, "hours": 96},
    "dose.check": {
        "protocol": "trd_standard",
        "mg_per_kg": "0.5",
        "minutes": 40,
        "seconds": 60,
        "route": "IV",
        "rate": "0.5",
        "unit": "mg/kg/h",
    },
    "weight.ibw": {"sex": "M", "height_cm": "177.8"},
    "course.planned_range": {"per_week": 2, "weeks_min": 3, "weeks_max": 5},
    "visit.check_gap": {"prev": ["2026-03-02"], "proposed": "2026-03-05"},
    "assess.due_24h": {"infusion_end": END, "tz": "America/New_York"},
    "scale.phq9": {"items": [0] * 9, "functional": 0},
    "scale.phq9_prorate": {"items": [0] * 9},
    "scale.qids_sr16": {"items": [0] * 16},
    "scale.madrs": {"items": [0] * 10},
    "scale.hamd17": {"items": [0] * 17},
    "scale.gad7": {"items": [0] * 7},
    "scale.cssrs_screener": OPEN,
    "scale.cadss": {"items": [0] * 23},
    "scale.cadss6": {"items23": [0] * 23},
    "scale.bprs_pos4": {
        "conceptual_disorganisation": 1,
        "suspiciousness": 1,
        "hallucinatory_behaviour": 1,
        "unusual_thought_content": 1,
    },
    "outcome.classify": {"scale": "phq9", "baseline": 18, "current": 4},
    "outcome.mcid": {"scale": "phq9", "baseline": 15, "current": 10},
    "gate.predose": CALM,
    "monitor.gaps": {
        "mode": "deep_sedation",
        "max_gap_min": 5,
        "start": "10:00",
        "end": "10:20",
        "obs": ["10:00"],
    },
    "discharge.earliest": {"infusion_end": END, "min_observation_min": 120},
    "discharge.prolonged": {"infusion_end": END, "resolved_at": END},
    "sedation.level": {"moaas": 5},
    "midazolam.check": KG,
}
# Keys that may be left open, and what the answer says then.
MAY_BE_OPEN = {"cap_mg_per_h", "conc_mg_per_ml", "diluent", "functional", "route"}


def test_every_function_of_this_floor_has_a_whole_case() -> None:
    assert set(WHOLE) == {*doses.CASES, *scales.CASES, *visits.CASES}


@pytest.mark.parametrize(("function", "whole"), WHOLE.items(), ids=list(WHOLE))
def test_a_whole_case_is_answered(function: str, whole: dict[str, Any]) -> None:
    assert "error" not in judge([{"fn": function, "input": whole, "expected": {}}])[0].got


def attempt(function: str, case: dict[str, Any]) -> dict[str, Any] | str:
    """The answer, or the code of the refusal; any other error is a fault of the rule."""
    try:
        return CASES[function](case)
    except RuleError as refusal:
        return refusal.code


@pytest.mark.parametrize("nonsense", NONSENSE, ids=repr)
@pytest.mark.parametrize(
    ("function", "key"), [(function, key) for function, whole in WHOLE.items() for key in whole]
)
def test_nonsense_is_refused_as_such(function: str, key: str, nonsense: object) -> None:
    """One value of another kind ends in an answer or a typed refusal, never in another error."""
    assert attempt(function, {**WHOLE[function], key: nonsense})


@pytest.mark.parametrize(
    ("function", "key"),
    [
        (function, key)
        for function in doses.CASES
        for key in WHOLE[function]
        if key not in MAY_BE_OPEN and function != "dose.check"
    ],
)
def test_a_dose_is_never_guessed(function: str, key: str) -> None:
    for nonsense in NONSENSE:
        with pytest.raises(RuleError):
            CASES[function]({**WHOLE[function], key: nonsense})
