"""What is wrong with a result before it may be stored. Sentences never repeat the value."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final

from clinic.errors import Invalid
from clinic.rules.errors import RuleError
from labs.actions.book import Book, Monitored
from labs.intake.claims import NewResult
from labs.models import ResultStatus
from labs.rules.analytes import canonical

# Clocks of other houses run ahead; more than a day is no clock.
SKEW: Final = timedelta(hours=24)
# Later outranks earlier, in whatever order they arrive.
RANK: Final = {
    ResultStatus.PRELIMINARY.value: 1,
    ResultStatus.FINAL.value: 2,
    ResultStatus.CORRECTED.value: 3,
    ResultStatus.CANCELLED.value: 4,
    ResultStatus.ENTERED_IN_ERROR.value: 4,
}
WITHDRAWN: Final = frozenset({"cancelled", "entered_in_error"})
_COMPARATORS: Final = frozenset({"", "<", "<=", ">", ">="})
_LENGTHS: Final = {"code": 60, "code_system": 60, "display": 200, "value_text": 400, "unit": 40}
_BEYOND: Final = Decimal(10) ** 10
_FINEST: Final = Decimal("0.000001")
_LARGEST_MULTIPLE: Final = Decimal(100_000)


@dataclass(frozen=True, slots=True)
class Window:
    """The days in which something of this patient may have been collected."""

    born_on: date
    latest: datetime

    @staticmethod
    def of(born_on: date, at: datetime) -> Window:
        return Window(born_on, at + SKEW)

    def check(self, moment: datetime, field: str) -> None:
        """Raises Invalid `zone_missing`, `future_dated`, `before_birth`."""
        if moment.tzinfo is None:
            raise Invalid("zone_missing", "The time needs its time zone.", field)
        if moment > self.latest:
            raise Invalid("future_dated", "The time of collection lies in the future.", field)
        # Nobody's zone is more than a day away, so a newborn's first sample is never refused.
        born_at = datetime(self.born_on.year, self.born_on.month, self.born_on.day, tzinfo=UTC)
        if moment < born_at - SKEW:
            raise Invalid(
                "before_birth", "The time of collection lies before the patient's birth.", field
            )


def checked(new: NewResult, window: Window, book: Book) -> Monitored | None:
    """The analyte of a result that may be stored; None where no rule knows it.

    Raises Invalid with the field of NewResult that is wrong.
    """
    _check_form(new)
    window.check(new.observed_at, "observed_at")
    known = book.find(new.code, new.code_system)
    if new.status in WITHDRAWN:
        return known
    _check_numbers(new)
    if known is None:
        if new.value is None and not new.value_text.strip():
            raise Invalid("value_missing", "The value is missing.", "value")
        return None
    _check_monitored(new, known, is_graded=known.rule.code in book.table)
    return known


def _check_form(new: NewResult) -> None:
    if not new.code.strip():
        raise Invalid("code_missing", "The result does not say what was measured.", "code")
    for name, longest in _LENGTHS.items():
        if len(getattr(new, name)) > longest:
            raise Invalid("text_too_long", f"At most {longest} characters.", name)
    if new.status not in RANK:
        raise Invalid("status_unknown", "The status of the result is unknown.", "status")
    if new.comparator not in _COMPARATORS:
        raise Invalid("comparator_unknown", "Use <, <=, > or >=.", "comparator")


def _check_numbers(new: NewResult) -> None:
    for name in ("value", "lower_limit", "upper_limit"):
        _check_number(getattr(new, name), name)
    if new.upper_limit is not None and new.upper_limit <= 0:
        raise Invalid("limit_not_positive", "The upper limit must be above zero.", "upper_limit")
    lower, upper = new.lower_limit, new.upper_limit
    if lower is not None and upper is not None and lower > upper:
        message = "The lower limit lies above the upper one."
        raise Invalid("limits_reversed", message, "lower_limit")


def _check_number(number: Decimal | None, field: str) -> None:
    if number is None:
        return
    if not number.is_finite():
        raise Invalid("not_a_number", "This is not a number.", field)
    if abs(number) >= _BEYOND or number != number.quantize(_FINEST):
        raise Invalid("too_many_digits", "At most 10 digits before the point, 6 after.", field)


def _check_monitored(new: NewResult, known: Monitored, *, is_graded: bool) -> None:
    title = known.rule.title
    if new.value is None:
        code = "not_a_number" if new.value_text.strip() else "value_missing"
        raise Invalid(code, f"{title} needs a number.", "value")
    if new.value < 0:
        raise Invalid("negative", f"{title} cannot be below zero.", "value")
    _check_amount(new.value, new.unit, known)
    if not is_graded:
        return
    if new.upper_limit is None:
        raise Invalid(
            "limit_missing", f"{title} says nothing without its upper limit.", "upper_limit"
        )
    if new.value / new.upper_limit > _LARGEST_MULTIPLE:
        raise Invalid("limit_impossible", "This upper limit is not possible.", "upper_limit")


def _check_amount(value: Decimal, unit: str, known: Monitored) -> None:
    """Unit and value together: whether the amount is one that a living person can have."""
    title, units = known.rule.title, known.rule.units.units
    try:
        canonical(value, unit, known.rule)
    except RuleError as error:
        names = ", ".join(one.code for one in units)
        sentences = {
            "unit_missing": f"{title} needs its unit: {names}.",
            "unit_unknown": f"The unit is not one of {title}: {names}.",
            "value_impossible": f"This {title} is not possible. Check the value and its unit.",
        }
        raise Invalid(error.code, sentences[error.code], error.field) from None
