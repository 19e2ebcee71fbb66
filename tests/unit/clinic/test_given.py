"""Plain keys of a worked case: each of its kind, or refused by name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from clinic.rules import given
from clinic.rules.errors import RuleError


@pytest.mark.parametrize(
    ("value", "number"),
    [("70", "70"), (70, "70"), (0.5, "0.5"), ("-1.50", "-1.50"), ("1e-2", "0.01"), ("+3", "3")],
)
def test_numbers(value: object, number: str) -> None:
    assert given.decimal({"x": value}, "x") == Decimal(number)


@pytest.mark.parametrize(
    ("read", "value", "code"),
    [
        (given.decimal, None, "value_missing"),
        (given.decimal, "", "not_a_number"),
        (given.decimal, "seventy", "not_a_number"),
        (given.decimal, "70 kg", "not_a_number"),
        (given.decimal, "1_000", "not_a_number"),
        (given.decimal, "NaN", "not_a_number"),
        (given.decimal, float("nan"), "not_a_number"),
        (given.decimal, "Infinity", "not_a_number"),
        (given.decimal, "٣", "not_a_number"),
        (given.decimal, "1e9999", "not_a_number"),
        (given.decimal, "1e400", "out_of_range"),
        (given.decimal, "-1000000000.1", "out_of_range"),
        (given.decimal, True, "not_a_number"),
        (given.decimal, [], "not_a_number"),
        (given.decimal, {"1": 1}, "not_a_number"),
        pytest.param(given.decimal, 10**5000, "out_of_range", id="five thousand digits"),
        pytest.param(given.decimal, "1" * 500, "not_a_number", id="five hundred digits of text"),
        (given.decimal, 1_000_001, "out_of_range"),
        (given.decimal, "0.0000009", "out_of_range"),
        (given.amount, "-0.1", "out_of_range"),
        (given.amount, None, "value_missing"),
        (given.optional_amount, -1, "out_of_range"),
        (given.whole, "1.5", "not_a_whole_number"),
        (given.whole, None, "value_missing"),
        (given.optional_whole, "1.5", "not_a_whole_number"),
        (given.text, None, "value_missing"),
        (given.text, 1, "wrong_type"),
        (given.optional_text, 1, "wrong_type"),
        (lambda case, key: given.code(case, key, {"a": 1}), "b", "unknown_code"),
        (lambda case, key: given.code(case, key, {"a": 1}), None, "value_missing"),
        (lambda case, key: given.table(case[key], key), [], "wrong_type"),
        (given.rows, None, "value_missing"),
        (given.rows, "123", "wrong_type"),
        (given.texts, ["a", 1], "wrong_type"),
        (given.texts, "a", "wrong_type"),
        (given.texts, None, "value_missing"),
        (given.yes_no, "no", "wrong_type"),
        (given.yes_no, 0, "wrong_type"),
        (given.day, "2026-02-30", "not_a_date"),
        (given.day, None, "value_missing"),
        (given.day, "0026-11-23", "out_of_range"),
        (given.day, "2026-11-23 and more", "not_a_date"),
        (given.optional_day, "2200-01-01", "out_of_range"),
        (given.days, ["2026-02-30"], "not_a_date"),
        (given.days, [20260302], "wrong_type"),
        (given.instant, "noon", "not_a_date"),
        (given.instant, "2026-03-02T10:00:00", "zone_missing"),
        (given.instant, "9999-12-31T23:59:59Z", "out_of_range"),
        (given.zone, "Mars/Olympus", "zone_unknown"),
        (given.zone, "../etc/passwd", "zone_unknown"),
        (given.zone, "America", "zone_unknown"),
    ],
)
def test_refused(read: Callable[[given.Case, str], Any], value: object, code: str) -> None:
    with pytest.raises(RuleError) as refused:
        read({"x": value}, "x")
    assert (refused.value.code, refused.value.field) == (code, "x")


def test_what_is_read() -> None:
    case = {"n": "3", "t": "a", "l": ["a"], "y": False, "d": "2026-03-02", "z": "Asia/Tokyo"}
    assert given.whole(case, "n") == 3
    assert given.optional_whole(case, "n") == 3
    assert given.text(case, "t") == "a"
    assert given.texts(case, "l") == ("a",)
    assert given.yes_no(case, "y") is False
    assert given.code(case, "t", {"a": 7}) == 7
    assert given.table({"a": 1}, "x") == {"a": 1}
    assert given.required({"a": None}, "a") is None
    assert given.day(case, "d") == date(2026, 3, 2)
    assert given.optional_day(case, "d") == date(2026, 3, 2)
    assert given.days({"p": ["2026-03-02"]}, "p") == [date(2026, 3, 2)]
    assert given.zone(case, "z").key == "Asia/Tokyo"
    found = given.instant({"i": "2026-03-02T10:00:00-05:00"}, "i")
    assert found.isoformat() == "2026-03-02T10:00:00-05:00"
    assert given.moment({"i": "2026-03-02T10:00"}, "i").isoformat() == "2026-03-02T10:00:00"
    assert str(given.amount({"x": "-0.0"}, "x")) == "0.0"
    assert given.optional_amount({"x": "0.000001"}, "x") == Decimal("0.000001")
    assert given.decimal({"x": -1_000_000}, "x") == -1_000_000


def test_what_may_be_absent() -> None:
    assert given.optional_decimal({}, "x") is None
    assert given.optional_whole({}, "x") is None
    assert given.optional_amount({}, "x") is None
    assert given.optional_text({}, "x") is None
    assert given.optional_day({"x": None}, "x") is None
    assert given.yes_no({}, "x") is None


def test_numbers_are_spoken_without_exponents() -> None:
    assert given.spoken(Decimal("1E+2")) == "100"
    assert given.spoken(Decimal("0.70")) == "0.70"
    assert given.spoken(None) is None


def test_a_key_that_must_be_there() -> None:
    with pytest.raises(RuleError) as refused:
        given.required({}, "x")
    assert (refused.value.code, refused.value.field) == ("value_missing", "x")
