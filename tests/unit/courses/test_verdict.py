"""Comparing answers with what was expected."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from courses.rules.contract import CASES
from courses.rules.verdict import judge


@pytest.mark.parametrize(
    ("expected", "got", "passed"),
    [
        ({"a": "35.0"}, {"a": "35"}, True),
        ({"a": "35.0"}, {"a": 35}, True),
        ({"a": "35.0"}, {"a": "35.1"}, False),
        ({"a": 1}, {"a": 1, "b": 2}, True),
        ({"a": 1, "b": 2}, {"a": 1}, False),
        ({"a": None}, {}, False),
        ({"a": None}, {"a": None}, True),
        ({"a": None}, {"a": 0}, False),
        ({"a": 0}, {"a": None}, False),
        ({"a": True}, {"a": True}, True),
        ({"a": True}, {"a": 1}, False),
        ({"a": 0}, {"a": False}, False),
        ({"a": ["x", "y"]}, {"a": ["y", "x"]}, True),
        ({"a": ["x", "y"]}, {"a": ["x"]}, False),
        ({"a": []}, {"a": []}, True),
        ({"a": ["x"]}, {"a": "x"}, False),
        ({"a": "2026-03-02T12:40:00-05:00"}, {"a": "2026-03-02T17:40:00+00:00"}, True),
        ({"a": "2026-03-02T17:40:00Z"}, {"a": "2026-03-02T17:40:00+00:00"}, True),
        ({"a": "2026-03-02T17:40:00Z"}, {"a": "2026-03-02T17:40:01+00:00"}, False),
        ({"a": "2026-03-02T17:40:00"}, {"a": "2026-03-02 17:40:00"}, False),
        ({"a": "2026-03-02"}, {"a": "2026-03-03"}, False),
        ({"a": "mild"}, {"a": "mild"}, True),
        ({"a": "mild"}, {"a": "none"}, False),
        ({}, {"a": 1}, True),
    ],
)
def test_same(
    monkeypatch: pytest.MonkeyPatch,
    expected: dict[str, Any],
    got: dict[str, Any],
    passed: bool,
) -> None:
    def rule(_: Mapping[str, Any]) -> dict[str, Any]:
        return got

    monkeypatch.setitem(CASES, "test", rule)
    (found,) = judge([{"id": "T-1", "fn": "test", "input": {}, "expected": expected}])
    assert (found.id, found.function, found.passed) == ("T-1", "test", passed)


@pytest.mark.parametrize(
    ("error", "answer"),
    [
        (KeyError("weight"), {"error": "value_missing", "field": "weight"}),
        (TypeError("x"), {"error": "wrong_type"}),
        (AttributeError("x"), {"error": "wrong_type"}),
        (ValueError("x"), {"error": "wrong_type"}),
        (ZeroDivisionError("x"), {"error": "wrong_type"}),
        (IndexError("x"), {"error": "wrong_type"}),
    ],
)
def test_a_case_that_breaks_a_rule_fails_alone(
    monkeypatch: pytest.MonkeyPatch, error: Exception, answer: dict[str, str]
) -> None:
    def rule(_: Mapping[str, Any]) -> dict[str, Any]:
        raise error

    monkeypatch.setitem(CASES, "test", rule)
    case = {"fn": "test", "input": {}, "expected": {"a": 1}}
    broken, whole = judge([case, {**case, "fn": "due.add_months", "expected": {}}])
    assert (broken.id, broken.passed, broken.got) == ("1", False, answer)
    assert whole.id == "2"


def test_a_refusal_is_an_answer() -> None:
    case = {"fn": "sedation.level", "input": {"moaas": 9}}
    right, wrong = judge(
        [
            {**case, "expected": {"error": "out_of_range"}},
            {**case, "expected": {"error": "not_a_number"}},
        ]
    )
    assert (right.passed, wrong.passed) == (True, False)
    assert right.got == {"error": "out_of_range", "field": "moaas"}


def test_what_differs_is_named() -> None:
    given = {"weight_kg": "70", "mg_per_kg": "0.5"}
    expected = {"dose_mg": "35", "other": 1}
    (found,) = judge([{"fn": "dose.mg", "input": given, "expected": expected}])
    assert found.differs == ("other",)


def test_an_unknown_function_fails() -> None:
    (found,) = judge([{"fn": "dose.guess", "input": {}, "expected": {"dose_mg": "1"}}])
    assert (found.passed, found.got) == (False, {"error": "unknown_function"})


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ({"input": {}, "expected": {}}, "case 1 has no “fn”"),
        ({"fn": "x", "expected": {}}, "case 1 has no “input”"),
        ({"fn": "x", "input": {}}, "case 1 has no “expected”"),
        ({"fn": [], "input": {}, "expected": {}}, "case 1: “fn” is not text"),
        ({"fn": "x", "input": [], "expected": {}}, "case 1: “input” is not a table"),
        ({"fn": "x", "input": {}, "expected": 1}, "case 1: “expected” is not a table"),
    ],
)
def test_a_case_of_another_shape(case: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        judge([case])
