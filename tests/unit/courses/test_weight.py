"""Weight: plausible, recent, and which weight the dose goes by (A13)."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from clinic.rules.errors import RuleError
from courses.rules import defaults, weight

D = Decimal
RULES = defaults.gate().weight
IDEAL = defaults.ideal_weight()
DAY = date(2026, 3, 2)


@pytest.mark.parametrize("kg", ["30", "30.1", "70", "250"])
def test_a_person_can_weigh_that(kg: str) -> None:
    assert weight.require_plausible(D(kg), RULES) == D(kg)


@pytest.mark.parametrize(
    ("kg", "code"),
    [
        ("29.9", "weight_implausible"),
        ("250.1", "weight_implausible"),
        ("0", "not_positive"),
        ("-70", "not_positive"),
        ("NaN", "not_a_number"),
    ],
)
def test_a_person_cannot_weigh_that(kg: str, code: str) -> None:
    with pytest.raises(RuleError) as refused:
        weight.require_plausible(D(kg), RULES)
    assert (refused.value.code, refused.value.field) == (code, "weight_kg")


@pytest.mark.parametrize(
    ("kg", "last", "codes"),
    [
        ("40", None, ()),
        ("39.9", None, ("weight_unusual",)),
        ("180", None, ()),
        ("180.1", None, ("weight_unusual",)),
        ("77.0", "70", ()),
        ("77.1", "70", ("weight_changed",)),
        ("63.0", "70", ()),
        ("62.9", "70", ("weight_changed",)),
        ("39", "70", ("weight_unusual", "weight_changed")),
    ],
)
def test_look_again(kg: str, last: str | None, codes: tuple[str, ...]) -> None:
    found = weight.needs_confirmation(D(kg), last_kg=D(last) if last else None, rules=RULES)
    assert found == codes


@pytest.mark.parametrize(
    ("days", "is_first", "stale"),
    [(0, True, False), (7, True, False), (8, True, True), (28, False, False), (29, False, True)],
)
def test_a_weight_ages(days: int, is_first: bool, stale: bool) -> None:
    on = DAY + timedelta(days=days)
    assert weight.is_stale(weighed_on=DAY, on=on, is_first=is_first, rules=RULES) is stale


@pytest.mark.parametrize(
    ("sex", "cm", "kg"),
    [
        ("M", "177.8", "73.0"),
        ("F", "177.8", "68.5"),
        ("M", "152.4", "50.0"),
        ("F", "152.4", "45.5"),
        ("female", "165.1", "57.0"),
        ("M", "180", "75.0"),
        # Below 60 inches the formula goes on downwards.
        ("F", "147.32", "40.9"),
    ],
)
def test_ideal_weight(sex: str, cm: str, kg: str) -> None:
    assert str(weight.ideal_kg(sex=sex, height_cm=D(cm), rules=IDEAL)) == kg


@pytest.mark.parametrize(
    ("sex", "cm", "code"),
    [
        ("X", "170", "sex_unknown"),
        ("", "170", "sex_unknown"),
        ("monthly", "170", "sex_unknown"),
        ("M", "0", "not_positive"),
        ("M", "99.9", "height_implausible"),
        ("F", "70", "height_implausible"),
        ("M", "250.1", "height_implausible"),
    ],
)
def test_no_ideal_weight(sex: str, cm: str, code: str) -> None:
    with pytest.raises(RuleError) as refused:
        weight.ideal_kg(sex=sex, height_cm=D(cm), rules=IDEAL)
    assert refused.value.code == code


def test_adjusted_weight_lies_two_fifths_above_the_ideal_one() -> None:
    found = weight.adjusted_kg(actual_kg=D(120), ideal=D(73), rules=IDEAL)
    assert found == D("91.8")


@pytest.mark.parametrize(
    ("kg", "cm", "bmi"), [("95", "177.8", "30.1"), ("70", "175", "22.9"), ("30", "250", "4.8")]
)
def test_body_mass_index(kg: str, cm: str, bmi: str) -> None:
    assert str(weight.body_mass_index(weight_kg=D(kg), height_cm=D(cm))) == bmi


def test_ideal_weight_is_shown_from_a_bmi_of_30() -> None:
    assert RULES.show_ideal_from_bmi == 30
