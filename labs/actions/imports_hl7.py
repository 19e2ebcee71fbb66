"""HL7 messages: each one whole or not at all, in a transaction of its own."""

from __future__ import annotations

from typing import BinaryIO, Final

from django.db import DataError, IntegrityError, transaction

from clinic.errors import DomainError
from clinic.models import Patient, Site, User
from clinic.rules.errors import RuleError
from labs.actions.grades import baselines
from labs.actions.import_claims import Context, Source, claim_of
from labs.actions.imports_csv import OUTRANKED, in_rounds
from labs.actions.matching import Register
from labs.actions.recording import Recorded, Recorder, ReportClaim
from labs.actions.results import after_recording, lock_patients
from labs.actions.tally import Tally
from labs.intake.claims import Problem, ReadError
from labs.intake.hl7_messages import Message, OrderClaim, messages
from labs.models import ImportRun
from labs.models import Source as Origin

# Where each of our names stands in a message.
FIELDS: Final = {
    "record_number": "PID-3",
    "family_name": "PID-5",
    "birth_date": "PID-7",
    "laboratory": "MSH-4",
    "identifier": "OBR-3",
    "collected_at": "OBR-7",
    "code": "OBX-3",
    "value": "OBX-5",
    "value_text": "OBX-5",
    "comparator": "OBX-5",
    "unit": "OBX-6",
    "lower_limit": "OBX-7",
    "upper_limit": "OBX-7",
    "status": "OBX-11",
    "observed_at": "OBX-14",
}


class Hl7Import:
    """Takes one file, one message at a time."""

    def __init__(
        self,
        *,
        site: Site,
        by: User | None,
        run: ImportRun,
        laboratory: str,
        context: Context,
        tally: Tally,
    ) -> None:
        self._site, self._by, self._run = site, by, run
        self._laboratory = laboratory
        self._context, self._tally = context, tally

    def take(self, stream: BinaryIO) -> None:
        """Read every message; what one of them lacks does not keep the others out."""
        is_empty = True
        for message in messages(stream):
            is_empty = False
            if isinstance(message, Problem):
                self._tally.read += 1
                self._tally.refuse(message)
            else:
                self._take_message(message)
        if is_empty:
            raise ReadError("empty_file", "The file holds no message.", place="line 1")

    def _take_message(self, message: Message) -> None:
        self._tally.read += message.result_count
        refusals = [problem for problem in message.problems if problem.is_refusal]
        for problem in message.problems:
            if not problem.is_refusal:
                self._tally.pass_over(problem)
        if not refusals:
            refusals = self._stored(message)
        if refusals:
            self._refuse(message, refusals)

    def _refuse(self, message: Message, refusals: list[Problem]) -> None:
        passed = sum(not problem.is_refusal for problem in message.problems)
        # A message without a single result is refused as one thing.
        results = message.result_count - passed
        if results == 0:
            self._tally.read += 1
        self._tally.refuse(refusals[0], results=max(results, 1))
        for problem in refusals[1:]:
            self._tally.note(problem)

    def _stored(self, message: Message) -> list[Problem]:
        """Store a message; what stands against it instead, if anything does."""
        place = f"message {message.number}"
        try:
            with transaction.atomic():
                return self._store(message, place)
        except ReadError as error:
            field = FIELDS.get(error.field, error.field)
            return [Problem(place, field, error.code, error.message)]
        except (DomainError, RuleError) as error:
            return [Problem(place, "", error.code, "The record does not allow it.")]
        except (DataError, IntegrityError):
            return [Problem(place, "", "not_stored", "The database refused the message.")]

    def _store(self, message: Message, place: str) -> list[Problem]:
        register = Register(self._site)
        register.look_up([message.claimed])
        patient = register.patient(message.claimed, ())
        claims, problems = self._claims(message, patient)
        if problems:
            return problems
        lock_patients([patient.pk])
        book = self._context.book
        before = baselines([patient.pk], book)
        written: list[Recorded] = []
        for batch in in_rounds(claims):
            recorder = Recorder(
                site=self._site,
                source=Origin.HL7,
                by=self._by,
                run=self._run,
                book=book,
                baselines=before,
            )
            written += recorder.write(batch)
        touched = {one.report.pk for one in written if one.stored}
        if touched:
            after_recording(
                report_ids=touched,
                patient_ids={patient.pk},
                book=book,
                before=before,
                at=self._context.at,
            )
        self._count(written, place)
        return []

    def _count(self, written: list[Recorded], place: str) -> None:
        self._tally.stored += sum(one.stored for one in written)
        self._tally.duplicate += sum(one.duplicate for one in written)
        for _ in range(sum(one.outranked for one in written)):
            self._tally.pass_over(
                Problem(place, "OBX-11", OUTRANKED.code, OUTRANKED.message, is_refusal=False)
            )

    def _claims(
        self, message: Message, patient: Patient
    ) -> tuple[list[ReportClaim], list[Problem]]:
        laboratory = self._laboratory or message.laboratory
        if not laboratory:
            raise ReadError("laboratory_missing", "The laboratory has no name.", field="laboratory")
        claims: list[ReportClaim] = []
        problems: list[Problem] = []
        for order in message.orders:
            found = self._claim(order, laboratory[:120], patient)
            if isinstance(found, list):
                problems += found
            else:
                claims.append(found)
        return claims, problems

    def _claim(
        self, order: OrderClaim, laboratory: str, patient: Patient
    ) -> ReportClaim | list[Problem]:
        if order.collected is None:
            message = "Neither the order, its specimen nor its results say when it was collected."
            return [Problem(order.place, "OBR-7", "date_missing", message)]
        if not order.identifier.strip("/") or len(order.identifier) > 200:  # noqa: PLR2004
            message = "The order has no usable number."
            return [Problem(order.place, "OBR-3", "identifier_missing", message)]
        source = Source(
            patient=patient,
            laboratory=laboratory,
            identifier=order.identifier,
            collected=order.collected,
            place=order.place,
            is_cancelled=order.is_cancelled and not order.results,
        )
        return claim_of(source, order.results, self._context)
