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
        (b'{"vectors": ' + b"[" * 20 + b"]" * 20 + b"}", "is nested too deeply"),
        (b'{"vectors": [1e999]}', "has “1e999”, which is too large for a number"),
        (b'{"vectors": [' + b"9" * 5000 + b"]}", "has a number of 5000 digits"),
        (b'{"vectors": [{"fn": 1, "id": 2, "fn": 3}]}', "has “fn” twice in one table"),
        (b'{"vectors": [{"id": "a\\u0000"}]}', r"has a sign that is no text in 'a\x00'"),
        (b'{"vectors": [{"\\ud800": 1}]}', r"has a sign that is no text in '\ud800'"),
    ],
    ids=[
        "bytes",
        "broken",
        "deep",
        "nan",
        "infinity",
        "list",
        "number",
        "empty",
        "rather deep",
        "too large",
        "too long",
        "key twice",
        "no sign",
        "half a sign",
    ],
)
def test_what_is_no_file_of_cases(data: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=re.escape(reason)):
        case_file.read_cases(data)


def test_a_whole_sign_of_two_halves_and_a_mark_of_order_are_text() -> None:
    data = b'\xef\xbb\xbf{"vectors": [{"id": "\\ud83d\\ude00"}]}'
    assert case_file.read_cases(data) == [{"id": "\U0001f600"}]


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (["a", "b", "a"], "has “a” twice: case 1 and case 3"),
        (["a", ""], "has no “id” in case 2"),
        ([7], "has no “id” in case 1"),
    ],
)
def test_uploaded_cases_have_names_of_their_own(names: list[object], reason: str) -> None:
    data = json.dumps({"vectors": [{**CASE, "id": name} for name in names]}).encode()
    with pytest.raises(ValueError, match=reason):
        case_file.read_uploaded(data)


def test_an_upload_has_its_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    data = json.dumps({"vectors": [CASE, CASE]}).encode()
    monkeypatch.setattr(case_file, "MOST_CASES", 1)
    with pytest.raises(ValueError, match="has 2 cases; 1 at most"):
        case_file.read_uploaded(data)
    with pytest.raises(ValueError, match="is larger than 2 MB"):
        case_file.read_uploaded(b" " * 2_000_001)
