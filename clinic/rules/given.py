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
# Nothing that is measured, counted or given here comes near them; between them any product and
# any quotient keeps all its digits.
LARGEST: Final = Decimal(10**6)
SMALLEST: Final = Decimal("0.000001")
# No patient's day lies outside, and no sum of a day and a period leaves the calendar.
YEARS: Final = range(1900, 2200)
_PLAIN_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,400}(\.[0-9]{1,400})?([eE][+-]?[0-9]{1,3})?")


def required(case: Case, key: str) -> object:
    """What stands under `key`, which may be null but must be there.

    Raises RuleError `value_missing`.
    """
    if key not in case:
        raise missing(key)
    return case[key]


def missing(key: str) -> RuleError:
    return RuleError("value_missing", key, f"“{key}” is missing.")


def decimal(case: Case, key: str) -> Decimal:
    """Raises RuleError `value_missing`, `not_a_number`, `out_of_range`."""
    number = optional_decimal(case, key)
    if number is None:
        raise missing(key)
    return number


def optional_decimal(case: Case, key: str) -> Decimal | None:
    """Raises RuleError `not_a_number`, `out_of_range`."""
    given = case.get(key)
    if given is None:
        return None
    # `Decimal` itself takes more than a person would call a number: 1_000, NaN, other digits.
    is_written = isinstance(given, str | float | Decimal)
    if isinstance(given, int) and not isinstance(given, bool):
        number = Decimal(given)
    elif is_written and _PLAIN_NUMBER.fullmatch(str(given)):
        number = Decimal(str(given))
    else:
        raise RuleError("not_a_number", key, f"“{key}” is not a number.")
    if abs(number) > LARGEST:
        raise RuleError("out_of_range", key, f"“{key}” is too large.")
    if number != 0 and abs(number) < SMALLEST:
        raise RuleError("out_of_range", key, f"“{key}” is too small.")
    return number


def amount(case: Case, key: str) -> Decimal:
    """A measured amount: nothing or more. Raises RuleError as `decimal`."""
    return _not_negative(decimal(case, key), key)


def optional_amount(case: Case, key: str) -> Decimal | None:
    number = optional_decimal(case, key)
    return None if number is None else _not_negative(number, key)


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
    given = optional_text(case, key)
    if given is None:
        raise missing(key)
    return given


def optional_text(case: Case, key: str) -> str | None:
    """Raises RuleError `wrong_type`."""
    given = case.get(key)
    if given is not None and not isinstance(given, str):
        raise RuleError("wrong_type", key, f"“{key}” is not text.")
    return given


def code(case: Case, key: str, known: Mapping[str, T]) -> T:
    """What a code stands for. Raises RuleError `unknown_code` besides those of `text`."""
    given = text(case, key)
    if given not in known:
        raise RuleError("unknown_code", key, f"“{given}” is not known as “{key}”.")
    return known[given]


def rows(case: Case, key: str) -> list[Any]:
    """Raises RuleError `value_missing`, `wrong_type`."""
    given = case.get(key)
    if given is None:
        raise missing(key)
    if not isinstance(given, list):
        raise RuleError("wrong_type", key, f"“{key}” is not a list.")
    return given


def texts(case: Case, key: str) -> tuple[str, ...]:
    """A list of texts. Raises RuleError `value_missing`, `wrong_type`."""
    found = rows(case, key)
    if not all(isinstance(one, str) for one in found):
        raise RuleError("wrong_type", key, f"“{key}” is not a list of texts.")
    return tuple(found)


def table(given: object, key: str) -> Case:
    """Raises RuleError `wrong_type`."""
    if not isinstance(given, Mapping):
        raise RuleError("wrong_type", key, f"“{key}” is not a table.")
    return given


def yes_no(case: Case, key: str) -> bool | None:
    """Raises RuleError `wrong_type` for anything but true, false and nothing."""
    given = case.get(key)
    if given is not None and not isinstance(given, bool):
        raise RuleError("wrong_type", key, f"“{key}” is neither true nor false.")
    return given


def parsed(read: Callable[[str], T], given: object, key: str) -> T:
    """Raises RuleError `wrong_type`, `not_a_date`."""
    if not isinstance(given, str):
        raise RuleError("wrong_type", key, f"“{key}” is not text.")
    try:
        return read(given)
    except ValueError:
        raise RuleError("not_a_date", key, f"“{key}” is not a date or time.") from None


def day(case: Case, key: str) -> date:
    """Raises RuleError `not_a_date`, `out_of_range` besides those of `text`."""
    return read_day(text(case, key), key)


def optional_day(case: Case, key: str) -> date | None:
    return None if case.get(key) is None else day(case, key)


def days(case: Case, key: str) -> list[date]:
    return [read_day(one, key) for one in rows(case, key)]


def read_day(given: object, key: str) -> date:
    return _of_our_time(parsed(date.fromisoformat, given, key), key)


def instant(case: Case, key: str) -> datetime:
    """Raises RuleError `zone_missing` without an offset, besides those of `moment`."""
    found = moment(case, key)
    if found.tzinfo is None:
        raise RuleError("zone_missing", key, f"“{key}” has no offset.")
    return found


def moment(case: Case, key: str) -> datetime:
    """With an offset or without. Raises RuleError `not_a_date`, `out_of_range`."""
    return _of_our_time(parsed(datetime.fromisoformat, text(case, key), key), key)


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


def _not_negative(number: Decimal, key: str) -> Decimal:
    if number < 0:
        raise RuleError("out_of_range", key, f"“{key}” cannot be below nothing.")
    # A nought has no sign.
    return abs(number)


DayOrMoment = TypeVar("DayOrMoment", date, datetime)


def _of_our_time(found: DayOrMoment, key: str) -> DayOrMoment:
    if found.year not in YEARS:
        raise RuleError("out_of_range", key, f"The year {found.year} cannot be meant.")
    return found
