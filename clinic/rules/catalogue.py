"""Reading the TOML in which clinical content is kept, and refusing what is not whole.

A number is `{ value = "0.5", unit = "mg/kg", source = "SEED", confidence = "seed",
dated = "2026-02-01" }`. `value` is text or a list of texts, because a binary fraction is not what
the source says. A number may say `between = ["100", "200"]`: what a site may set it to. A choice is
`{ choice = "warn", among = ["warn", "hold"], source, confidence, dated }`. `confidence` is `seed`
(the guideline), `lit` (a public source) or `expert` (a default that a site's clinical lead signs
off, and that a site may set).
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

from clinic.rules.catalogue_lines import KeyPath, lines_of_keys, nearest_line
from clinic.rules.policy import SEPARATOR, paths_of

CONFIDENCES: Final = frozenset({"seed", "lit", "expert"})
NUMBER_KEYS: Final = frozenset({"value", "unit", "source", "confidence", "dated"})
CHOICE_KEYS: Final = frozenset({"choice", "among", "source", "confidence", "dated"})
# Lists where the numbers of a text live; it has none of its own.
LEDGER: Final = "ledger.toml"
BETWEEN: Final = "between"
HEADER: Final = ("kind", "code", "version", "title", "released_on")
# Lengths of time, which are never negative.
TIMES: Final = frozenset({"s", "min", "h", "d", "wk", "mo", "a"})
# UCUM where it has one; what is counted and what is a multiple by name.
UNITS: Final = TIMES | {
    *("1", "%", "1/wk", "{score}", "severity", "R", "T score"),
    *("x", "x limit", "x baseline", "grace periods"),
    *("assessments", "infusions", "items", "people", "sessions", "symptoms"),
    *("cm", "[in_i]", "kg", "kg/m2", "kg/[in_i]", "kg per kg", "kg per [lb_av]"),
    *("mg", "mg/d", "mg/h", "mg/kg", "mg/kg/h", "ug/kg/min", "mg/mL", "mL", "mL/h", "mm[Hg]"),
    *("U/L", "U/L per U/L", "U/L per ukat/L", "g/L", "g/L per g/L", "g/L per g/dL"),
    *("umol/L", "umol/L per umol/L", "umol/L per mg/dL"),
}


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
    text = _text_of(file)
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CatalogueError(file, _decode_line(error), f"is not TOML: {error}") from None
    checker = _Checker(file, text, known_sources)
    checker.header(content)
    checker.table(content, ())
    checker.names(content)
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


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogueError(file, 1, f"cannot be read: {error}") from None


def read_sources(file: Path) -> frozenset[str]:
    """The keys of the list of sources."""
    return frozenset(tomllib.loads(file.read_text(encoding="utf-8")))


def catalogue_files(folder: Path) -> tuple[Path, ...]:
    """Every content file below `folder`, in a stable order; a ledger of them is none."""
    return tuple(sorted(file for file in folder.rglob("*.toml") if file.name != LEDGER))


def _decode_line(error: tomllib.TOMLDecodeError) -> int:
    words = str(error).replace(",", " ").split()
    return int(words[words.index("line") + 1]) if "line" in words else 1


class _Checker:
    """Walks one file; knows the line of a key for the message."""

    def __init__(self, file: Path, text: str, known_sources: frozenset[str]) -> None:
        self.file = file
        self.lines = lines_of_keys(text)
        self.known_sources = known_sources

    def fault(self, path: KeyPath, message: str) -> CatalogueError:
        """The error at `path`, or at the nearest table around it that has a line of its own."""
        return CatalogueError(self.file, nearest_line(self.lines, path), message)

    def header(self, content: Mapping[str, Any]) -> None:
        for key in HEADER:
            if key not in content:
                raise self.fault((key,), f"“{key}” is missing.")
        for key in ("kind", "code", "title"):
            if not isinstance(content[key], str) or not content[key].strip():
                raise self.fault((key,), f"“{key}” is not text.")
        version = content["version"]
        if not isinstance(version, int) or isinstance(version, bool) or version < 1:
            raise self.fault(("version",), "“version” is not a whole number from 1.")
        self._date(("released_on",), content["released_on"])

    def names(self, content: Mapping[str, Any]) -> None:
        """Two values under one path could not be set apart by a site."""
        twice = [path for path, count in Counter(paths_of(content)).items() if count > 1]
        if twice:
            message = f"“{twice[0]}” stands for two values. Give its rows a “code” each."
            raise self.fault(tuple(twice[0].split(SEPARATOR)), message)

    def table(self, table: Mapping[str, Any], path: KeyPath) -> None:
        for key, value in table.items():
            self._value(value, (*path, key))
        if "source" in table and path:
            self._provenance(table, path)

    def _value(self, value: object, path: KeyPath) -> None:
        if isinstance(value, Mapping):
            if "value" in value:
                self.number(value, path)
            elif "choice" in value:
                self.choice(value, path)
            else:
                self.table(value, path)
        elif isinstance(value, list):
            self._each_once(value, path)
            for place, row in enumerate(value):
                self._value(row, (*path, str(place)))
        elif isinstance(value, float):
            raise self.fault(path, f"“{_spoken(path)}” is a binary fraction. Write a number table.")
        elif not isinstance(value, str | int):
            # TOML has dates of its own, which JSON has not.
            raise self.fault(path, f"“{_spoken(path)}” must stand in quotes.")

    def _each_once(self, rows: list[Any], path: KeyPath) -> None:
        """A code told twice is a rule of which nobody knows which one counts."""
        seen: set[str] = set()
        for place, row in enumerate(rows):
            key = "id" if isinstance(row, Mapping) and "code" not in row else "code"
            named = row.get(key) if isinstance(row, Mapping) else row
            if not isinstance(named, str):
                continue
            if named in seen:
                message = f"“{_spoken(path)}” has “{named}” twice."
                raise self.fault((*path, str(place), key), message)
            seen.add(named)

    def number(self, leaf: Mapping[str, Any], path: KeyPath) -> None:
        name = _spoken(path)
        self._keys(leaf, path, NUMBER_KEYS, frozenset({BETWEEN}))
        texts = leaf["value"] if isinstance(leaf["value"], list) else [leaf["value"]]
        if not texts or not all(_is_decimal(text) for text in texts):
            raise self.fault(path, f"“{name}” is not a number in quotes.")
        if not isinstance(leaf["unit"], str):
            raise self.fault(path, f"“{name}” has a unit that is not text.")
        if leaf["unit"] not in UNITS:
            raise self.fault(path, f"“{name}” has the unknown unit “{leaf['unit']}”.")
        if leaf["unit"] in TIMES and any(Decimal(text) < 0 for text in texts):
            raise self.fault(path, f"“{name}” is a length of time below nothing.")
        self._bounds(leaf.get(BETWEEN), texts, path)
        self._provenance(leaf, path)
        self._date(path, leaf["dated"])

    def choice(self, leaf: Mapping[str, Any], path: KeyPath) -> None:
        name = _spoken(path)
        self._keys(leaf, path, CHOICE_KEYS, frozenset())
        among = leaf["among"]
        if not isinstance(among, list) or not all(isinstance(one, str) for one in among):
            raise self.fault(path, f"“{name}” has an “among” that is not a list of texts.")
        if leaf["choice"] not in among:
            raise self.fault(path, f"“{name}” chooses what is not among its choices.")
        self._provenance(leaf, path)
        self._date(path, leaf["dated"])

    def _keys(
        self,
        leaf: Mapping[str, Any],
        path: KeyPath,
        needed: frozenset[str],
        possible: frozenset[str],
    ) -> None:
        for key in sorted(needed - set(leaf)):
            raise self.fault(path, f"“{_spoken(path)}” has no {key}.")
        for key in sorted(set(leaf) - needed - possible):
            raise self.fault(path, f"“{_spoken(path)}” has the unknown key “{key}”.")

    def _bounds(self, between: object, texts: list[str], path: KeyPath) -> None:
        """What a site may set the number to: two numbers in order, with the default between."""
        if between is None:
            return
        name = _spoken(path)
        is_pair = isinstance(between, list) and len(between) == len(("low", "high"))
        if not is_pair or not all(_is_decimal(bound) for bound in between):  # type: ignore[attr-defined]
            raise self.fault(path, f"“{name}” has a “between” that is not two numbers in quotes.")
        low, high = (Decimal(bound) for bound in between)  # type: ignore[attr-defined]
        if not low <= high or not all(low <= Decimal(text) <= high for text in texts):
            raise self.fault(path, f"“{name}” does not lie between its own bounds.")

    def _provenance(self, leaf: Mapping[str, Any], path: KeyPath) -> None:
        source, confidence = leaf["source"], leaf.get("confidence", "lit")
        if not isinstance(source, str) or source not in self.known_sources:
            raise self.fault(path, f"The source “{source}” is not in the list of sources.")
        if not isinstance(confidence, str) or confidence not in CONFIDENCES:
            raise self.fault(path, f"The confidence “{confidence}” is unknown.")

    def _date(self, path: KeyPath, text: object) -> None:
        if not isinstance(text, str) or not _is_date(text):
            raise self.fault(path, f"“{text}” is not a date in quotes such as “2026-02-01”.")


def _spoken(path: KeyPath) -> str:
    return ".".join(path)


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _is_decimal(text: object) -> bool:
    try:
        return isinstance(text, str) and Decimal(text).is_finite()
    except InvalidOperation:
        return False
