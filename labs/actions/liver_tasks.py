"""What liver results ask of a prescriber, opened in the transaction of the results."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import Exists, OuterRef, Prefetch

from clinic.models import Role
from labs.actions.book import Book
from labs.actions.grades import Baseline, Baselines, baseline_for, reference_multiple
from labs.actions.tasks import open_task
from labs.models import Report, Result
from labs.rules.liver import Multiples, action

_STOPS = "stop_"
_FIELD_OF = {"ALT": "alt", "AST": "ast", "ALP": "alp", "GGT": "ggt", "TBILI": "bilirubin"}


def open_liver_tasks(
    *, report_ids: Collection[UUID], book: Book, baselines: Baselines, at: datetime
) -> int:
    """A task for every report that holds or stops the dose; how many there are now.

    A report older than another whole panel of the patient asks nothing by itself any more: the
    newer panel speaks. Preliminary results count, because waiting for the final one is a risk.
    """
    opened = 0
    for report in _latest(report_ids):
        known = baselines.get(report.patient_id, ())
        baseline = baseline_for(known, report.collected_on, report.collected_at)
        code = action(multiples_of(report.results.all(), baseline, book), book.liver)
        if book.liver.texts[code].holds_dose:
            _open(report, code, book, at)
            opened += 1
    return opened


def _latest(report_ids: Collection[UUID]) -> Iterable[Report]:
    newer = Report.objects.settled().filter(
        patient=OuterRef("patient"),
        is_complete_liver_panel=True,
        collected_at__gt=OuterRef("collected_at"),
    )
    rows = Result.objects.current().monitored().select_related("analyte")
    return (
        Report.objects.current()
        .filter(~Exists(newer), pk__in=report_ids)
        .prefetch_related(Prefetch("results", queryset=rows))
    )


def multiples_of(rows: Iterable[Result], baseline: Baseline | None, book: Book) -> Multiples:
    """The highest multiple of each analyte: one report may hold it by two methods.

    Of a bound (`>2000`) it is the bound's own: for what to do, at least that much is certain.
    """
    found: dict[str, Decimal] = {}
    for row in rows:
        name = _FIELD_OF.get(row.analyte.code) if row.analyte else None
        multiple = reference_multiple(row, baseline, book)
        if name and multiple is not None:
            found[name] = max(multiple, found.get(name, multiple))
    return Multiples(**found)


def _open(report: Report, code: str, book: Book, at: datetime) -> None:
    open_task(
        site_id=report.site_id,
        patient_id=report.patient_id,
        kind=code,
        role=Role.PRESCRIBER,
        title=f"{book.liver.texts[code].title} (collected {report.collected_on})"[:200],
        due_at=at,
        dedup_key=f"liver:{report.pk}:{code}",
        subject_id=report.pk,
        is_urgent=code.startswith(_STOPS),
    )
