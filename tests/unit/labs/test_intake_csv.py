"""Tables of results to rows, with every fault at its line."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest

from labs.intake.claims import Claimed, Problem, ReadError
from labs.intake.csv_file import FileMapping, RowClaim, parse_mapping, rows
from labs.intake.moments import Moment

HEADER = "record_number,birth_date,collected_at,analyte,value,unit,lower_limit,upper_limit,status"
LINE = "R1,1985-04-12,2026-11-20T09:30,ALT,27,U/L,6,34,"


def read(text: str | bytes, mapping: FileMapping | None = None) -> list[RowClaim | Problem]:
    raw = text if isinstance(text, bytes) else text.encode()
    return list(rows(BytesIO(raw), mapping or FileMapping()))


def one(line: str) -> RowClaim | Problem:
    [found] = read(f"{HEADER}\n{line}\n")
    return found


def test_a_line() -> None:
    row = one(LINE)
    assert isinstance(row, RowClaim)
    assert row.line == 2
    assert row.claimed == Claimed(("R1",), date(1985, 4, 12), "")
    assert row.collected == Moment(date(2026, 11, 20), time(9, 30))
    result = row.result
    assert (result.code, result.value, result.comparator) == ("ALT", Decimal(27), "")
    assert (result.unit, result.lower_limit, result.upper_limit) == ("U/L", Decimal(6), Decimal(34))
    assert (result.status, result.place) == ("final", "line 2")


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_mark_and_line_ends_do_not_matter(mark: bytes, end: str) -> None:
    found = read(mark + f"{HEADER}{end}{LINE}{end}".encode())
    assert [type(row) for row in found] == [RowClaim]


@pytest.mark.parametrize(
    ("line", "field", "code"),
    [
        (LINE.replace("27", "abc"), "value", "not_a_number"),
        (LINE.replace("27", ""), "value", "value_missing"),
        (LINE.replace("34", "x"), "upper_limit", "not_a_number"),
        (LINE.replace("2026-11-20T09:30", ""), "collected_at", "date_missing"),
        (LINE.replace("2026-11-20T09:30", "20/11/2026"), "collected_at", "date_unreadable"),
        (LINE.replace("1985-04-12", "12.4.1985"), "birth_date", "date_unreadable"),
        (LINE.replace("ALT", ""), "analyte", "code_missing"),
        (LINE.replace("R1", ""), "record_number", "record_number_missing"),
        (LINE + "?", "status", "status_unknown"),
        (LINE.replace("U/L", "u" * 41), "unit", "text_too_long"),
        (LINE + ",more", "", "wrong_columns"),
    ],
)
def test_faults_name_line_and_column(line: str, field: str, code: str) -> None:
    problem = one(line)
    assert isinstance(problem, Problem)
    assert (problem.place, problem.field, problem.code) == ("line 2", field, code)


@pytest.mark.parametrize(
    ("status", "word"),
    [("P", "preliminary"), ("corrected", "corrected"), ("X", "cancelled"), ("f", "final")],
)
def test_status_as_letter_or_word(status: str, word: str) -> None:
    row = one(LINE + status)
    assert isinstance(row, RowClaim)
    assert row.result.status == word
    assert row.result.value == (None if word == "cancelled" else Decimal(27))


@pytest.mark.parametrize(
    ("content", "place", "field", "code"),
    [
        (b"", "line 1", "", "empty_file"),
        (b"record_number,birth_date\n", "line 1", "collected_at", "column_missing"),
        (f"{HEADER},value\n".encode(), "line 1", "value", "column_twice"),
        (f"{HEADER}\n{LINE}\0\n".encode(), "line 2", "", "nul_bytes"),
        (f"{HEADER}\n{LINE}\xe9\n".encode("latin-1"), "line 1", "", "not_utf8"),
        (f"{HEADER}\n".encode("utf-16"), "line 1", "", "not_utf8"),
        (f'{HEADER}\n"R1"x,1\n'.encode(), "line 2", "", "not_csv"),
    ],
)
def test_a_file_that_cannot_be_read(content: bytes, place: str, field: str, code: str) -> None:
    with pytest.raises(ReadError) as refused:
        read(content)
    error = refused.value
    assert (error.place, error.field, error.code) == (place, field, code)


def test_a_mapping_renames_columns_and_says_who() -> None:
    mapping = parse_mapping(
        {
            "columns": {"record_number": "subject", "value": "RESULT"},
            "identifiers": ["record_number"],
            "delimiter": ";",
            "analytes": {"BILI": "TBILI"},
        }
    )
    text = (
        "subject;collected_at;analyte;RESULT;unit;lower_limit;upper_limit\n"
        "S1;2026-11-20;BILI;x;mg/dL;;1.2\n"
    )
    [problem] = read(text, mapping)
    assert isinstance(problem, Problem)
    assert problem.field == "RESULT"
    [row] = read(text.replace(";x;", ";<0.2;"), mapping)
    assert isinstance(row, RowClaim)
    assert row.claimed == Claimed(("S1",), None, "")
    assert (row.result.comparator, row.result.value) == ("<", Decimal("0.2"))
    assert row.collected == Moment(date(2026, 11, 20))


@pytest.mark.parametrize(
    "content",
    [
        {"colums": {}},
        {"columns": {"vallue": "x"}},
        {"columns": {"value": 3}},
        {"columns": []},
        {"identifiers": ["name"]},
        {"identifiers": ["birth_date"]},
        {"identifiers": "record_number"},
        {"delimiter": "x"},
    ],
)
def test_a_wrong_mapping_is_refused(content: dict[str, Any]) -> None:
    with pytest.raises(ReadError) as refused:
        parse_mapping(content)
    assert refused.value.code == "mapping_broken"
