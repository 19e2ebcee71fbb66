"""Reading a file of worked cases: text in, cases out, or what is wrong with it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any, Final, NoReturn

MOST_BYTES: Final = 2_000_000
MOST_CASES: Final = 20_000
# The richest of all inputs stand six deep.
DEEPEST: Final = 20
LONGEST_NUMBER: Final = 400
# A database keeps neither, and nobody types them.
_NOT_TEXT: Final = re.compile("[\x00\ud800-\udfff]")


def read_cases(data: bytes) -> list[dict[str, Any]]:
    """The cases of a file `{"vectors": [{"id", "fn", "input", "expected"}, ...]}`.

    Raises ValueError saying what is wrong with it, for a person to mend.
    """
    return _listed(_parsed(data))


def read_uploaded(data: bytes) -> list[dict[str, Any]]:
    """The same from somebody's upload: within its limits, and every case with a name of its own.

    Raises ValueError as `read_cases`.
    """
    check_size(len(data))
    cases = read_cases(data)
    if len(cases) > MOST_CASES:
        raise ValueError(f"has {len(cases)} cases; {MOST_CASES} at most")
    _check_names(cases)
    return cases


def check_size(size: int) -> None:
    """Raises ValueError for a file of more bytes than an upload may have."""
    if size > MOST_BYTES:
        raise ValueError(f"is larger than {MOST_BYTES // 1_000_000} MB")


def _check_names(cases: list[dict[str, Any]]) -> None:
    place_of: dict[str, int] = {}
    for place, case in enumerate(cases, 1):
        name = case.get("id")
        if not isinstance(name, str) or not name.strip():
            raise ValueError(f"has no “id” in case {place}")
        if name in place_of:
            raise ValueError(f"has “{name}” twice: case {place_of[name]} and case {place}")
        place_of[name] = place


def _parsed(data: bytes) -> object:
    try:
        content = json.loads(
            data.decode("utf-8-sig"),
            parse_constant=_no_number,
            parse_int=_whole,
            parse_float=_fraction,
            object_pairs_hook=_table,
        )
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8 text") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"is not JSON: line {error.lineno}: {error.msg}") from None
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    for text in _texts(content):
        if _NOT_TEXT.search(text):
            raise ValueError(f"has a sign that is no text in {text[:40]!a}")
    return content


def _texts(content: object) -> Iterator[str]:
    """Every text and every key. Raises ValueError where it is nested too deeply."""
    level = [content]
    for _ in range(DEEPEST):
        tables = [one for one in level if isinstance(one, dict)]
        lists = [one for one in level if isinstance(one, list)]
        yield from (one for one in level if isinstance(one, str))
        yield from (key for table in tables for key in table)
        level = [one for table in tables for one in table.values()]
        level += [one for items in lists for one in items]
    if level:
        raise ValueError("is nested too deeply")


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"has “{text}”, which is not a number of JSON")


def _whole(text: str) -> int:
    if len(text) > LONGEST_NUMBER:
        raise ValueError(f"has a number of {len(text)} digits")
    return int(text)


def _fraction(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"has “{text[:40]}”, which is too large for a number")
    return number


def _table(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"has “{twice}” twice in one table")
    return table


def _listed(content: object) -> list[dict[str, Any]]:
    cases = content.get("vectors") if isinstance(content, dict) else None
    if not isinstance(cases, list) or not all(isinstance(case, dict) for case in cases):
        raise ValueError("has no list “vectors” of cases")
    if not cases:
        raise ValueError("has no cases")
    return cases
