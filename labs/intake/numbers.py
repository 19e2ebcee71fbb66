"""Values and limits as laboratories write them, to exact numbers or a plain refusal."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from clinic.rules.errors import RuleError
from labs.intake.claims import ReadError
from labs.rules.readings import Reading, read_value

_NUMBER: Final = r"[0-9]{1,10}(?:\.[0-9]{1,6})?"
_RANGE: Final = re.compile(rf"({_NUMBER})\s*(?:-|–|to)\s*({_NUMBER})\s*(.*)")
_BOUND: Final = re.compile(rf"(<=|>=|<|>)\s*({_NUMBER})\s*(.*)")
_SIGNS: Final = str.maketrans({"≤": "<=", "≥": ">="})


@dataclass(frozen=True, slots=True)
class Limits:
    """A reference range; either end may be missing."""

    lower: Decimal | None = None
    upper: Decimal | None = None


def measured(text: str) -> Reading:
    """`27`, `<0.2`, `>= 2000`.

    Raises ReadError `value_missing`, or `not_a_number` for words, exponents, NaN and infinity.
    """
    if not text.strip():
        raise ReadError("value_missing", "The value is missing.")
    try:
        return read_value(text.translate(_SIGNS))
    except RuleError as error:
        raise ReadError(error.code, error.message) from None


def number(text: str) -> Decimal | None:
    """A plain number, or None for nothing. Raises ReadError `not_a_number`."""
    if not text.strip():
        return None
    found = measured(text)
    if found.comparator:
        raise ReadError("not_a_number", "A limit is a plain number.")
    return found.value


def reference_range(text: str, unit: str = "") -> Limits:
    """`6-34`, `<34`, `>5`, also followed by the result's own unit; anything else says nothing.

    A range in another unit is no limit of this value, so it is not read.
    """
    plain = text.strip().translate(_SIGNS)
    both, bound = _RANGE.fullmatch(plain), _BOUND.fullmatch(plain)
    if both and _fits(both[3], unit):
        return Limits(Decimal(both[1]), Decimal(both[2]))
    if bound and _fits(bound[3], unit):
        limit = Decimal(bound[2])
        return Limits(upper=limit) if bound[1].startswith("<") else Limits(lower=limit)
    return Limits()


def _fits(rest: str, unit: str) -> bool:
    return not rest or rest.casefold() == unit.strip().casefold()
