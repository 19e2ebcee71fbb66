"""Files of results: read, counted, written down as a run, whatever came of them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final

from django.db import DataError, IntegrityError, transaction
from django.utils import timezone

from clinic.actions.audit import record
from clinic.errors import DomainError
from clinic.models import Site, User
from clinic.rules.dates import today_local
from clinic.rules.errors import RuleError
from labs.actions.book import Book, load_book
from labs.actions.import_claims import Context
from labs.actions.imports_csv import CsvImport, FileRefused
from labs.actions.imports_hl7 import FIELDS, Hl7Import
from labs.actions.tally import Tally
from labs.intake.claims import Problem, ReadError
from labs.intake.csv_file import FileMapping
from labs.models import ImportProblem, ImportRun, Source

LARGEST_BYTES: Final = 50_000_000
_BLOCK: Final = 1 << 20
_HL7_STARTS: Final = (b"MSH", b"FHS", b"BHS")
# Our names that a CSV file has other columns for.
_CSV_FIELDS: Final = {"code": "analyte", "observed_at": "collected_at"}


@dataclass(frozen=True, slots=True)
class FileSettings:
    """What a file does not say of itself. `again` reads a file that was taken before."""

    laboratory: str = ""
    mapping: FileMapping = field(default_factory=FileMapping)
    again: bool = False


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of a file. `problems` are the first thousand."""

    run: ImportRun
    problems: tuple[Problem, ...]
    is_known_file: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether everything in it was taken."""
        return not self.is_known_file and not self.run.refused


def import_file(
    *,
    site: Site,
    path: Path,
    by: User | None,
    settings: FileSettings | None = None,
    at: datetime | None = None,
) -> Imported:
    """Take one file of CSV or HL7; what came of it is kept as an ImportRun.

    A CSV file is taken whole or not at all; of an HL7 file each message is. A file that this site
    has taken whole before is refused by its content, whatever its name. Raises OSError.
    """
    at = at or timezone.now()
    settings = settings or FileSettings()
    with path.open("rb") as stream:
        run = ImportRun(
            site=site,
            file_name=path.name[:255],
            sha256=_sha256(stream),
            file_format=_format(path, stream),
            started_at=at,
            ended_at=at,
            by=by,
        )
        known = None if settings.again else _taken_before(run)
        if known is not None:
            return _known_file(run, known)
        return _finish(run, _take(run, stream, settings, at))


def _take(run: ImportRun, stream: BinaryIO, settings: FileSettings, at: datetime) -> Tally:
    tally = Tally()
    try:
        if stream.seek(0, 2) > LARGEST_BYTES:
            message = f"The file is larger than {LARGEST_BYTES // 1_000_000} MB. Divide it."
            raise ReadError("too_large", message)
        stream.seek(0)
        if run.file_format == Source.HL7:
            _take_hl7(run, stream, settings, at, tally)
        else:
            _take_csv(run, stream, settings, at, tally)
    except FileRefused:
        tally.undo()
    except ReadError as error:
        tally.undo()
        tally.note(Problem.of(error))
    except (DomainError, RuleError) as error:
        tally.undo()
        tally.note(Problem("", "", error.code, "The record does not allow it."))
    except (DataError, IntegrityError):
        tally.undo()
        tally.note(Problem("", "", "not_stored", "The database refused the file."))
    return tally


def _take_hl7(
    run: ImportRun, stream: BinaryIO, settings: FileSettings, at: datetime, tally: Tally
) -> None:
    # The run stands first: its messages point at it, each from a transaction of its own.
    run.save(force_insert=True)
    context = Context(
        _book(run, at), at, settings.mapping.analytes, lambda name: FIELDS.get(name, name)
    )
    Hl7Import(
        site=run.site,
        by=run.by,
        run=run,
        laboratory=settings.laboratory,
        context=context,
        tally=tally,
    ).take(stream)


def _book(run: ImportRun, at: datetime) -> Book:
    return load_book(site_id=run.site_id, on=today_local(at, run.site.zone))


def _take_csv(
    run: ImportRun, stream: BinaryIO, settings: FileSettings, at: datetime, tally: Tally
) -> None:
    mapping = settings.mapping
    context = Context(
        _book(run, at),
        at,
        mapping.analytes,
        lambda name: mapping.theirs(_CSV_FIELDS.get(name, name)),
    )
    with transaction.atomic():
        run.save(force_insert=True)
        CsvImport(
            site=run.site,
            by=run.by,
            run=run,
            laboratory=settings.laboratory,
            mapping=mapping,
            context=context,
            tally=tally,
        ).take(stream)


@transaction.atomic
def _finish(run: ImportRun, tally: Tally, *, is_known: bool = False) -> Imported:
    """Write the run down, also where its own transaction was undone."""
    for name in ("read", "stored", "duplicate", "refused", "passed_over"):
        setattr(run, name, getattr(tally, name))
    run.ended_at = timezone.now()
    is_there = ImportRun.objects.filter(pk=run.pk).exists()
    run.save(force_insert=not is_there)
    ImportProblem.objects.bulk_create(
        ImportProblem(
            site=run.site,
            run=run,
            place=problem.place[:60],
            field=problem.field[:60],
            code=problem.code,
            message=problem.message[:400],
            is_refusal=problem.is_refusal,
        )
        for problem in tally.problems
    )
    counts = {"read": run.read, "stored": run.stored, "refused": run.refused}
    record("results.imported", by=run.by, subject=run, change=counts)
    return Imported(run, tuple(tally.problems), is_known)


def _taken_before(run: ImportRun) -> ImportRun | None:
    """The run that took the same content whole at this site."""
    runs = ImportRun.objects.of_site(run.site_id).filter(sha256=run.sha256, refused=0, read__gt=0)
    return runs.order_by("started_at").first()


def _known_file(run: ImportRun, known: ImportRun) -> Imported:
    tally = Tally(read=known.read, duplicate=known.read)
    message = f"This file was taken on {known.started_at:%Y-%m-%d %H:%M} UTC; nothing is stored."
    tally.note(Problem("", "", "file_taken_before", message, is_refusal=False))
    return _finish(run, tally, is_known=True)


def _sha256(stream: BinaryIO) -> str:
    digest = hashlib.sha256()
    while block := stream.read(_BLOCK):
        digest.update(block)
    return digest.hexdigest()


def _format(path: Path, stream: BinaryIO) -> Source:
    """By how it begins, else by its name."""
    stream.seek(0)
    start = stream.read(16).removeprefix(b"\xef\xbb\xbf").lstrip(b"\x0b\r\n ")
    is_hl7 = start.startswith(_HL7_STARTS) or path.suffix.lower() in (".hl7", ".oru")
    return Source.HL7 if is_hl7 else Source.CSV
