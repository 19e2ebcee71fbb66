"""Reading a file of worked cases: text in, cases out, or what is wrong with it."""

from __future__ import annotations

import json
from typing import Any, Final, NoReturn

MOST_BYTES: Final = 2_000_000
MOST_CASES: Final = 20_000


def read_cases(data: bytes) -> list[dict[str, Any]]:
    """The cases of a file `{"vectors": [{"id", "fn", "input", "expected"}, ...]}`.

    Raises ValueError saying what is wrong with it, for a person to mend.
    """
    return _listed(_parsed(data))


def read_uploaded(data: bytes) -> list[dict[str, Any]]:
    """The same from somebody's upload, which has its limits."""
    if len(data) > MOST_BYTES:
        raise ValueError(f"is larger than {MOST_BYTES // 1_000_000} MB")
    cases = read_cases(data)
    if len(cases) > MOST_CASES:
        raise ValueError(f"has {len(cases)} cases; {MOST_CASES} at most")
    return cases


def _parsed(data: bytes) -> object:
    try:
        return json.loads(data.decode("utf-8"), parse_constant=_no_number)
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8 text") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"is not JSON: line {error.lineno}: {error.msg}") from None
    except RecursionError:
        raise ValueError("is nested too deeply") from None


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"has “{text}”, which is not a number of JSON")


def _listed(content: object) -> list[dict[str, Any]]:
    cases = content.get("vectors") if isinstance(content, dict) else None
    if not isinstance(cases, list) or not all(isinstance(case, dict) for case in cases):
        raise ValueError("has no list “vectors” of cases")
    if not cases:
        raise ValueError("has no cases")
    return cases
