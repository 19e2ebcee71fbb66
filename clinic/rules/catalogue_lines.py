"""On which line of a content file a key stands, so that a refusal can point at it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from clinic.rules.content import Content
from clinic.rules.policy import SEPARATOR, row_name

_HEADING: Final = re.compile(r"^\[(\[)?\s*([\w.-]+)\s*\]")
_KEY: Final = re.compile(r"^([\w-]+)\s*=")

KeyPath = tuple[str, ...]


def lines_of_keys(text: str) -> dict[KeyPath, int]:
    """On which line each key and each heading stands; rows of a list carry their place."""
    found: dict[KeyPath, int] = {}
    rows: dict[KeyPath, int] = {}
    table: KeyPath = ()
    for number, line in enumerate(text.splitlines(), 1):
        if heading := _HEADING.match(line.strip()):
            table = _table(heading[2], rows, begins_row=bool(heading[1]))
            found.setdefault(table, number)
        elif key := _KEY.match(line.strip()):
            found.setdefault((*table, key[1]), number)
    return found


def _table(heading: str, rows: dict[KeyPath, int], *, begins_row: bool) -> KeyPath:
    """The path of a heading. Below a list it belongs to the list's last row."""
    path: KeyPath = ()
    *around, last = heading.split(SEPARATOR)
    for part in around:
        path = (*path, part)
        if path in rows:
            path = (*path, str(rows[path]))
    path = (*path, last)
    if begins_row:
        rows[path] = rows.get(path, -1) + 1
        path = (*path, str(rows[path]))
    return path


def nearest_line(lines: Mapping[KeyPath, int], path: KeyPath) -> int:
    """The line of `path`, or of the nearest table around it that has one; 1 where none has."""
    around = (path[:length] for length in range(len(path), 0, -1))
    return next((lines[part] for part in around if part in lines), 1)


def line_at(text: str, content: Content, field: str) -> int:
    """The line of a field as a rule names it: rows by their codes, such as `bands.mild.from`.

    A rule that knows only the last name of its path is shown the first line of that name.
    """
    lines = lines_of_keys(text)
    path = _placed(content, field.split(SEPARATOR))
    if any(path[:length] in lines for length in range(1, len(path) + 1)):
        return nearest_line(lines, path)
    named = [line for key, line in lines.items() if key[-1] == path[-1]]
    begun = [line for key, line in lines.items() if key[0] == path[0]]
    return next(iter([*named, *begun]), 1)


def _placed(content: Content, parts: list[str]) -> KeyPath:
    """The path with the place of each row in the stead of its name."""
    path: KeyPath = ()
    found: object = content
    for part in parts:
        key = part
        if isinstance(found, list):
            names = [row_name(row, place) for place, row in enumerate(found)]
            key = str(names.index(part)) if part in names else part
            found = found[int(key)] if part in names else None
        else:
            found = found.get(part) if isinstance(found, Mapping) else None
        path = (*path, key)
    return path
