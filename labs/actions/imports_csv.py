"""A table of results: the whole file or nothing, in one transaction, in batches of lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import BinaryIO, Final
from uuid import UUID

from django.db import connection

from clinic.models import Patient, Site, User
from labs.actions.grades import Baseline, baselines
from labs.actions.import_claims import Context, Source, claim_of
from labs.actions.matching import Register
from labs.actions.recording import Key, Recorder, ReportClaim
from labs.actions.results import after_recording, lock_patients
from labs.actions.tally import Tally
from labs.intake.claims import Problem, ReadError
from labs.intake.csv_file import FileMapping, RowClaim, rows
from labs.models import ImportRun
from labs.models import Source as Origin

MOST_LINES: Final = 200_000
_BATCH: Final = 2_000
OUTRANKED: Final = Problem(
    "", "status", "outranked", "A later status of this result is here already.", is_refusal=False
)


class FileRefused(Exception):  # not an error: the way out of the transaction
    """Something in the file was refused, so that none of it is kept."""


class CsvImport:
    """Takes one file; holds one batch of its lines and what it has met so far."""

    def __init__(
        self,
        *,
        site: Site,
        by: User | None,
        run: ImportRun,
        laboratory: str,
        mapping: FileMapping,
        context: Context,
        tally: Tally,
    ) -> None:
        self._site, self._by, self._run = site, by, run
        self._laboratory, self._mapping = laboratory, mapping
        self._context, self._tally = context, tally
        self._register = Register(site)
        self._before: dict[UUID, Sequence[Baseline]] = {}
        self._report_ids: set[UUID] = set()
        self._patient_ids: set[UUID] = set()
        self._met: dict[int, int] = {}

    def take(self, stream: BinaryIO) -> None:
        """Read, check and store. Raises FileRefused where anything was refused."""
        _one_at_a_time(self._site)
        batch: list[RowClaim] = []
        for row in rows(stream, self._mapping):
            self._tally.read += 1
            if self._tally.read > MOST_LINES:
                message = f"The file has more than {MOST_LINES} lines. Divide it."
                raise ReadError("too_many_lines", message, place=f"line {MOST_LINES + 2}")
            if isinstance(row, Problem):
                self._tally.refuse(row)
                continue
            batch.append(row)
            if len(batch) == _BATCH:
                self._take_batch(batch)
                batch = []
        self._take_batch(batch)
        if self._tally.read == 0:
            raise ReadError("no_lines", "The file names columns and holds no results.")
        if self._tally.refused:
            raise FileRefused
        self._follow_up()

    def _take_batch(self, batch: Sequence[RowClaim]) -> None:
        self._register.look_up(row.claimed for row in batch)
        claims = [claim for row in batch if (claim := self._claim(row)) is not None]
        # Once a line is refused the rest is only checked, so that every problem is named at once.
        if not self._tally.refused:
            self._store(claims)

    def _claim(self, row: RowClaim) -> ReportClaim | None:
        """The line as a report of one result; None where it is refused or stood there before."""
        place = f"line {row.line}"
        try:
            patient = self._register.patient(row.claimed, self._mapping.identifiers)
            source = self._source(row, patient, place)
        except ReadError as error:
            self._refuse(place, error.field, error.code, error.message)
            return None
        claim = claim_of(source, [row.result], self._context)
        if isinstance(claim, list):
            for problem in claim:
                self._tally.refuse(problem)
            return None
        return None if self._is_repeat(claim, place) else claim

    def _source(self, row: RowClaim, patient: Patient, place: str) -> Source:
        laboratory = row.laboratory or self._laboratory
        if not laboratory:
            message = "Name the laboratory, in its column or with --laboratory."
            raise ReadError("laboratory_missing", message, field="laboratory")
        when = row.collected.day.isoformat()
        if row.collected.wall is not None:
            when += f"T{row.collected.wall.isoformat('minutes')}"
        # Without a number of its own, a report is what one patient gave at one moment.
        identifier = row.report or f"{patient.record_number}/{when}"
        return Source(patient, laboratory, identifier, row.collected, place)

    def _is_repeat(self, claim: ReportClaim, place: str) -> bool:
        """Whether the same result stood in this file before. Another value there is refused."""
        [(new, _)] = claim.results
        if not self._agrees((claim.key, "time"), claim.collected_at):
            message = "The same report has another time of collection further up."
            self._refuse(place, "collected_at", "two_times", message)
            return True
        where = (claim.key, new.code, new.status)
        is_new = hash(where) not in self._met
        content = (new.comparator, new.value, new.unit, new.lower_limit, new.upper_limit)
        if not self._agrees(where, content):
            message = "The same result stands further up with another value."
            self._refuse(place, "value", "repeated_code", message)
            return True
        if not is_new:
            self._tally.duplicate += 1
        return not is_new

    def _agrees(self, where: object, what: object) -> bool:
        # Hashes instead of the rows, so that memory grows by a few bytes a line.
        return self._met.setdefault(hash(where), hash(what)) == hash(what)

    def _refuse(self, place: str, field: str, code: str, message: str) -> None:
        self._tally.refuse(Problem(place, self._mapping.theirs(field), code, message))

    def _store(self, claims: Sequence[ReportClaim]) -> None:
        patient_ids = {claim.patient.pk for claim in claims}
        fresh = patient_ids - self._patient_ids
        lock_patients(fresh)
        self._before |= baselines(fresh, self._context.book)
        self._patient_ids |= fresh
        for batch in in_rounds(claims):
            for recorded in self._recorder().write(batch):
                self._tally.stored += recorded.stored
                self._tally.duplicate += recorded.duplicate
                if recorded.stored:
                    self._report_ids.add(recorded.report.pk)
                for _ in range(recorded.outranked):
                    self._tally.pass_over(OUTRANKED)

    def _recorder(self) -> Recorder:
        return Recorder(
            site=self._site,
            source=Origin.CSV,
            by=self._by,
            run=self._run,
            book=self._context.book,
            baselines=self._before,
        )

    def _follow_up(self) -> None:
        """Grades, tasks and requirements, once a patient whatever the number of lines."""
        if not self._report_ids:
            return
        after_recording(
            report_ids=self._report_ids,
            patient_ids=self._patient_ids,
            book=self._context.book,
            before=self._before,
            at=self._context.at,
        )


def in_rounds(claims: Sequence[ReportClaim]) -> list[list[ReportClaim]]:
    """One claim a report in each round, with every code once: a second status waits its turn."""
    rounds: list[dict[Key, dict[str, ReportClaim]]] = []
    for claim in claims:
        for new, known in claim.results:
            single = replace(claim, results=((new, known),))
            free = next((r for r in rounds if new.code not in r.get(claim.key, {})), None)
            if free is None:
                free = {}
                rounds.append(free)
            free.setdefault(claim.key, {})[new.code] = single
    whole = [claim for claim in claims if not claim.results]
    merged = [[_merged(list(codes.values())) for codes in one.values()] for one in rounds]
    # A report withdrawn as a whole names no result; it comes after what it withdraws.
    return [*merged, *([claim] for claim in whole)]


def _merged(claims: Sequence[ReportClaim]) -> ReportClaim:
    return replace(claims[0], results=tuple(pair for claim in claims for pair in claim.results))


def _one_at_a_time(site: Site) -> None:
    """Files lock many patients; two of them at one site would wait for each other for ever."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"import:{site.pk}"])
