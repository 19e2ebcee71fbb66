"""Files of worked cases: what is read, and what is said of those that are not."""

from __future__ import annotations

import json
import re

import pytest

from courses.rules import case_file

CASE = {"id": "D-1", "fn": "dose.mg", "input": {}, "expected": {}}


def test_the_cases_of_a_file() -> None:
    assert case_file.read_cases(json.dumps({"vectors": [CASE]}).encode()) == [CASE]
    assert case_file.read_uploaded(json.dumps({"vectors": [CASE]}).encode()) == [CASE]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\xff", "is not UTF-8 text"),
        (b"{", "is not JSON: line 1"),
        (b"[" * 100_000, "is nested too deeply"),
        (b'{"vectors": [{"input": {"weight_kg": NaN}}]}', "has “NaN”"),
        (b'{"vectors": [{"input": {"weight_kg": Infinity}}]}', "has “Infinity”"),
        (b"[]", "has no list “vectors” of cases"),
        (b'{"vectors": [1]}', "has no list “vectors” of cases"),
        (b'{"vectors": []}', "has no cases"),
    ],
    ids=["bytes", "broken", "deep", "nan", "infinity", "list", "number", "empty"],
)
def test_what_is_no_file_of_cases(data: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=re.escape(reason)):
        case_file.read_cases(data)


def test_an_upload_has_its_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    data = json.dumps({"vectors": [CASE, CASE]}).encode()
    monkeypatch.setattr(case_file, "MOST_CASES", 1)
    with pytest.raises(ValueError, match="has 2 cases; 1 at most"):
        case_file.read_uploaded(data)
    with pytest.raises(ValueError, match="is larger than 2 MB"):
        case_file.read_uploaded(b" " * 2_000_001)
