"""Liver results to CTCAE grades, against the row's own upper limit or an abnormal baseline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, Literal

from clinic.rules.content import Content, decimal_at, flag_at, table_at
from clinic.rules.errors import RuleError

_RATIO: Final = Decimal("0.0001")
_CENSORED: Final = frozenset({"<", "<=", ">", ">="})

Against = Literal["limit", "baseline"]


@dataclass(frozen=True, slots=True)
class Bounds:
    """Multiples of the limit (or of the baseline) between which an analyte's grades lie."""

    normal_floor: Decimal
    abnormal_floor: Decimal
    abnormal_floor_included: bool
    grade_2_above: Decimal
    grade_3_above: Decimal
    grade_4_above: Decimal


@dataclass(frozen=True, slots=True)
class Grade:
    """`ratio` to 0.0001 is for reading; the grade comes from exact comparison.

    `ratio` is None where the laboratory gave only a bound.
    """

    grade: int
    ratio: Decimal | None
    against: Against


@dataclass(frozen=True, slots=True)
class Reference:
    """The amount that a result is measured against, what it is, and the row's own limit."""

    amount: Decimal
    limit: Decimal
    against: Against


GradingTable = Mapping[str, Bounds]


def parse_grading(content: Content) -> GradingTable:
    """The table by analyte code from catalogue content."""
    analytes = table_at(content, "analytes")
    return {code: _bounds(table_at(analytes, code)) for code in analytes}


def grade(
    *,
    analyte: str,
    value: Decimal,
    uln: Decimal | None,
    table: GradingTable,
    baseline: Decimal | None = None,
    baseline_uln: Decimal | None = None,
    comparator: str = "",
) -> Grade:
    """Grade 0 to 4 of one result; value, limits and baseline in one unit.

    Against the limit while the baseline was within its own limit (`baseline_uln`, else `uln`),
    against the baseline otherwise. Upper bounds belong to the lower grade.
    Source: CTCAE v5, WJH113465 (10.4254/wjh.v18.i1.113465); GGT as ALP, PMC8807695 table 3.
    Raises RuleError `analyte_not_graded`, `limit_missing`, `value_impossible`, `censored_value`
    (`>x`, or `<x` with x above the limit, says too little), `comparator_unknown`.
    """
    bounds = table.get(analyte)
    if bounds is None:
        raise RuleError("analyte_not_graded", "analyte", f"{analyte} has no grades.")
    _check_amounts(value=value, baseline=baseline)
    against = reference(uln, baseline, baseline_uln)
    if comparator:
        return _censored(comparator, value, against)
    return Grade(
        grade=_grade(value, against, bounds),
        ratio=(value / against.amount).quantize(_RATIO, ROUND_HALF_UP),
        against=against.against,
    )


def reference(
    uln: Decimal | None, baseline: Decimal | None = None, baseline_uln: Decimal | None = None
) -> Reference:
    """The limit while the baseline was within its own one, else the baseline.

    Raises RuleError `limit_missing`.
    """
    limit = _above_nothing(uln, "uln")
    own_limit = limit if baseline_uln is None else _above_nothing(baseline_uln, "baseline_uln")
    if baseline is None or baseline <= own_limit:
        return Reference(limit, limit, "limit")
    return Reference(baseline, limit, "baseline")


def _above_nothing(limit: Decimal | None, field: str) -> Decimal:
    if limit is None or limit <= 0:
        raise RuleError("limit_missing", field, "Without its upper limit a result has no grade.")
    return limit


def multiple(
    value: Decimal,
    uln: Decimal | None,
    baseline: Decimal | None = None,
    baseline_uln: Decimal | None = None,
) -> Decimal:
    """`value` over its reference, not rounded. Raises RuleError `limit_missing`."""
    return value / reference(uln, baseline, baseline_uln).amount


def _bounds(content: Content) -> Bounds:
    return Bounds(
        normal_floor=decimal_at(content, "normal_floor"),
        abnormal_floor=decimal_at(content, "abnormal_floor"),
        abnormal_floor_included=flag_at(content, "abnormal_floor_included"),
        grade_2_above=decimal_at(content, "grade_2_above"),
        grade_3_above=decimal_at(content, "grade_3_above"),
        grade_4_above=decimal_at(content, "grade_4_above"),
    )


def _check_amounts(**amounts: Decimal | None) -> None:
    for field, amount in amounts.items():
        if amount is not None and amount < 0:
            raise RuleError("value_impossible", field, "A result cannot be below zero.")


def _censored(comparator: str, value: Decimal, reference: Reference) -> Grade:
    if comparator not in _CENSORED:
        raise RuleError("comparator_unknown", "comparator", f"“{comparator}” is not a comparator.")
    if comparator.startswith("<") and value <= min(reference.limit, reference.amount):
        return Grade(grade=0, ratio=None, against=reference.against)
    raise RuleError(
        "censored_value", "value", f"“{comparator}{value}” is a bound: it says too little to grade."
    )


def _grade(value: Decimal, reference: Reference, bounds: Bounds) -> int:
    # Products, not quotients: 3.0 times the limit must be exactly that.
    above = (bounds.grade_2_above, bounds.grade_3_above, bounds.grade_4_above)
    higher = sum(value > bound * reference.amount for bound in above)
    if higher:
        return 1 + higher
    return int(_reaches_grade_1(value, reference, bounds))


def _reaches_grade_1(value: Decimal, reference: Reference, bounds: Bounds) -> bool:
    if reference.against == "limit":
        return value > bounds.normal_floor * reference.amount
    floor = bounds.abnormal_floor * reference.amount
    return value > floor or (bounds.abnormal_floor_included and value == floor)
