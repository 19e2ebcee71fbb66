"""`manage.py check_rules`: what it prints and how it ends."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

GOOD = {
    "id": "D-1",
    "fn": "dose.mg",
    "input": {"weight_kg": "70", "mg_per_kg": "0.5"},
    "expected": {"dose_mg": "35.0"},
}
BAD = {**GOOD, "id": "D-2", "expected": {"dose_mg": "36.0"}}


def written(folder: Path, name: str, *cases: Any) -> Path:
    file = folder / name
    file.write_text(json.dumps({"vectors": list(cases)}), encoding="utf-8")
    return file


def run(*files: Path) -> list[str]:
    out = StringIO()
    try:
        call_command("check_rules", *map(str, files), stdout=out)
    except CommandError as error:
        return [*out.getvalue().splitlines(), f"exit {error.returncode}"]
    return out.getvalue().splitlines()


def test_all_pass(tmp_path: Path) -> None:
    assert run(written(tmp_path, "a.json", GOOD, GOOD)) == ["2 passed, 0 failed"]


def test_a_failing_case_is_shown_and_the_command_fails(tmp_path: Path) -> None:
    assert run(written(tmp_path, "a.json", GOOD, BAD)) == [
        "D-2 dose.mg: expected {'dose_mg': '36.0'}, got {'dose_mg': '35.0'}",
        "1 passed, 1 failed",
        "exit 1",
    ]


def test_a_function_nobody_knows_fails(tmp_path: Path) -> None:
    found = run(written(tmp_path, "a.json", {**GOOD, "fn": "dose.guess"}))
    assert found[0].endswith("got {'error': 'unknown_function'}")
    assert found[1:] == ["0 passed, 1 failed", "exit 1"]


def test_a_file_that_is_not_there_does_not_stop_the_others(tmp_path: Path) -> None:
    found = run(tmp_path / "gone.json", written(tmp_path, "a.json", GOOD))
    assert found[0] == f"{tmp_path / 'gone.json'}: cannot be read: No such file or directory"
    assert found[1:] == ["1 passed, 1 failed", "exit 1"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"{", "is not JSON: line 1: Expecting property name enclosed in double quotes"),
        (b"\xff\xfe", "is not UTF-8 text"),
        (b"[]", "has no list “vectors” of cases"),
        (b'{"vectors": {}}', "has no list “vectors” of cases"),
        (b'{"vectors": [1]}', "has no list “vectors” of cases"),
        (b'{"vectors": [{"fn": "dose.mg"}]}', "case 1 has no “input”"),
    ],
)
def test_a_file_of_another_shape_is_named_with_its_reason(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    file = tmp_path / "odd.json"
    file.write_bytes(content)
    assert run(file) == [f"{file}: {reason}", "0 passed, 1 failed", "exit 1"]


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    assert run(tmp_path)[0] == f"{tmp_path}: cannot be read: Is a directory"


def test_no_cases_are_no_success(tmp_path: Path) -> None:
    assert run(written(tmp_path, "a.json")) == [
        f"{tmp_path / 'a.json'}: has no cases",
        "0 passed, 1 failed",
        "exit 1",
    ]
