"""Grades of results, against their own limit or the patient's abnormal baseline."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final
from uuid import UUID

from django.db.models import F
from django.utils import timezone

from clinic.rules.errors import RuleError
from clinic.rules.reasons import stored
from labs.actions.book import Book, Monitored
from labs.models import MonitoringSubject, Precision, Report, Result
from labs.rules.analytes import exact
from labs.rules.finding_reasons import Measured, grade_reason, ungraded_reason
from labs.rules.grading import grade, multiple, reference

_MULTIPLE: Final = Decimal("0.0001")
_SETTLED: Final = frozenset({"final", "corrected"})
_FIELDS: Final = (
    "times_limit", "grade", "graded_against", "grading_id", "ungraded_reason", "policy_version",
    "why",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Amount:
    """A value and its own upper limit, in the analyte's own unit."""

    value: Decimal
    limit: Decimal | None


@dataclass(frozen=True, slots=True, order=True)
class FirstInfusion:
    """The local day and the instant at which a course's first infusion began."""

    on: date
    started_at: datetime

    def follows(self, panel: Report) -> bool:
        """Whether the panel was collected before it. Of one day only, blood is drawn first."""
        if panel.collected_precision == Precision.DAY:
            return panel.collected_on <= self.on
        return panel.collected_at <= self.started_at


@dataclass(frozen=True, slots=True)
class Baseline:
    """The last whole panel before the first infusion of a course, by analyte code."""

    first_infusion: FirstInfusion
    collected_at: datetime
    amounts: Mapping[str, Amount]


Baselines = Mapping[UUID, Sequence[Baseline]]


def baselines(patient_ids: Collection[UUID], book: Book) -> Baselines:
    """Every patient's baselines, one a course. Without an infusion there is none.

    When a course's first infusion began comes from what it last said of itself.
    """
    begun: dict[UUID, set[FirstInfusion]] = {}
    for subject in MonitoringSubject.objects.filter(patient_id__in=patient_ids):
        first = _first_infusion(subject.facts)
        if first is not None:
            begun.setdefault(subject.patient_id, set()).add(first)
    panels = _whole_panels(begun)
    return {
        patient_id: _of_patient(infusions, panels.get(patient_id, []), book)
        for patient_id, infusions in begun.items()
    }


def baseline_for(
    known: Sequence[Baseline], collected_on: date, collected_at: datetime
) -> Baseline | None:
    """The baseline that a collection is measured against: of the last course begun by then."""
    begun = [
        one
        for one in known
        if one.first_infusion.on <= collected_on and one.collected_at < collected_at
    ]
    return max(begun, key=lambda one: one.first_infusion, default=None)


def graded(row: Result, known: Monitored | None, baseline: Baseline | None, book: Book) -> None:
    """Write multiple, grade and what it was graded against, or why there is none, on the row."""
    row.times_limit = row.grade = row.grading = None
    row.graded_against = ""
    row.policy_version = book.grading.policy_version
    row.ungraded_reason = _not_gradable(row, known, book)
    if known is not None and not row.ungraded_reason:
        _grade(row, known, baseline, book)
    if row.ungraded_reason:
        row.why = stored(ungraded_reason(row.ungraded_reason, book.grading.content))


def _not_gradable(row: Result, known: Monitored | None, book: Book) -> str:
    if known is None:
        return "analyte_unknown"
    if known.rule.code not in book.table:
        return "analyte_not_graded"
    if row.value is None:
        return "value_missing"
    return "limit_missing" if row.upper_limit is None else ""


def _grade(row: Result, known: Monitored, baseline: Baseline | None, book: Book) -> None:
    if row.value is None or row.upper_limit is None:
        return
    if not row.comparator:
        quotient = row.value / row.upper_limit
        row.times_limit = quotient.quantize(_MULTIPLE, ROUND_HALF_UP)
    amounts = _amounts(row.value, row.upper_limit, row.unit, known, baseline)
    code = known.rule.code
    try:
        found = grade(**amounts, analyte=code, table=book.table, comparator=row.comparator)
    except RuleError as error:
        row.ungraded_reason = error.code
        return
    row.grade, row.graded_against, row.grading = found.grade, found.against, book.grading.row
    unit = row.unit if baseline is None else known.rule.units.canonical
    against = reference(*(amounts.get(name) for name in ("uln", "baseline", "baseline_uln")))
    measured = Measured(code, amounts["value"], unit, against)
    row.why = stored(grade_reason(measured, found, book.grading.content))


