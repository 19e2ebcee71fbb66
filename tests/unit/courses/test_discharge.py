"""What must be true before the patient leaves (D6)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from courses.rules.discharge import Leaving, against_leaving, parse_discharge
from tests.unit.courses.shipped import content

RULES = parse_discharge(content("rules/session_monitoring"))
NOON = datetime.fromisoformat("2026-03-02T12:40:00-05:00")
WELL = Leaving(
    at=NOON,
    earliest_at=NOON,
    moaas=5,
    cadss=2,
    baseline_cadss=2,
    vitals={"sbp": 125, "dbp": 80},
    baseline_vitals={"sbp": 125, "dbp": 80},
    walks=True,
    risk="low",
    baseline_risk="low",
    escort=True,
)


def test_shipped_numbers() -> None:
    assert (RULES.awake_moaas, RULES.max_cadss_above_baseline) == (5, 4)
    assert RULES.vitals_within_percent == 20


def test_who_is_well_may_leave() -> None:
    assert against_leaving(WELL, RULES) == ()


@pytest.mark.parametrize(
    ("facts", "against"),
    [
        ({"at": datetime.fromisoformat("2026-03-02T12:39:59-05:00")}, "too_early"),
        ({"moaas": 4}, "not_awake"),
        ({"moaas": None}, "not_awake"),
        ({"cadss": 7}, "dissociation_persists"),
        ({"cadss": None}, "dissociation_persists"),
        ({"baseline_cadss": None}, "dissociation_persists"),
        ({"vitals": {"sbp": 151, "dbp": 80}}, "vitals_off_baseline"),
        ({"vitals": {"sbp": 99, "dbp": 80}}, "vitals_off_baseline"),
        ({"vitals": {"sbp": 125}}, "vitals_off_baseline"),
        ({"baseline_vitals": {}}, "vitals_off_baseline"),
        ({"walks": False}, "cannot_walk"),
        ({"walks": None}, "cannot_walk"),
        ({"risk": "moderate"}, "risk_worse"),
        ({"risk": ""}, "risk_worse"),
        ({"baseline_risk": ""}, "risk_worse"),
        ({"escort": False}, "escort_missing"),
        ({"escort": None}, "escort_missing"),
    ],
)
def test_one_thing_keeps_the_patient(facts: dict[str, Any], against: str) -> None:
    assert against_leaving(replace(WELL, **facts), RULES) == (against,)


@pytest.mark.parametrize(
    "facts",
    [
        {"cadss": 6},
        {"cadss": 0},
        {"vitals": {"sbp": 150, "dbp": 64}},
        {"vitals": {"sbp": 100, "dbp": 96}},
        {"risk": "none"},
        {"risk": "high", "baseline_risk": "high"},
    ],
)
def test_near_enough(facts: dict[str, Any]) -> None:
    assert against_leaving(replace(WELL, **facts), RULES) == ()


def test_every_reason_is_told() -> None:
    found = against_leaving(replace(WELL, moaas=3, walks=False, escort=False), RULES)
    assert found == ("not_awake", "cannot_walk", "escort_missing")
