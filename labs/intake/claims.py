"""What a laboratory says, before anybody checks it against what we know."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from labs.intake.moments import Moment


class ReadError(ValueError):
    """Something that cannot be read: a stable code, the place and field, a sentence for people.

    The sentence never repeats what stood there, because it may be a person's.
    """

    def __init__(self, code: str, message: str, *, field: str = "", place: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field
        self.place = place


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing refused (or, with `is_refusal` off, passed over), and where it stood."""

    place: str
    field: str
    code: str
    message: str
    is_refusal: bool = True

    @staticmethod
    def of(error: ReadError, place: str = "", field: str = "") -> Problem:
        return Problem(error.place or place, error.field or field, error.code, error.message)


@dataclass(frozen=True, slots=True)
class NewResult:
    """One result as it was sent. `value` is None where there is only `value_text`, or nothing.

    `status` is final, preliminary, corrected, cancelled or entered_in_error; limits are in `unit`.
    """

    code: str
    code_system: str
    display: str
    comparator: str
    value: Decimal | None
    value_text: str
    unit: str
    lower_limit: Decimal | None
    upper_limit: Decimal | None
    status: str
    observed_at: datetime


@dataclass(frozen=True, slots=True)
class Claimed:
    """Whom a file means: record numbers, and what else it says of the person."""

    record_numbers: tuple[str, ...]
    birth_date: date | None = None
    family_name: str = ""


@dataclass(frozen=True, slots=True)
class ResultClaim:
    """One result and where it stood. `observed` is None where only the report has a time."""

    place: str
    code: str
    code_system: str
    display: str
    comparator: str
    value: Decimal | None
    value_text: str
    unit: str
    lower_limit: Decimal | None
    upper_limit: Decimal | None
    status: str
    observed: Moment | None = None
