"""Result tables (CSV) to typed rows. Knows nothing of patients or analytes.

UTF-8 with or without a byte order mark; the first line names the columns. A mapping says what a
laboratory calls our columns and analytes.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from io import TextIOWrapper
from typing import BinaryIO, Final

from labs.intake.claims import Claimed, Problem, ReadError, ResultClaim
from labs.intake.hl7_results import STATUSES
from labs.intake.moments import Moment, iso_moment
from labs.intake.numbers import measured, number
from labs.rules.readings import Reading

IDENTIFIERS: Final = ("record_number", "birth_date", "family_name")
_REQUIRED: Final = ("collected_at", "analyte", "value", "unit", "lower_limit", "upper_limit")
_OPTIONAL: Final = ("laboratory", "report", "code_system", "display", "status")
COLUMNS: Final = (*IDENTIFIERS, *_REQUIRED, *_OPTIONAL)
_LONGEST: Final = {"analyte": 60, "unit": 40, "laboratory": 120, "report": 100, "code_system": 60}
_WORDS: Final = frozenset(STATUSES.values())


@dataclass(frozen=True, slots=True)
class FileMapping:
    """What a file calls things. `identifiers` are compared with the register, all of them."""

    columns: Mapping[str, str] = field(default_factory=dict)
    analytes: Mapping[str, str] = field(default_factory=dict)
    identifiers: tuple[str, ...] = ("record_number", "birth_date")
    delimiter: str = ","

    def theirs(self, column: str) -> str:
        """What the file calls our `column`."""
        return self.columns.get(column, column)


@dataclass(frozen=True, slots=True)
class RowClaim:
    """One line of the file."""

    line: int
    claimed: Claimed
    laboratory: str
    report: str
    collected: Moment
    result: ResultClaim


def parse_mapping(content: Mapping[str, object]) -> FileMapping:
    """A mapping from the tables of its TOML file.

    Raises ReadError `mapping_broken` for an unknown column or identifier, or a wrong type, because
    a misspelt name would otherwise be passed by in silence.
    """
    unknown = content.keys() - {"columns", "analytes", "identifiers", "delimiter"}
    if unknown:
        raise _broken(f"“{min(unknown)}” is not a part of a mapping.")
    identifiers = content.get("identifiers", ["record_number", "birth_date"])
    if not isinstance(identifiers, list) or not set(identifiers) <= set(IDENTIFIERS):
        raise _broken(f"identifiers is a list of: {', '.join(IDENTIFIERS)}.")
    if "record_number" not in identifiers:
        raise _broken("identifiers must hold record_number.")
    delimiter = content.get("delimiter", ",")
    if not isinstance(delimiter, str) or delimiter not in (",", ";", "\t", "|"):
        raise _broken("delimiter is a comma, a semicolon, a tab or a bar.")
    columns = _names(content, "columns")
    if not columns.keys() <= set(COLUMNS):
        raise _broken(f"“{min(columns.keys() - set(COLUMNS))}” is not one of our columns.")
    return FileMapping(columns, _names(content, "analytes"), tuple(identifiers), delimiter)


def rows(stream: BinaryIO, mapping: FileMapping) -> Iterator[RowClaim | Problem]:
    """Every line in order, one in memory at a time; a Problem where one cannot be read.

    Raises ReadError where the file as a whole cannot be read: `column_missing`,
    `column_twice`, `not_utf8`, `nul_bytes`, `not_csv`, `empty_file`.
    """
    text = TextIOWrapper(stream, encoding="utf-8-sig", newline="")
    reader = csv.reader(_without_nul(text), delimiter=mapping.delimiter, strict=True)
    try:
        header = next(reader, None)
        if header is None:
            raise ReadError("empty_file", "The file is empty.", place="line 1")
        places = _places(header, mapping)
        for cells in reader:
            if cells:
                yield _row(reader.line_num, cells, len(header), places, mapping)
    except UnicodeDecodeError:
        message = "The file is not UTF-8. Save it as “CSV UTF-8” and try again."
        raise ReadError("not_utf8", message, place=f"line {reader.line_num + 1}") from None
    except csv.Error:
        message = "The quotes or line ends of the file are broken here."
        raise ReadError("not_csv", message, place=f"line {reader.line_num}") from None
    finally:
        text.detach()


def _without_nul(text: TextIOWrapper) -> Iterator[str]:
    for line, content in enumerate(text, 1):
        if "\0" in content:
            message = "The file holds zero bytes: it is no CSV text."
            raise ReadError("nul_bytes", message, place=f"line {line}")
        yield content


def _places(header: Sequence[str], mapping: FileMapping) -> dict[str, int]:
    """Where each of our columns stands. Columns that nobody asks for are passed by."""
    named = [name.strip() for name in header]
    places: dict[str, int] = {}
    for column in COLUMNS:
        theirs = mapping.theirs(column)
        if named.count(theirs) > 1:
            raise ReadError(
                "column_twice", "The column stands there twice.", field=theirs, place="line 1"
            )
        if theirs in named:
            places[column] = named.index(theirs)
        elif column in _REQUIRED or column in mapping.identifiers or column in mapping.columns:
            raise ReadError(
                "column_missing", "The column is missing.", field=theirs, place="line 1"
            )
    return places


def _row(
    line: int, cells: Sequence[str], width: int, places: Mapping[str, int], mapping: FileMapping
) -> RowClaim | Problem:
    place = f"line {line}"
    if len(cells) != width:
        message = f"The line has {len(cells)} cells, the first line names {width}."
        return Problem(place, "", "wrong_columns", message)
    cell = _Cells(cells, places, mapping)
    try:
        return RowClaim(
            line=line,
            claimed=_claimed(cell),
            laboratory=cell.text("laboratory"),
            report=cell.text("report"),
            collected=_collected(cell),
            result=_result(cell, place),
        )
    except ReadError as error:
        return Problem.of(error, place=place)


class _Cells:
    """The cells of one line by our names; errors carry the file's own."""

    def __init__(
        self, cells: Sequence[str], places: Mapping[str, int], mapping: FileMapping
    ) -> None:
        self._cells, self._places, self.mapping = cells, places, mapping

    def text(self, column: str) -> str:
        """The cell without spaces around it; empty where the file has no such column."""
        if column not in self._places:
            return ""
        text = self._cells[self._places[column]].strip()
        if len(text) > _LONGEST.get(column, 400):
            raise self.error(column, "text_too_long", "This is longer than it can be.")
        return text

    def error(self, column: str, code: str, message: str) -> ReadError:
        return ReadError(code, message, field=self.mapping.theirs(column))

    def limit(self, column: str) -> Decimal | None:
        try:
            return number(self.text(column))
        except ReadError as error:
            raise self.error(column, error.code, error.message) from None

    def value(self) -> Reading:
        try:
            return measured(self.text("value"))
        except ReadError as error:
            raise self.error("value", error.code, error.message) from None


