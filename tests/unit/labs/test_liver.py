"""Pattern, possible Hy's law and actions, at both sides of every bound."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from clinic.rules.errors import RuleError
from labs.rules import defaults
from labs.rules.liver import Multiples, Pattern, action, is_possible_hys_law, pattern

RULES = defaults.liver()


def times(**multiples: str) -> Multiples:
    return Multiples(**{name: Decimal(value) for name, value in multiples.items()})


def found(alt: str, alp: str, alt_uln: str = "40", alp_uln: str = "120") -> Pattern:
    return pattern(
        alt=Decimal(alt),
        alt_uln=Decimal(alt_uln),
        alp=Decimal(alp),
        alp_uln=Decimal(alp_uln),
        rules=RULES,
    )


@pytest.mark.parametrize(
    ("alt", "alp", "ratio", "name"),
    [
        ("200", "120", "5.00", "hepatocellular"),
        ("199.9", "120", "5.00", "mixed"),  # 4.9975 reads 5.00 and is below it
        ("80", "120", "2.00", "cholestatic"),
        ("80.1", "120", "2.00", "mixed"),
        ("120", "120", "3.00", "mixed"),
        ("30", "300", "0.30", "cholestatic"),
        ("41", "120", "1.03", "cholestatic"),
        ("40", "121", "0.99", "cholestatic"),
    ],
)
def test_pattern(alt: str, alp: str, ratio: str, name: str) -> None:
    assert found(alt, alp) == Pattern(Decimal(ratio), name)


@pytest.mark.parametrize(("alt", "alp"), [("30", "100"), ("40", "120"), ("0", "1")])
def test_two_normal_values_have_no_pattern(alt: str, alp: str) -> None:
    assert found(alt, alp) == Pattern(None, "not_applicable")


def test_the_lower_bound_is_the_clinics_choice() -> None:
    strict = replace(RULES, cholestatic_bound_included=False)
    answer = pattern(
        alt=Decimal(80),
        alt_uln=Decimal(40),
        alp=Decimal(120),
        alp_uln=Decimal(120),
        rules=strict,
    )
    assert answer.pattern == "mixed"


@pytest.mark.parametrize(
    ("alt", "alt_uln", "alp", "alp_uln", "code"),
    [
        ("100", "0", "100", "120", "limit_missing"),
        ("100", "40", "100", "0", "limit_missing"),
        ("100", "40", "0", "120", "value_impossible"),
        ("-1", "40", "100", "120", "value_impossible"),
    ],
)
def test_a_pattern_needs_limits_and_amounts(
    alt: str, alt_uln: str, alp: str, alp_uln: str, code: str
) -> None:
    with pytest.raises(RuleError) as refusal:
        found(alt, alp, alt_uln, alp_uln)
    assert refusal.value.code == code


@pytest.mark.parametrize(
    ("multiples", "expected"),
    [
        ({"alt": "3.5", "ast": "2", "bilirubin": "2.1", "alp": "1.2"}, True),
        ({"alt": "3", "ast": "2", "bilirubin": "2.01", "alp": "1.99"}, True),
        ({"alt": "2.99", "ast": "3", "bilirubin": "2.01", "alp": "1"}, True),
        ({"alt": "2.99", "ast": "2.99", "bilirubin": "9", "alp": "1"}, False),
        ({"alt": "9", "ast": "9", "bilirubin": "2", "alp": "1"}, False),
        ({"alt": "9", "ast": "9", "bilirubin": "3", "alp": "2"}, False),
        ({"alt": "9", "bilirubin": "3"}, True),  # an ALP that was not measured rules nothing out
        ({"alt": "9", "alp": "1"}, False),
        ({}, False),
    ],
)
def test_possible_hys_law(multiples: dict[str, str], expected: bool) -> None:
    assert is_possible_hys_law(times(**multiples), RULES) is expected


NORMAL = {"alt": "0.8", "ast": "0.8", "alp": "0.9", "ggt": "0.7", "bilirubin": "0.5"}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, "continue"),
        ({"alt": "1"}, "continue"),
        ({"alt": "1.01"}, "continue_repeat_14d"),
        ({"ast": "1.01"}, "continue_repeat_14d"),
        ({"alp": "1.01"}, "continue_repeat_14d"),
        ({"ggt": "1.01"}, "continue_repeat_14d"),
        ({"bilirubin": "1.01"}, "continue_repeat_14d"),
        ({"bilirubin": "2"}, "continue_repeat_14d"),
        ({"bilirubin": "2.01"}, "hold_repeat_7d"),
        ({"alt": "3"}, "continue_repeat_14d"),
        ({"alt": "3.01"}, "hold_repeat_7d"),
        ({"ast": "5"}, "hold_repeat_7d"),
        ({"ast": "5.01"}, "stop_hepatology"),
        ({"alp": "2", "ggt": "1"}, "continue_repeat_14d"),
        ({"alp": "2", "ggt": "1.01"}, "hold_imaging"),
        ({"alp": "1.99", "ggt": "9"}, "continue_repeat_14d"),
        # from the top: Hy's law before imaging before hepatology
        ({"alt": "6", "bilirubin": "2.1"}, "stop_hys_law"),
        ({"alt": "6", "bilirubin": "2.1", "alp": "2", "ggt": "2"}, "hold_imaging"),
        ({"alt": "6", "alp": "2", "ggt": "2"}, "hold_imaging"),
        ({"alt": "6", "bilirubin": "2"}, "stop_hepatology"),
    ],
)
def test_action(changed: dict[str, str], expected: str) -> None:
    assert action(times(**(NORMAL | changed)), RULES) == expected


def test_an_alp_without_a_ggt_is_not_called_harmless() -> None:
    alone = times(alp="2")
    assert action(alone, RULES) == "hold_imaging"
    lenient = replace(RULES, missing_ggt_counts_as_raised=False)
    assert action(alone, lenient) == "continue_repeat_14d"


def test_symptoms_hold_at_any_value() -> None:
    assert action(times(**NORMAL), RULES, has_symptoms=True) == "hold_symptoms"
    assert action(times(alt="1.5"), RULES, has_symptoms=True) == "hold_symptoms"
    assert action(times(alt="6"), RULES, has_symptoms=True) == "stop_hepatology"
    assert RULES.texts["hold_symptoms"].holds_dose


def test_a_widened_bile_duct_asks_for_imaging_at_any_value() -> None:
    assert action(times(**NORMAL), RULES, has_dilatation=True) == "hold_imaging"


def test_every_action_has_its_words() -> None:
    assert {code: text.holds_dose for code, text in RULES.texts.items()} == {
        "stop_hys_law": True,
        "hold_imaging": True,
        "stop_hepatology": True,
        "hold_repeat_7d": True,
        "hold_symptoms": True,
        "continue_repeat_14d": False,
        "continue": False,
    }
    assert RULES.texts["hold_repeat_7d"].repeat_days == 7
    assert RULES.texts["continue_repeat_14d"].repeat_days == 14
    assert RULES.texts["continue"].repeat_days is None