def reference_multiple(row: Result, baseline: Baseline | None, book: Book) -> Decimal | None:
    """The value over its limit or its abnormal baseline; of a bound (`>2000`), the bound's."""
    if row.value is None or row.upper_limit is None or row.analyte is None:
        return None
    known = book.analytes.get(row.analyte.code)
    if known is None or known.rule.code not in book.table:
        return None
    return multiple(**_amounts(row.value, row.upper_limit, row.unit, known, baseline))


def regrade(*, patient_ids: Collection[UUID], book: Book) -> int:
    """Grade the current results of these patients anew, after a baseline changed; rows changed."""
    known_baselines = baselines(patient_ids, book)
    changed = []
    rows = Result.objects.filter(patient_id__in=patient_ids).current().monitored()
    for row in rows.select_related("analyte", "report"):
        before = [getattr(row, name) for name in _FIELDS]
        known = book.analytes.get(row.analyte.code) if row.analyte else None
        graded(row, known, _baseline_of(row.report, known_baselines), book)
        if before != [getattr(row, name) for name in _FIELDS]:
            row.updated_at = timezone.now()
            changed.append(row)
    names = (name.removesuffix("_id") for name in _FIELDS)
    Result.objects.bulk_update(changed, (*names, "updated_at"))
    return len(changed)


def _baseline_of(report: Report, known: Baselines) -> Baseline | None:
    of_patient = known.get(report.patient_id, ())
    return baseline_for(of_patient, report.collected_on, report.collected_at)


def _amounts(
    value: Decimal, limit: Decimal, unit: str, known: Monitored, baseline: Baseline | None
) -> dict[str, Any]:
    """Value, limit and baseline in one unit: the row's own while there is no baseline."""
    amount = baseline.amounts.get(known.rule.code) if baseline else None
    if amount is None:
        return {"value": value, "uln": limit}
    return {
        "value": _canonical(value, unit, known),
        "uln": _canonical(limit, unit, known),
        "baseline": amount.value,
        "baseline_uln": amount.limit,
    }


def _canonical(value: Decimal, unit: str, known: Monitored) -> Decimal:
    return exact(value, unit, known.rule.units.canonical, known.rule.units)


def _first_infusion(facts: Mapping[str, Any]) -> FirstInfusion | None:
    """The first one in which any drug was given."""
    given = (
        FirstInfusion(
            date.fromisoformat(infusion["given_on"]), datetime.fromisoformat(infusion["started_at"])
        )
        for infusion in facts.get("infusions", ())
        if infusion.get("drug_given", True) and not infusion.get("entered_in_error", False)
    )
    return min(given, default=None)


def _whole_panels(patient_ids: Collection[UUID]) -> dict[UUID, list[Report]]:
    """Whole settled panels by patient, the latest first."""
    panels = (
        Report.objects.filter(patient_id__in=patient_ids, is_complete_liver_panel=True)
        .settled()
        .order_by(F("collected_at").desc(), "-id")
        .prefetch_related("results__analyte")
    )
    found: dict[UUID, list[Report]] = {}
    for panel in panels if patient_ids else ():
        found.setdefault(panel.patient_id, []).append(panel)
    return found


def _of_patient(
    begun: Collection[FirstInfusion], panels: Sequence[Report], book: Book
) -> list[Baseline]:
    known = []
    for first in sorted(begun):
        panel = next((panel for panel in panels if first.follows(panel)), None)
        if panel is not None:
            known.append(Baseline(first, panel.collected_at, _panel_amounts(panel, book)))
    return known


def _panel_amounts(panel: Report, book: Book) -> dict[str, Amount]:
    amounts = {}
    for row in panel.results.all():
        known = book.analytes.get(row.analyte.code) if row.analyte else None
        # A bound is no amount to measure against.
        if known and row.value is not None and not row.comparator and row.status in _SETTLED:
            limit = _canonical(row.upper_limit, row.unit, known) if row.upper_limit else None
            amounts[known.rule.code] = Amount(_canonical(row.value, row.unit, known), limit)
    return amounts
