"""Reading the TOML in which clinical content is kept, and refusing what is not whole.

A number is `{ value = "0.5", unit = "mg/kg", source = "SEED", confidence = "seed",
dated = "2026-02-01" }`. `value` is text or a list of texts, because a binary fraction is not what
the source says. `confidence` is `seed` (the guideline), `lit` (a public source) or `expert` (a
default that a site's clinical lead signs off).
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

CONFIDENCES: Final = frozenset({"seed", "lit", "expert"})
NUMBER_KEYS: Final = frozenset({"value", "unit", "source", "confidence", "dated"})
HEADER: Final = ("kind", "code", "version", "title", "released_on")


class CatalogueError(ValueError):
    """Content that is not whole: which file, which line, what is wrong."""

    def __init__(self, file: Path, line: int, message: str) -> None:
        super().__init__(f"{file.name}, line {line}: {message}")
        self.file = file
        self.line = line
        self.message = message


@dataclass(frozen=True, slots=True)
class Entry:
    """One version of one piece of content; `content` is the whole file, fit for JSON."""

    kind: str
    code: str
    version: int
    title: str
    released_on: date
    content: dict[str, Any]
    sha256: str


def read_entry(file: Path, known_sources: frozenset[str]) -> Entry:
    """The entry in `file`. Raises CatalogueError naming file and line."""
    text = file.read_text(encoding="utf-8")
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CatalogueError(file, _decode_line(error), f"is not TOML: {error}") from None
    checker = _Checker(file, text, known_sources)
    checker.header(content)
    checker.table(content, ())
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return Entry(
        kind=content["kind"],
        code=content["code"],
        version=content["version"],
        title=content["title"],
        released_on=date.fromisoformat(content["released_on"]),
        content=content,
        sha256=hashlib.sha256(canonical.encode()).hexdigest(),
    )


def read_sources(file: Path) -> frozenset[str]:
    """The keys of the list of sources."""
    return frozenset(tomllib.loads(file.read_text(encoding="utf-8")))


def catalogue_files(folder: Path) -> tuple[Path, ...]:
    """Every content file below `folder`, in a stable order."""
    return tuple(sorted(folder.rglob("*.toml")))


def _decode_line(error: tomllib.TOMLDecodeError) -> int:
    words = str(error).replace(",", " ").split()
    return int(words[words.index("line") + 1]) if "line" in words else 1


class _Checker:
    """Walks one file; knows how to find the line of a key for the message."""

    def __init__(self, file: Path, text: str, known_sources: frozenset[str]) -> None:
        self.file = file
        self.lines = text.splitlines()
        self.known_sources = known_sources

    def fault(self, path: tuple[str, ...], message: str) -> CatalogueError:
        return CatalogueError(self.file, self._line(path), message)

    def _line(self, path: tuple[str, ...]) -> int:
        """The first line of the last key after its table's heading; 1 where it is not found."""
        names = [name for name in path if not name.isdigit()]
        start = 0
        for heading in (".".join(names[:-1]), *(names[:1] if len(names) > 1 else ())):
            found = [n for n, x in enumerate(self.lines) if heading and x.strip("[] ") == heading]
            start = found[0] if found else start
        for number, line in enumerate(self.lines[start:], start + 1):
            if names and line.split("=")[0].strip() == names[-1]:
                return number
        return start + 1

    def header(self, content: Mapping[str, Any]) -> None:
        for key in HEADER:
            if key not in content:
                raise self.fault((key,), f"“{key}” is missing.")
        if not isinstance(content["version"], int) or content["version"] < 1:
            raise self.fault(("version",), "“version” is not a whole number from 1.")
        self._date(("released_on",), content["released_on"])

    def table(self, table: Mapping[str, Any], path: tuple[str, ...]) -> None:
        for key, value in table.items():
            here = (*path, key)
            if isinstance(value, Mapping):
                if "value" in value:
                    self.number(value, here)
                else:
                    self.table(value, here)
            elif isinstance(value, float):
                raise self.fault(here, f"“{key}” is a binary fraction. Write a number table.")
            elif isinstance(value, list):
                for place, row in enumerate(value):
                    if isinstance(row, Mapping):
                        self.table(row, (*here, str(place)))
        if "source" in table and path:
            self._provenance(table, path)

    def number(self, leaf: Mapping[str, Any], path: tuple[str, ...]) -> None:
        name = ".".join(path)
        for key in sorted(NUMBER_KEYS - set(leaf)):
            raise self.fault(path, f"“{name}” has no {key}.")
        for key in sorted(set(leaf) - NUMBER_KEYS):
            raise self.fault(path, f"“{name}” has the unknown key “{key}”.")
        for text in _texts(leaf["value"]):
            if not _is_decimal(text):
                raise self.fault(path, f"“{name}” is not a number in quotes.")
        self._provenance(leaf, path)
        self._date(path, leaf["dated"])

    def _provenance(self, leaf: Mapping[str, Any], path: tuple[str, ...]) -> None:
        if leaf["source"] not in self.known_sources:
            raise self.fault(path, f"The source “{leaf['source']}” is not in the list of sources.")
        if leaf.get("confidence", "lit") not in CONFIDENCES:
            raise self.fault(path, f"The confidence “{leaf['confidence']}” is unknown.")

    def _date(self, path: tuple[str, ...], text: object) -> None:
        try:
            date.fromisoformat(str(text))
        except ValueError:
            raise self.fault(path, f"“{text}” is not a date such as 2026-02-01.") from None


def _texts(value: object) -> Iterator[object]:
    yield from value if isinstance(value, list) else (value,)


def _is_decimal(text: object) -> bool:
    try:
        return isinstance(text, str) and Decimal(text).is_finite()
    except InvalidOperation:
        return False
