"""What laboratories and urinary checks say of a patient, assembled once for page and API."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import Count, F, Max, Prefetch, Q

from clinic.models import Patient
from clinic.querysets import Viewer
from clinic.rules.errors import RuleError
from clinic.rules.reasons import stored
from labs.actions.book import Book, load_book
from labs.actions.grades import Baseline, baseline_for, baselines
from labs.actions.liver_tasks import multiples_of
from labs.models import CURRENT, Report, Result, UrinaryCheck
from labs.rules.finding_reasons import action_reason
from labs.rules.gu import UrinaryRules, parse_urinary
from labs.rules.liver import Pattern, action, is_possible_hys_law, pattern


@dataclass(frozen=True, slots=True)
class ResultValue:
    """One current result. `analyte` is empty for a code that no rule knows."""

    result_id: UUID
    analyte: str
    name: str
    comparator: str
    value: Decimal | None
    value_text: str
    unit: str
    lower_limit: Decimal | None
    upper_limit: Decimal | None
    times_limit: Decimal | None
    grade: int | None
    graded_against: str
    ungraded_reason: str
    status: str
    replaces_id: UUID | None
    why: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class LiverPoint:
    """One report. `pattern` is empty where ALT and ALP do not both say something."""

    report_id: UUID
    laboratory: str
    collected_at: datetime
    collected_on: date
    precision: str
    status: str
    is_complete: bool
    is_reviewed: bool
    values: tuple[ResultValue, ...]
    highest_grade: int | None
    ratio: Decimal | None
    pattern: str
    action: str
    action_title: str
    holds_dose: bool
    is_possible_hys_law: bool
    why: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class UrinaryPoint:
    """One check with the symptoms that were there."""

    check_id: UUID
    checked_at: datetime
    checked_on: date
    level: int
    title: str
    holds_dose: bool
    symptoms: tuple[tuple[str, int], ...]
    visible_haematuria: bool
    retention: bool
    infection_suspected: bool
    status: str
    why: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class UnreviewedReport:
    """One line of the queue. `unknown_codes`: results that no rule knows and nobody graded."""

    report_id: UUID
    patient_id: UUID
    patient_name: str
    laboratory: str
    collected_on: date
    status: str
    source: str
    highest_grade: int | None
    unknown_codes: int


def liver_history(*, patient: Patient, on: date) -> tuple[LiverPoint, ...]:
    """Every current report with a liver result, oldest first; the same queries for any number.

    What a report asks for is said by the rules that count at the site on its day `on`.
    """
    book = load_book(site_id=patient.site_id, on=on)
    rows = Result.objects.current().select_related("analyte").order_by("analyte__code", "code")
    reports = (
        Report.objects.for_patient(patient.pk)
        .current()
        .filter(results__analyte__isnull=False, results__status__in=CURRENT)
        .distinct()
        .order_by("collected_at", "id")
        .prefetch_related(Prefetch("results", queryset=rows))
    )
    known = baselines([patient.pk], book).get(patient.pk, ())
    return tuple(
        _liver_point(report, baseline_for(known, report.collected_on, report.collected_at), book)
        for report in reports
    )


def urinary_history(*, patient_id: UUID) -> tuple[UrinaryPoint, ...]:
    """Every current check, oldest first, each read by the rule that levelled it."""
    checks = (
        UrinaryCheck.objects.for_patient(patient_id)
        .current()
        .select_related("rule")
        .order_by("checked_at", "id")
    )
    rules: dict[UUID, UrinaryRules] = {}
    points = []
    for check in checks:
        if check.rule_id not in rules:
            rules[check.rule_id] = parse_urinary(check.rule.content)
        points.append(_urinary_point(check, rules[check.rule_id]))
    return tuple(points)


def unreviewed_reports(*, user: Viewer, site_id: UUID) -> tuple[UnreviewedReport, ...]:
    """Reports that nobody has reviewed, the worst and then the oldest first."""
    current = Q(results__status__in=CURRENT)
    reports = (
        Report.objects.visible_to(user, "results.view")
        .of_site(site_id)
        .unreviewed()
        .select_related("patient")
        .annotate(
            highest_grade=Max("results__grade", filter=current),
            unknown_codes=Count(
                "results", filter=current & Q(results__analyte__isnull=True), distinct=True
            ),
        )
        .order_by(F("highest_grade").desc(nulls_last=True), "collected_at", "id")
    )
    return tuple(
        UnreviewedReport(
            report_id=report.pk,
            patient_id=report.patient_id,
            patient_name=str(report.patient),
            laboratory=report.laboratory,
            collected_on=report.collected_on,
            status=report.status,
            source=report.source,
            highest_grade=report.highest_grade,
            unknown_codes=report.unknown_codes,
        )
        for report in reports
    )


def _liver_point(report: Report, baseline: Baseline | None, book: Book) -> LiverPoint:
    rows = report.results.all()
    found = multiples_of(rows, baseline, book)
    code = action(found, book.liver)
    values = tuple(_value(row) for row in rows)
    shape = _pattern(rows, book)
    return LiverPoint(
        report_id=report.pk,
        laboratory=report.laboratory,
        collected_at=report.collected_at,
        collected_on=report.collected_on,
        precision=report.collected_precision,
        status=report.status,
        is_complete=report.is_complete_liver_panel,
        is_reviewed=report.reviewed_at is not None,
        values=values,
        highest_grade=max((one.grade for one in values if one.grade is not None), default=None),
        ratio=shape.ratio if shape else None,
        pattern=shape.pattern if shape else "",
        action=code,
        action_title=book.liver.texts[code].title,
        holds_dose=book.liver.texts[code].holds_dose,
        is_possible_hys_law=is_possible_hys_law(found, book.liver),
        why=stored(action_reason(code, found, book.liver, book.liver_content)),
    )


def _value(row: Result) -> ResultValue:
    return ResultValue(
        result_id=row.pk,
        analyte=row.analyte.code if row.analyte else "",
        name=row.display or row.code,
        comparator=row.comparator,
        value=row.value,
        value_text=row.value_text,
        unit=row.unit,
        lower_limit=row.lower_limit,
        upper_limit=row.upper_limit,
        times_limit=row.times_limit,
        grade=row.grade,
        graded_against=row.graded_against,
        ungraded_reason=row.ungraded_reason,
        status=row.status,
        replaces_id=row.replaces_id,
        why=row.why,
    )


def _pattern(rows: Iterable[Result], book: Book) -> Pattern | None:
    """R and its pattern from measured values; a bound (`<5`) is none."""
    measured = {row.analyte.code: row for row in rows if row.analyte and not row.comparator}
    alt, alp = measured.get("ALT"), measured.get("ALP")
    if alt is None or alp is None:
        return None
    if None in (alt.value, alt.upper_limit, alp.value, alp.upper_limit):
        return None
    try:
        return pattern(
            alt=alt.value or Decimal(0),
            alt_uln=alt.upper_limit or Decimal(0),
            alp=alp.value or Decimal(0),
            alp_uln=alp.upper_limit or Decimal(0),
            rules=book.liver,
        )
    except RuleError:
        return None


def _urinary_point(check: UrinaryCheck, rules: UrinaryRules) -> UrinaryPoint:
    text = rules.texts[check.level]
    return UrinaryPoint(
        check_id=check.pk,
        checked_at=check.checked_at,
        checked_on=check.checked_on,
        level=check.level,
        title=text.title,
        holds_dose=text.holds_dose,
        symptoms=tuple(
            (title, check.severities[code])
            for code, title in rules.symptoms.items()
            if check.severities.get(code)
        ),
        visible_haematuria=check.visible_haematuria,
        retention=check.retention,
        infection_suspected=check.infection_suspected,
        status=check.status,
        why=check.why,
    )
