"""A result as a laboratory prints it: a number, or a bound that hides one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from clinic.rules.errors import RuleError

_PRINTED: Final = re.compile(
    r"(?P<comparator>[<>]=?)?\s*(?P<number>[+-]?\d{1,10}(\.\d{1,6})?)", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Reading:
    """`comparator` is empty for a measured number, else one of `<`, `<=`, `>`, `>=`."""

    value: Decimal
    comparator: str = ""


def read_value(text: str) -> Reading:
    """The number in a printed result.

    Raises RuleError `not_a_number` for words, `++`, exponents and decimal commas: a comma is a
    decimal sign in one country and separates thousands in another, so it is not guessed.
    """
    printed = _PRINTED.fullmatch(text.strip())
    if printed is None:
        raise RuleError("not_a_number", "value", "The value is not a number such as 12.5 or <0.2.")
    return Reading(Decimal(printed["number"]), printed["comparator"] or "")
