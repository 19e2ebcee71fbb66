"""Running worked cases through the rules and saying which fail."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from clinic.rules.errors import RuleError
from courses.rules.contract import CASES


@dataclass(frozen=True, slots=True)
class Verdict:
    """One case: passed, or what was expected and what came."""

    id: str
    function: str
    passed: bool
    expected: Mapping[str, Any]
    got: Mapping[str, Any]
    differs: tuple[str, ...] = ()
    """The keys of `expected` that the answer lacks or gives otherwise."""


def judge(cases: Iterable[Mapping[str, Any]]) -> tuple[Verdict, ...]:
    """Each case with its verdict, in order.

    Raises ValueError for one without `fn`, `input`, `expected`, or with one of another kind.
    """
    return tuple(_judge_one(place, case) for place, case in enumerate(cases, 1))


def _judge_one(place: int, case: Mapping[str, Any]) -> Verdict:
    for key in ("fn", "input", "expected"):
        if key not in case:
            raise ValueError(f"case {place} has no “{key}”")
    if not isinstance(case["fn"], str):
        raise ValueError(f"case {place}: “fn” is not text")
    for key in ("input", "expected"):
        if not isinstance(case[key], Mapping):
            raise ValueError(f"case {place}: “{key}” is not a table")
    expected = case["expected"]
    got = _answer(case["fn"], case["input"])
    # A refusal passes only where one was expected; an unknown function never does.
    answered = case["fn"] in CASES and ("error" in expected or "error" not in got)
    differs = tuple(
        key for key, value in expected.items() if key not in got or not _same(got[key], value)
    )
    name = str(case.get("id", place))
    return Verdict(name, case["fn"], answered and not differs, expected, got, differs)


def _answer(function: str, given: Mapping[str, Any]) -> Mapping[str, Any]:
    rule = CASES.get(function)
    if rule is None:
        return {"error": "unknown_function"}
    try:
        return rule(given)
    except RuleError as error:
        return {"error": error.code, "field": error.field}
    except KeyError as error:
        return {"error": "value_missing", "field": str(error.args[0])}
    except (TypeError, AttributeError, ValueError, ArithmeticError, LookupError):
        # A key with a value of another kind than the contract says: this case fails, others go on.
        return {"error": "wrong_type"}


def _same(got: Any, expected: Any) -> bool:
    if isinstance(expected, list) and isinstance(got, list):
        return set(map(str, got)) == set(map(str, expected))
    if isinstance(expected, bool) or isinstance(got, bool) or expected is None or got is None:
        return got is expected
    try:
        return Decimal(str(got)) == Decimal(str(expected))
    except InvalidOperation:
        return bool(got == expected) or _same_instant(got, expected)


def _same_instant(got: Any, expected: Any) -> bool:
    """Whether both are moments with an offset, and the same one: 10:00Z is 12:00+02:00."""
    try:
        moments = [datetime.fromisoformat(str(one)) for one in (got, expected)]
    except ValueError:
        return False
    return all(one.tzinfo for one in moments) and moments[0] == moments[1]
