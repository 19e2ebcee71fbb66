"""Laboratory reports: recorded, corrected, withdrawn, reviewed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from clinic.actions.audit import record
from clinic.errors import Conflict, Invalid
from clinic.models import Patient, User
from clinic.rules.dates import today_local
from labs.actions.book import Book, Monitored, load_book
from labs.actions.checking import RANK, Window, checked
from labs.actions.grades import Baselines, baselines, regrade
from labs.actions.liver_tasks import open_liver_tasks
from labs.actions.recording import Recorded, Recorder, ReportClaim
from labs.actions.requirements import replan
from labs.intake.claims import NewResult
from labs.models import CURRENT, ImportRun, Precision, Report, ResultStatus

__all__ = [
    "NewResult",
    "Recorded",
    "after_recording",
    "check_report",
    "lock_patients",
    "record_report",
    "review_report",
    "withdraw_report",
]


@transaction.atomic
def record_report(
    *,
    patient: Patient,
    laboratory: str,
    identifier: str,
    collected_at: datetime,
    precision: str,
    status: str,
    results: Sequence[NewResult],
    source: str,
    by: User | None,
    run: ImportRun | None = None,
    at: datetime | None = None,
) -> Recorded:
    """Store what is new of one report; the same again stores nothing.

    Keyed by laboratory, its number for the report, patient, and code. A later status outranks an
    earlier one in whatever order they come: preliminary, final, corrected, cancelled. A report
    whose `status` is cancelled or entered_in_error, without results, withdraws all it had. Grades,
    requirements and tasks follow in the same transaction.
    Raises Invalid with the field, and with `index` in its details where one of `results` is wrong.
    """
    at = at or timezone.now()
    lock_patients([patient.pk])
    book = load_book(site_id=patient.site_id, on=today_local(at, patient.site.zone))
    known = baselines([patient.pk], book)
    claim = check_report(
        patient=patient,
        laboratory=laboratory,
        identifier=identifier,
        collected_at=collected_at,
        precision=precision,
        status=status,
        results=results,
        book=book,
        at=at,
    )
    recorder = Recorder(
        site=patient.site, source=source, by=by, run=run, book=book, baselines=known
    )
    [recorded] = recorder.write([claim])
    if recorded.stored:
        report_ids, patient_ids = {recorded.report.pk}, {patient.pk}
        after_recording(
            report_ids=report_ids, patient_ids=patient_ids, book=book, before=known, at=at
        )
    return recorded


def check_report(
    *,
    patient: Patient,
    laboratory: str,
    identifier: str,
    collected_at: datetime,
    precision: str,
    status: str,
    results: Sequence[NewResult],
    book: Book,
    at: datetime,
) -> ReportClaim:
    """A report that may be stored. Raises Invalid as `record_report` does."""
    for name, text, longest in (("laboratory", laboratory, 120), ("identifier", identifier, 200)):
        if not text.strip() or len(text) > longest:
            raise Invalid(f"{name}_missing", f"From 1 to {longest} characters.", name)
    if precision not in Precision.values:
        raise Invalid("precision_unknown", "The precision is minute or day.", "precision")
    if status not in RANK:
        raise Invalid("status_unknown", "The status of the report is unknown.", "status")
    window = Window.of(patient.birth_date, at)
    window.check(collected_at, "collected_at")
    return ReportClaim(
        patient=patient,
        laboratory=laboratory.strip(),
        identifier=identifier.strip(),
        collected_at=collected_at,
        precision=precision,
        status=status,
        results=tuple(_checked_results(results, window, book)),
    )


def _checked_results(
    results: Sequence[NewResult], window: Window, book: Book
) -> list[tuple[NewResult, Monitored | None]]:
    found: dict[str, tuple[NewResult, Monitored | None]] = {}
    for index, new in enumerate(results):
        try:
            known = checked(new, window, book)
            if new.code in found and found[new.code][0] != new:
                raise Invalid("repeated_code", "The same code stands twice in one report.", "code")
        except Invalid as error:
            error.details["index"] = index
            raise
        found[new.code] = (new, known)
    return list(found.values())


def lock_patients(patient_ids: Collection[UUID]) -> None:
    """Writers of one patient take turns; in one order, so that two never wait for each other."""
    rows = Patient.objects.select_for_update(no_key=True, of=("self",)).order_by("pk")
    list(rows.filter(pk__in=patient_ids).values_list("pk", flat=True))


def after_recording(
    *,
    report_ids: Collection[UUID],
    patient_ids: Collection[UUID],
    book: Book,
    before: Baselines,
    at: datetime,
) -> None:
    """What follows from stored results: other grades, tasks, requirements.

    A baseline that came, moved or was corrected changes the grades of what was collected since.
    """
    now = baselines(patient_ids, book)
    moved = {pk for pk in patient_ids if now.get(pk) != before.get(pk)}
    if moved:
        regrade(patient_ids=moved, book=book)
    open_liver_tasks(report_ids=report_ids, book=book, baselines=now, at=at)
    for patient_id in sorted(patient_ids):
        replan(patient_id=patient_id, at=at)


@transaction.atomic
def withdraw_report(*, report: Report, reason: str, by: User, at: datetime | None = None) -> Report:
    """Mark a report and its results as entered in error; what it had satisfied opens again.

    Raises Invalid `reason_missing`, Conflict `already_withdrawn`.
    """
    if not reason.strip():
        raise Invalid("reason_missing", "Say why the report is withdrawn.", "reason")
    lock_patients([report.patient_id])
    held = (
        Report.objects.select_for_update(no_key=True, of=("self",))
        .select_related("site")
        .get(pk=report.pk)
    )
    if held.status == ResultStatus.ENTERED_IN_ERROR:
        raise Conflict("already_withdrawn", "The report is withdrawn already.")
    now = timezone.now()
    book = load_book(site_id=held.site_id, on=today_local(at or now, held.site.zone))
    before = baselines([held.patient_id], book)
    held.results.filter(status__in=CURRENT).update(
        status=ResultStatus.ENTERED_IN_ERROR, updated_at=now
    )
    held.status = ResultStatus.ENTERED_IN_ERROR
    held.is_complete_liver_panel = False
    held.save(update_fields=["status", "is_complete_liver_panel", "updated_at"])
    record("report.withdrawn", by=by, subject=held, change={"reason": reason.strip()})
    after_recording(
        report_ids={held.pk},
        patient_ids={held.patient_id},
        book=book,
        before=before,
        at=at or now,
    )
    return held


@transaction.atomic
def review_report(*, report: Report, by: User, at: datetime | None = None) -> Report:
    """A person has looked at it. Raises Conflict `already_reviewed`."""
    held = Report.objects.select_for_update(no_key=True, of=("self",)).get(pk=report.pk)
    if held.reviewed_at is not None:
        raise Conflict("already_reviewed", "Somebody has reviewed this report already.")
    held.reviewed_at, held.reviewed_by = at or timezone.now(), by
    held.save(update_fields=["reviewed_at", "reviewed_by", "updated_at"])
    record("report.reviewed", by=by, subject=held)
    return held
