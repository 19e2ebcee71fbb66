"""What the gate asks of everybody: each line's source, what it stands on, what a site may set."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from clinic.rules.policy import overlay, settings_of
from courses.rules.gate import Hold, evaluate
from courses.rules.gate_content import parse_gate
from tests.unit.courses.shipped import content
from tests.unit.courses.test_gate import CALM, RULES, gate, only

# Each question of the gate that stands in the content, and how to be told of it.
ASKED: dict[str, dict[str, Any]] = {
    "bp_missing": {"sbp": None},
    "pregnancy": {"pregnancy": "positive"},
    "pregnancy_unknown": {"pregnancy": "unknown"},
    "npo_not_followed": {"fasting_kept": False},
    "npo_unknown": {"fasting_kept": None},
    "airway_equipment_missing": {"airway_equipment": False},
    "airway_equipment_unknown": {"airway_equipment": None},
    "capnography_missing": {"capnography": False},
    "escort_missing": {"escort": False},
    "lft_baseline_missing": {"lft_baseline_days": None},
    "cssrs_high": {"cssrs_risk": "high"},
    "not_in_catalogue": {"conditions": ("moonstroke",)},
}


def test_every_check_of_the_content_is_asked_here() -> None:
    assert set(ASKED) == set(RULES.checks)


@pytest.mark.parametrize("code", ASKED)
def test_a_check_tells_its_source_its_rule_and_what_was_answered(code: str) -> None:
    line = only(**ASKED[code])
    told = RULES.checks[code]
    assert line.code == code
    assert (line.source, line.confidence) == (told.source, told.confidence)
    assert (line.rule, line.policy_version) == (RULES.name, 0)
    assert line.inputs


@pytest.mark.parametrize(
    ("code", "classes"),
    [
        ("capnography_missing", ("warn", "hold", "block")),
        ("escort_missing", ("warn", "hold", "block")),
        ("cssrs_high", ("warn", "hold")),
    ],
)
def test_a_site_may_make_a_check_stricter(code: str, classes: tuple[str, ...]) -> None:
    shipped_gate = content("rules/gate")
    path = f"checks.{code}.class"
    assert settings_of(shipped_gate)[path].among == classes
    strict = parse_gate(overlay(shipped_gate, {path: classes[-1]}, version=4))
    found = evaluate(replace(CALM, **ASKED[code]), strict)
    assert found.decision == classes[-1]
    (line,) = found.lines
    assert (line.source, line.confidence, line.policy_version) == ("SITE", "site", 4)


def test_what_the_guideline_asks_no_site_can_turn_off() -> None:
    closed = set(ASKED) - {"capnography_missing", "escort_missing", "cssrs_high"}
    open_paths = settings_of(content("rules/gate"))
    assert not [code for code in closed if f"checks.{code}.class" in open_paths]


def test_every_line_tells_what_it_stands_on() -> None:
    facts: dict[str, Any] = {
        "sbp": 150,
        "spo2": 90,
        "age_years": 17,
        "lft_baseline_days": 31,
        "weight_findings": ("weight_stale", "weight_unusual"),
        "conditions": ("glaucoma",),
        "holds": (Hold("stop_hys_law", "Liver"),),
        "gap": ("block", "min_gap_2d", "Too near."),
        "gap_inputs": {"given_on": ["2026-11-22"], "min_gap_days": 2},
    }
    inputs = {line.code: line.inputs for line in gate(**facts).lines}
    assert inputs == {
        "bp_elevated": {"sbp": 150, "dbp": 78, "limit": "140/90"},
        "spo2_low": {"spo2": 90, "min_spo2_percent": 92},
        "under_age": {"age_years": 17, "adult_years": 18},
        "glaucoma": {"given": ["glaucoma"]},
        "lft_baseline_stale": {"panel_days": 31, "lft_baseline_days": 30},
        "weight_stale": {"first_valid_days": "7", "valid_days": "28"},
        "weight_unusual": {"confirm_below_kg": "40", "confirm_above_kg": "180"},
        "min_gap_2d": {"given_on": ["2026-11-22"], "min_gap_days": 2},
        "stop_hys_law": {"finding": "Liver"},
    }
