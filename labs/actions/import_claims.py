"""From what a file says to what may be stored: checked, with every problem at its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from clinic.errors import Invalid
from clinic.models import Patient
from labs.actions.book import Book, Monitored
from labs.actions.checking import Window, checked
from labs.actions.recording import ReportClaim
from labs.intake.claims import NewResult, Problem, ResultClaim
from labs.intake.moments import Moment


@dataclass(frozen=True, slots=True)
class Context:
    """What holds for a whole file: the rules, the moment, its names for analytes and fields."""

    book: Book
    at: datetime
    analytes: Mapping[str, str]
    field_name: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a report comes from within its file."""

    patient: Patient
    laboratory: str
    identifier: str
    collected: Moment
    place: str
    is_cancelled: bool = False


def claim_of(
    source: Source, results: Sequence[ResultClaim], context: Context
) -> ReportClaim | list[Problem]:
    """The claim, or everything that is wrong with it."""
    window = Window.of(source.patient.birth_date, context.at)
    zone = source.patient.site.zone
    try:
        collected_at = source.collected.instant(zone)
        window.check(collected_at, "collected_at")
    except Invalid as error:
        return [_problem(error, source.place, context)]
    except OverflowError:
        message = "The calendar ends before this date."
        return [
            Problem(source.place, context.field_name("collected_at"), "date_unreadable", message)
        ]
    pairs: list[tuple[NewResult, Monitored | None]] = []
    problems: list[Problem] = []
    for result in results:
        try:
            new = new_result(result, collected_at, source, context)
            pairs.append((new, checked(new, window, context.book)))
        except Invalid as error:
            problems.append(_problem(error, result.place, context))
    if problems:
        return problems
    return ReportClaim(
        patient=source.patient,
        laboratory=source.laboratory,
        identifier=source.identifier,
        collected_at=collected_at,
        precision=source.collected.precision,
        status="cancelled" if source.is_cancelled else "final",
        results=tuple(pairs),
    )


def new_result(
    claim: ResultClaim, collected_at: datetime, source: Source, context: Context
) -> NewResult:
    """The result with its time, under our code where the file's mapping gives one."""
    observed_at = collected_at
    if claim.observed is not None and claim.observed.wall is not None:
        observed_at = claim.observed.instant(source.patient.site.zone)
    ours = context.analytes.get(claim.code)
    return NewResult(
        code=ours or claim.code,
        code_system="" if ours else claim.code_system,
        display=claim.display,
        comparator=claim.comparator,
        value=claim.value,
        value_text=claim.value_text,
        unit=claim.unit,
        lower_limit=claim.lower_limit,
        upper_limit=claim.upper_limit,
        status=claim.status,
        observed_at=observed_at,
    )


def _problem(error: Invalid, place: str, context: Context) -> Problem:
    return Problem(place, context.field_name(error.field), error.code, error.message)
