"""Reading clinical content: what is whole goes in, what is not names its file and line."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from clinic.rules.catalogue import CatalogueError, catalogue_files, read_entry, read_sources

SOURCES = frozenset({"SEED", "EXPERT"})
HEADER = """kind = "protocol"
code = "short"
version = 2
title = "A short course"
released_on = "2026-11-23"
"""
DOSE = (
    'mg = { value = "0.5", unit = "mg/kg", source = "SEED",'
    ' confidence = "seed", dated = "2026-02-01" }\n'
)


def written(folder: Path, text: str) -> Path:
    file = folder / "short.toml"
    file.write_text(text, encoding="utf-8")
    return file


def refusal(folder: Path, text: str) -> CatalogueError:
    with pytest.raises(CatalogueError) as refused:
        read_entry(written(folder, text), SOURCES)
    return refused.value


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    entry = read_entry(written(tmp_path, HEADER + "[dose]\n" + DOSE), SOURCES)
    assert (entry.kind, entry.code, entry.version) == ("protocol", "short", 2)
    assert (entry.title, entry.released_on) == ("A short course", date(2026, 11, 23))
    assert entry.content["dose"]["mg"]["value"] == "0.5"
    assert len(entry.sha256) == 64


def test_the_digest_is_of_the_content_and_not_of_its_layout(tmp_path: Path) -> None:
    one = read_entry(written(tmp_path, HEADER + "[dose]\n" + DOSE), SOURCES)
    spaced = read_entry(written(tmp_path, HEADER + "# why\n\n[dose]\n\n" + DOSE), SOURCES)
    other = read_entry(written(tmp_path, HEADER + "[dose]\n" + DOSE.replace("0.5", "0.6")), SOURCES)
    assert one.sha256 == spaced.sha256
    assert one.sha256 != other.sha256


def test_a_value_may_be_a_list_of_numbers(tmp_path: Path) -> None:
    text = HEADER + DOSE.replace('"0.5"', '["3", "4"]')
    assert read_entry(written(tmp_path, text), SOURCES).content["mg"]["value"] == ["3", "4"]


def test_plain_texts_whole_numbers_and_flags_need_no_source(tmp_path: Path) -> None:
    text = HEADER + 'orderable = true\nroutes = ["IM"]\n[[items]]\nid = "1"\nmax = 3\n'
    content = read_entry(written(tmp_path, text), SOURCES).content
    assert content["items"] == [{"id": "1", "max": 3}]


@pytest.mark.parametrize("key", ["kind", "code", "version", "title", "released_on"])
def test_every_line_of_the_header_must_be_there(tmp_path: Path, key: str) -> None:
    kept = [line for line in HEADER.splitlines() if not line.startswith(key)]
    error = refusal(tmp_path, "\n".join(kept))
    assert error.message == f"“{key}” is missing."


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("version = 2", "version = 0", 3, "“version” is not a whole number from 1."),
        ("version = 2", 'version = "2"', 3, "“version” is not a whole number from 1."),
        ("version = 2", "version = true", 3, "“version” is not a whole number from 1."),
        ('code = "short"', "code = 7", 2, "“code” is not text."),
        ('title = "A short course"', 'title = " "', 4, "“title” is not text."),
        (
            '"2026-11-23"',
            '"2026-13-01"',
            5,
            "“2026-13-01” is not a date in quotes such as “2026-02-01”.",
        ),
        (
            '"2026-11-23"',
            "2026-11-23",
            5,
            "“2026-11-23” is not a date in quotes such as “2026-02-01”.",
        ),
    ],
)
def test_a_wrong_header_names_its_line(
    tmp_path: Path, old: str, new: str, line: int, message: str
) -> None:
    error = refusal(tmp_path, HEADER.replace(old, new))
    assert (error.line, error.message) == (line, message)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (', source = "SEED"', "", "“dose.mg” has no source."),
        (', confidence = "seed"', "", "“dose.mg” has no confidence."),
        (', unit = "mg/kg"', "", "“dose.mg” has no unit."),
        (', unit = "mg/kg"', ", unit = 1", "“dose.mg” has a unit that is not text."),
        ('"mg/kg"', '"stone"', "“dose.mg” has the unknown unit “stone”."),
        (
            '"0.5", unit = "mg/kg"',
            '"-1", unit = "d"',
            "“dose.mg” is a length of time below nothing.",
        ),
        (', dated = "2026-02-01"', "", "“dose.mg” has no dated."),
        (", dated", ', note = "x", dated', "“dose.mg” has the unknown key “note”."),
        ('"0.5"', '"half"', "“dose.mg” is not a number in quotes."),
        ('"0.5"', '"NaN"', "“dose.mg” is not a number in quotes."),
        ('"0.5"', '"Infinity"', "“dose.mg” is not a number in quotes."),
        ('"0.5"', "0.5", "“dose.mg” is not a number in quotes."),
        ('"0.5"', "[]", "“dose.mg” is not a number in quotes."),
        ('"0.5"', '["1", "x"]', "“dose.mg” is not a number in quotes."),
        ('"SEED"', '"HEARSAY"', "The source “HEARSAY” is not in the list of sources."),
        ('"SEED"', "[]", "The source “[]” is not in the list of sources."),
        ('confidence = "seed"', 'confidence = "sure"', "The confidence “sure” is unknown."),
        ('confidence = "seed"', "confidence = 1", "The confidence “1” is unknown."),
        (
            '"2026-02-01"',
            '"soon"',
            "“soon” is not a date in quotes such as “2026-02-01”.",
        ),
    ],
)
def test_a_wrong_number_names_its_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    error = refusal(tmp_path, HEADER + "\n[dose]\n" + DOSE.replace(old, new))
    assert (error.file.name, error.line, error.message) == ("short.toml", 8, message)
    assert str(error) == f"short.toml, line 8: {message}"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("mg = 0.5", "“dose.mg” is a binary fraction. Write a number table."),
        ("mg = [1, 0.5]", "“dose.mg.1” is a binary fraction. Write a number table."),
        ("mg = 2026-02-01", "“dose.mg” must stand in quotes."),
    ],
)
def test_a_bare_fraction_or_date_is_refused(tmp_path: Path, line: str, message: str) -> None:
    error = refusal(tmp_path, f"{HEADER}\n[dose]\n{line}\n")
    assert (error.line, error.message) == (8, message)


def test_in_a_list_of_tables_the_row_at_fault_is_named(tmp_path: Path) -> None:
    row = '[[conditions]]\ncode = "{}"\nsource = "{}"\nconfidence = "lit"\n'
    rows = (("x", "SEED"), ("y", "EXPERT"), ("z", "HEARSAY"))
    text = HEADER + "".join(row.format(*one) for one in rows)
    error = refusal(tmp_path, text)
    assert (error.line, error.message) == (
        14,
        "The source “HEARSAY” is not in the list of sources.",
    )


def test_a_number_in_a_row_is_found_by_its_own_line(tmp_path: Path) -> None:
    row = "[[bands]]\n" + DOSE
    error = refusal(tmp_path, HEADER + row + row.replace("0.5", "no"))
    assert (error.line, error.message) == (9, "“bands.1.mg” is not a number in quotes.")


def test_a_row_with_a_source_need_not_say_how_sure(tmp_path: Path) -> None:
    text = HEADER + '[[risks]]\ncode = "high"\nsource = "SEED"\n'
    assert read_entry(written(tmp_path, text), SOURCES).content["risks"][0]["code"] == "high"


def test_a_fault_inside_one_line_points_at_that_line(tmp_path: Path) -> None:
    error = refusal(tmp_path, HEADER + "dose = { low = 0.5 }\n")
    assert (error.line, error.message) == (
        6,
        "“dose.low” is a binary fraction. Write a number table.",
    )


def test_what_is_not_toml_names_the_line(tmp_path: Path) -> None:
    error = refusal(tmp_path, HEADER + "dose = = 1\n")
    assert error.line == 6
    assert error.message.startswith("is not TOML: ")


def test_what_breaks_off_is_not_toml_either(tmp_path: Path) -> None:
    error = refusal(tmp_path, HEADER + "dose = [")
    assert error.line == 1
    assert error.message.startswith("is not TOML: ")


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "bytes.toml"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CatalogueError, match=r"bytes\.toml, line 1: cannot be read: "):
        read_entry(file, SOURCES)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"gone\.toml, line 1: cannot be read: "):
        read_entry(tmp_path / "gone.toml", SOURCES)


def test_files_come_in_a_stable_order_from_every_folder_below(tmp_path: Path) -> None:
    for name in ("b/two.toml", "a/one.toml", "a/notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("", encoding="utf-8")
    found = [file.relative_to(tmp_path).as_posix() for file in catalogue_files(tmp_path)]
    assert found == ["a/one.toml", "b/two.toml"]


def test_sources_are_the_keys_of_their_list(tmp_path: Path) -> None:
    file = tmp_path / "sources.toml"
    file.write_text('SEED = "A text."\nYALE = "A paper."\n', encoding="utf-8")
    assert read_sources(file) == {"SEED", "YALE"}


CHOICE = (
    'way = { choice = "warn", among = ["warn", "hold"], source = "EXPERT",'
    ' confidence = "expert", dated = "2026-11-23" }\n'
)
OPEN = DOSE.replace(" }", ', between = ["0.4", "1"] }')


def test_a_choice_and_bounds_are_read(tmp_path: Path) -> None:
    content = read_entry(written(tmp_path, HEADER + CHOICE + OPEN), SOURCES).content
    assert content["way"]["choice"] == "warn"
    assert content["mg"]["between"] == ["0.4", "1"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            CHOICE.replace('"warn", among', '"stop", among'),
            "“way” chooses what is not among its choices.",
        ),
        (
            CHOICE.replace('["warn", "hold"]', '"warn"'),
            "“way” has an “among” that is not a list of texts.",
        ),
        (CHOICE.replace('"hold"]', "1]"), "“way” has an “among” that is not a list of texts."),
        (CHOICE.replace(', dated = "2026-11-23"', ""), "“way” has no dated."),
        (CHOICE.replace(" }", ', unit = "d" }'), "“way” has the unknown key “unit”."),
        (CHOICE.replace('"EXPERT"', '"HEARSAY"'), "The source “HEARSAY” is not in the list"),
        (CHOICE.replace('"2026-11-23"', '"soon"'), "“soon” is not a date in quotes"),
        (
            OPEN.replace('["0.4", "1"]', '["0.4"]'),
            "“mg” has a “between” that is not two numbers in quotes.",
        ),
        (OPEN.replace('["0.4", "1"]', '"0.4"'), "“mg” has a “between” that is not two numbers"),
        (OPEN.replace('"1"]', '"much"]'), "“mg” has a “between” that is not two numbers"),
        (OPEN.replace('["0.4", "1"]', '["1", "0.4"]'), "“mg” does not lie between its own bounds."),
        (OPEN.replace('["0.4", "1"]', '["0.6", "1"]'), "“mg” does not lie between its own bounds."),
    ],
)
def test_a_choice_or_bounds_that_are_not_whole(tmp_path: Path, text: str, message: str) -> None:
    error = refusal(tmp_path, HEADER + text)
    assert error.line == 6
    assert error.message.startswith(message)


def test_two_rows_may_not_share_a_name(tmp_path: Path) -> None:
    row = '[[alerts]]\nitem = "12"\n' + DOSE
    error = refusal(tmp_path, HEADER + row + row)
    assert error.message == "“alerts.12.mg” stands for two values. Give its rows a “code” each."


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (
            '[[checks]]\ncode = "x"\n[[checks]]\ncode = "y"\n[[checks]]\ncode = "x"\n',
            11,
            "“checks” has “x” twice.",
        ),
        ('[[items]]\nid = "1"\n[[items]]\nid = "1"\n', 9, "“items” has “1” twice."),
        ('routes = ["IM", "SC", "IM"]\n', 6, "“routes” has “IM” twice."),
    ],
)
def test_a_code_told_twice(tmp_path: Path, text: str, line: int, message: str) -> None:
    error = refusal(tmp_path, HEADER + text)
    assert (error.line, error.message) == (line, message)


def test_a_ledger_is_no_content(tmp_path: Path) -> None:
    (tmp_path / "ledger.toml").write_text("", encoding="utf-8")
    assert catalogue_files(tmp_path) == ()
