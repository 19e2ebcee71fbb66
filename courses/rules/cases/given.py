"""Reading the plain keys of a worked case: each of its kind, or refused by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from clinic.rules.errors import RuleError

Case = Mapping[str, Any]
Answer = dict[str, Any]
T = TypeVar("T")
# Nothing that is measured, counted or given here comes near it.
LARGEST: Final = 10**9
_PLAIN_NUMBER: Final = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?")


def decimal(case: Case, key: str) -> Decimal:
    """Raises RuleError `value_missing`, `not_a_number`."""
    number = optional_decimal(case, key)
    if number is None:
        raise RuleError("value_missing", key, f"“{key}” is missing.")
    return number


def optional_decimal(case: Case, key: str) -> Decimal | None:
    """Raises RuleError `not_a_number`, `out_of_range`."""
    given = case.get(key)
    if given is None:
        return None
    # `Decimal` itself takes more than a person would call a number: 1_000, NaN, other digits.
    if isinstance(given, bool) or not _PLAIN_NUMBER.fullmatch(str(given)):
        raise RuleError("not_a_number", key, f"“{key}” is not a number.")
    number = Decimal(str(given))
    if abs(number) > LARGEST:
        raise RuleError("out_of_range", key, f"“{key}” is too large.")
    return number


def whole(case: Case, key: str) -> int:
    """Raises RuleError `not_a_whole_number` besides those of `decimal`."""
    number = decimal(case, key)
    if number != number.to_integral_value():
        raise RuleError("not_a_whole_number", key, f"“{key}” is not a whole number.")
    return int(number)


def optional_whole(case: Case, key: str) -> int | None:
    return None if case.get(key) is None else whole(case, key)


def text(case: Case, key: str) -> str:
    """Raises RuleError `value_missing`, `wrong_type`."""
    given = case.get(key)
    if given is None:
        raise RuleError("value_missing", key, f"“{key}” is missing.")
    if not isinstance(given, str):
        raise RuleError("wrong_type", key, f"“{key}” is not text.")
    return given


def rows(case: Case, key: str) -> list[Any]:
    """Raises RuleError `value_missing`, `wrong_type`."""
    given = case.get(key)
    if given is None:
        raise RuleError("value_missing", key, f"“{key}” is missing.")
    if not isinstance(given, list):
        raise RuleError("wrong_type", key, f"“{key}” is not a list.")
    return given


def texts(case: Case, key: str) -> tuple[str, ...]:
    """A list of texts; an absent one is empty. Raises RuleError `wrong_type`."""
    found = rows(case, key) if case.get(key) is not None else []
    if not all(isinstance(one, str) for one in found):
        raise RuleError("wrong_type", key, f"“{key}” is not a list of texts.")
    return tuple(found)


def yes_no(case: Case, key: str) -> bool | None:
    """Raises RuleError `wrong_type` for anything but true, false and nothing."""
    given = case.get(key)
    if given is not None and not isinstance(given, bool):
        raise RuleError("wrong_type", key, f"“{key}” is neither true nor false.")
    return given


def parsed(read: Callable[[str], T], given: object, key: str) -> T:
    """Raises RuleError `not_a_date`."""
    try:
        return read(str(given))
    except ValueError:
        raise RuleError("not_a_date", key, f"“{key}” is not a date or time.") from None


def day(case: Case, key: str) -> date:
    return parsed(date.fromisoformat, text(case, key), key)


def days(case: Case, key: str) -> list[date]:
    return [parsed(date.fromisoformat, one, key) for one in rows(case, key)]


def instant(case: Case, key: str) -> datetime:
    """Raises RuleError `not_a_date`, `zone_missing` for a moment without offset."""
    found = parsed(datetime.fromisoformat, text(case, key), key)
    if found.tzinfo is None:
        raise RuleError("zone_missing", key, f"“{key}” has no offset.")
    return found


def zone(case: Case, key: str) -> ZoneInfo:
    """Raises RuleError `zone_unknown`."""
    name = text(case, key)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise RuleError("zone_unknown", key, f"“{name}” is not a time zone.") from None


def spoken(number: Decimal | None) -> str | None:
    """Without an exponent, so that it reads as it is written down."""
    return None if number is None else f"{number:f}"
