"""Many reports of one site into rows: what is new, what replaces what, what was there already.

The state that results reach does not depend on the order in which they arrive: a later status
outranks an earlier one, and what was sent before is known again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from clinic.actions.audit import record
from clinic.models import Patient, Site, User
from clinic.rules.dates import today_local
from labs.actions.book import Book, Monitored
from labs.actions.checking import WITHDRAWN
from labs.actions.grades import Baseline, Baselines, baseline_for, graded
from labs.actions.succession import overall, row_of, verdict, withdrawal
from labs.intake.claims import NewResult
from labs.models import CURRENT, ImportRun, Report, Result, ResultStatus
from labs.rules.panels import is_complete_liver_panel

Key = tuple[UUID, str, str]
_SETTLED = frozenset({"final", "corrected"})
_REFRESHED = (
    "status", "is_complete_liver_panel", "collected_at", "collected_precision", "collected_on",
    "reviewed_at", "reviewed_by", "updated_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ReportClaim:
    """One report whose results were checked; `known` says for each whether a rule knows it."""

    patient: Patient
    laboratory: str
    identifier: str
    collected_at: datetime
    precision: str
    status: str
    results: tuple[tuple[NewResult, Monitored | None], ...]

    @property
    def key(self) -> Key:
        return self.patient.pk, self.laboratory, self.identifier


@dataclass(slots=True)
class Recorded:
    """What came of one claim. `outranked` came after a later status and changed nothing."""

    report: Report
    stored: int = 0
    duplicate: int = 0
    replaced: int = 0
    outranked: int = 0


@dataclass(slots=True)
class Recorder:
    """Takes claims of one site, none twice with the same key, and writes them at once."""

    site: Site
    source: str
    by: User | None
    run: ImportRun | None
    book: Book
    baselines: Baselines
    _reports: dict[Key, Report] = field(default_factory=dict)
    _chains: dict[UUID, dict[str, list[Result]]] = field(default_factory=dict)
    _new_reports: list[Report] = field(default_factory=list)
    _new_results: list[Result] = field(default_factory=list)
    _superseded: list[UUID] = field(default_factory=list)

    def write(self, claims: Sequence[ReportClaim]) -> list[Recorded]:
        """Store what is new in `claims`. The patients' rows must be locked by the caller."""
        self._load(claims)
        outcomes = [self._take(claim) for claim in claims]
        touched = [outcome.report for outcome in outcomes if outcome.stored]
        created = {report.pk for report in self._new_reports}
        Report.objects.bulk_create(self._new_reports)
        self._refresh(report for report in touched if report.pk not in created)
        now = timezone.now()
        Result.objects.filter(pk__in=self._superseded).update(
            status=ResultStatus.SUPERSEDED, updated_at=now
        )
        Result.objects.bulk_create(self._new_results, batch_size=1000)
        for outcome in outcomes:
            if outcome.stored or outcome.report.pk in created:
                self._audit(outcome)
        return outcomes

    def _load(self, claims: Sequence[ReportClaim]) -> None:
        """The rows that stand already under the keys of `claims`."""
        found = Report.objects.of_site(self.site.pk).filter(
            patient_id__in={claim.patient.pk for claim in claims},
            laboratory__in={claim.laboratory for claim in claims},
            identifier__in={claim.identifier for claim in claims},
        )
        self._reports = {(row.patient_id, row.laboratory, row.identifier): row for row in found}
        self._chains, self._new_reports, self._new_results = {}, [], []
        self._superseded = []
        held = Result.objects.filter(report__in=self._reports.values())
        for row in held.select_related("analyte").order_by("created_at", "id"):
            self._chain(row.report_id, row.code).append(row)

    def _chain(self, report_id: UUID, code: str) -> list[Result]:
        return self._chains.setdefault(report_id, {}).setdefault(code, [])

    def _take(self, claim: ReportClaim) -> Recorded:
        report = self._reports.get(claim.key)
        if report is None:
            report = self._create(claim)
        outcome = Recorded(report)
        results = claim.results or self._withdrawing(report, claim)
        is_closed = self._is_closed(report, claim)
        baseline = self._baseline(claim)
        for new, known in results:
            chain = self._chain(report.pk, new.code)
            found = "outranked" if is_closed and not chain else verdict(chain, new)
            if found == "duplicate":
                outcome.duplicate += 1
            elif found == "outranked":
                outcome.outranked += 1
            else:
                row = self._store(outcome, chain, new, known)
                if new.status not in WITHDRAWN:
                    graded(row, known, baseline, self.book)
        if outcome.stored:
            self._date(report, claim)
            self._judge(report)
            if not claim.results:
                report.status = claim.status
        return outcome

    def _baseline(self, claim: ReportClaim) -> Baseline | None:
        on = today_local(claim.collected_at, self.site.zone)
        return baseline_for(self.baselines.get(claim.patient.pk, ()), on, claim.collected_at)

    def _create(self, claim: ReportClaim) -> Report:
        report = Report(
            site=self.site,
            patient=claim.patient,
            laboratory=claim.laboratory,
            identifier=claim.identifier,
            status=claim.status,
            source=self.source,
            run=self.run,
            recorded_by=self.by,
        )
        self._date(report, claim)
        self._new_reports.append(report)
        self._reports[claim.key] = report
        return report

    def _date(self, report: Report, claim: ReportClaim) -> None:
        report.collected_at = claim.collected_at
        report.collected_precision = claim.precision
        report.collected_on = today_local(claim.collected_at, self.site.zone)

    def _withdrawing(
        self, report: Report, claim: ReportClaim
    ) -> tuple[tuple[NewResult, Monitored | None], ...]:
        """A report withdrawn as a whole withdraws each of its results."""
        if claim.status not in WITHDRAWN:
            return ()
        heads = [chain[-1] for chain in self._chains.get(report.pk, {}).values()]
        return tuple(
            (withdrawal(head, claim.status), self._known(head))
            for head in heads
            if head.status in CURRENT
        )

    def _known(self, row: Result) -> Monitored | None:
        return self.book.analytes.get(row.analyte.code) if row.analyte else None

    def _is_closed(self, report: Report, claim: ReportClaim) -> bool:
        """Withdrawn by a person, or cancelled before any result came: nothing re-opens it."""
        if report.status == ResultStatus.ENTERED_IN_ERROR:
            return True
        is_empty = not self._chains.get(report.pk)
        return report.status == ResultStatus.CANCELLED and is_empty and not report._state.adding

    def _store(
        self, outcome: Recorded, chain: list[Result], new: NewResult, known: Monitored | None
    ) -> Result:
        row = row_of(outcome.report, new, known)
        if chain:
            row.replaces = chain[-1]
            chain[-1].status = ResultStatus.SUPERSEDED
            self._superseded.append(chain[-1].pk)
            outcome.replaced += 1
        chain.append(row)
        self._new_results.append(row)
        outcome.stored += 1
        return row

    def _judge(self, report: Report) -> None:
        """Status and completeness follow from the results, never from what was claimed last."""
        heads = [chain[-1] for chain in self._chains[report.pk].values() if chain]
        settled = {row.analyte.code for row in heads if row.analyte and row.status in _SETTLED}
        report.is_complete_liver_panel = is_complete_liver_panel(self.book.plain, settled)
        statuses = {row.status for row in heads if row.status in CURRENT}
        report.status = overall(statuses, is_complete=report.is_complete_liver_panel)
        # Something new in it waits for a reader again.
        report.reviewed_at = report.reviewed_by = None

    def _refresh(self, reports: Iterable[Report]) -> None:
        changed = list(reports)
        for report in changed:
            report.updated_at = timezone.now()
        Report.objects.bulk_update(changed, _REFRESHED)

    def _audit(self, outcome: Recorded) -> None:
        event = "report.corrected" if outcome.replaced else "report.recorded"
        change = {"stored": outcome.stored, "replaced": outcome.replaced, "source": self.source}
        record(event, by=self.by, subject=outcome.report, change=change)
