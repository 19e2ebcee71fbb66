"""The gate's numbers and lists as they ship, and content that is refused."""

from __future__ import annotations

import pytest

from clinic.rules.errors import RuleError
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
    assert (rules.fasting_hours, rules.lft_baseline_days) == ((2, 6, 8), 30)
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