def _claimed(cell: _Cells) -> Claimed:
    record_number = cell.text("record_number")
    if not record_number:
        raise cell.error("record_number", "record_number_missing", "The record number is missing.")
    text, birth_date = cell.text("birth_date"), None
    if text:
        moment = iso_moment(text)
        if moment is None or moment.wall is not None:
            raise cell.error("birth_date", "date_unreadable", "Write the date as 1985-04-12.")
        birth_date = moment.day
    return Claimed((record_number,), birth_date, cell.text("family_name"))


def _collected(cell: _Cells) -> Moment:
    text = cell.text("collected_at")
    moment = iso_moment(text)
    if moment is None:
        code = "date_unreadable" if text else "date_missing"
        message = "Write the time of collection as 2026-11-23T09:30 or 2026-11-23."
        raise cell.error("collected_at", code, message)
    return moment


def _result(cell: _Cells, place: str) -> ResultClaim:
    code = cell.text("analyte")
    if not code:
        raise cell.error("analyte", "code_missing", "The line does not say what was measured.")
    status = _status(cell)
    is_withdrawn = status in ("cancelled", "entered_in_error")
    found = None if is_withdrawn else cell.value()
    return ResultClaim(
        place=place,
        code=code,
        code_system=cell.text("code_system"),
        display=cell.text("display")[:200],
        comparator=found.comparator if found else "",
        value=found.value if found else None,
        value_text="",
        unit=cell.text("unit"),
        lower_limit=cell.limit("lower_limit"),
        upper_limit=cell.limit("upper_limit"),
        status=status,
    )


def _status(cell: _Cells) -> str:
    """A word or the letter of HL7; final where the file says nothing."""
    text = cell.text("status")
    plain = text.lower().replace("-", "_")
    found = plain if plain in _WORDS else STATUSES.get(text.upper())
    if text and found is None:
        raise cell.error("status", "status_unknown", "The status of the result is unknown.")
    return found or "final"


def _names(content: Mapping[str, object], key: str) -> dict[str, str]:
    found = content.get(key, {})
    if not isinstance(found, Mapping) or not all(isinstance(name, str) for name in found.values()):
        raise _broken(f"{key} is a table of names.")
    return {str(ours): str(theirs) for ours, theirs in found.items()}


def _broken(message: str) -> ReadError:
    return ReadError("mapping_broken", message, place="mapping")
