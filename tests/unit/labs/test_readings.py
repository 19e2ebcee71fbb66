"""Printed results."""

from __future__ import annotations

from decimal import Decimal

import pytest

from clinic.rules.errors import RuleError
from labs.rules.readings import Reading, read_value


@pytest.mark.parametrize(
    ("text", "comparator", "value"),
    [
        ("34", "", "34"),
        (" 0.2 ", "", "0.2"),
        ("<0.2", "<", "0.2"),
        ("< 5", "<", "5"),
        (">=2000", ">=", "2000"),
        (">2000", ">", "2000"),
        ("<=1.0", "<=", "1.0"),
        ("-1", "", "-1"),
        ("0.123456", "", "0.123456"),
    ],
)
def test_numbers_and_bounds(text: str, comparator: str, value: str) -> None:
    assert read_value(text) == Reading(Decimal(value), comparator)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "++",
        "positive",
        "1,2",
        "1.000,5",
        "1e5",
        "NaN",
        "Infinity",
        "<",
        "5<",
        "5 6",
        "0.1234567",
        "12345678901",
        "\u0663",
        ".5",
    ],
)
def test_anything_else_is_not_guessed(text: str) -> None:
    with pytest.raises(RuleError) as refusal:
        read_value(text)
    assert (refusal.value.code, refusal.value.field) == ("not_a_number", "value")
