"""The gate's numbers and lists as they ship, and content that is refused."""

from __future__ import annotations

from decimal import Decimal

import pytest

from clinic.rules.errors import RuleError
from clinic.rules.policy import overlay
from courses.rules import defaults
from courses.rules.gate_content import parse_gate
from tests.unit.courses.shipped import content, number


def test_shipped_numbers() -> None:
    rules = defaults.gate()
    assert (rules.warn_above, rules.hold_from, rules.block_from) == (
        (140, 90),
        (160, 100),
        (180, 110),
    )
    assert (rules.remeasure_minutes, rules.min_spo2_percent, rules.adult_years) == (15, 92, 18)
    assert rules.fasting_hours == (Decimal(2), Decimal(6), Decimal(8))
    assert rules.lft_baseline_days == 30
    assert (rules.valid_minutes, rules.prepared_minutes) == (60, 30)
    assert (rules.weight.first_valid_days, rules.weight.valid_days) == (7, 28)


@pytest.mark.parametrize(
    ("key", "value"),
    [("warn_above_sbp", "161"), ("hold_from_dbp", "111"), ("block_from_sbp", "159")],
)
def test_limits_out_of_order(key: str, value: str) -> None:
    changed = content("rules/gate")
    changed["blood_pressure"][key] = number(value)
    with pytest.raises(RuleError) as refused:
        parse_gate(changed)
    assert (refused.value.code, refused.value.field) == ("impossible_range", "blood_pressure")


def test_a_class_that_is_none() -> None:
    changed = content("rules/gate")
    changed["conditions"][0]["class"] = "frown"
    with pytest.raises(RuleError, match="“frown” is not a class of the gate"):
        parse_gate(changed)


def test_a_condition_may_hold() -> None:
    changed = content("rules/gate")
    changed["conditions"][0]["class"] = "hold"
    first = parse_gate(changed).conditions[0]
    assert (first.verdict, first.overridable) == ("hold", True)


def test_fasting_may_follow_the_shorter_rule_of_esketamine() -> None:
    """Food 2 h, liquids half an hour before."""
    shorter = {
        "fasting.clear_fluids_hours": "0.5",
        "fasting.light_meal_hours": "2",
        "fasting.fatty_meal_hours": "2",
    }
    rules = parse_gate(overlay(content("rules/gate"), shorter, version=3))
    assert rules.fasting_hours == (Decimal("0.5"), Decimal(2), Decimal(2))


@pytest.mark.parametrize(("key", "value"), [("clear_fluids_hours", "7"), ("fatty_meal_hours", "5")])
def test_a_heavier_meal_never_needs_less_time(key: str, value: str) -> None:
    changed = content("rules/gate")
    changed["fasting"][key] = number(value)
    with pytest.raises(RuleError) as refused:
        parse_gate(changed)
    assert (refused.value.code, refused.value.field) == (
        "impossible_range",
        "fasting.fatty_meal_hours",
    )


def test_a_check_that_is_missing_would_be_one_that_is_off() -> None:
    changed = content("rules/gate")
    changed["checks"] = [row for row in changed["checks"] if row["code"] != "pregnancy"]
    with pytest.raises(RuleError) as refused:
        parse_gate(changed)
    assert (refused.value.field, refused.value.message) == ("checks", "“pregnancy” is missing.")


def test_a_check_that_nobody_makes() -> None:
    changed = content("rules/gate")
    changed["checks"][0]["code"] = "moon"
    with pytest.raises(RuleError) as refused:
        parse_gate(changed)
    assert (refused.value.field, refused.value.message) == ("checks", "“bp_missing” is missing.")
    changed["checks"].append({**changed["checks"][0], "code": "bp_missing"})
    with pytest.raises(RuleError) as refused:
        parse_gate(changed)
    assert (refused.value.field, refused.value.message) == ("checks.moon", "Nobody checks “moon”.")
