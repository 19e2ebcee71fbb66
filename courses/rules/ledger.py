"""Every number of the guideline text and where it lives in the clinical content."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from clinic.rules.content import Content, rows_at, text_at, texts_at
from clinic.rules.errors import RuleError
from clinic.rules.policy import SEPARATOR, row_name
from clinic.rules.reasons import SEED

# Finds a piece of content by its folder and code: `protocols/trd_standard`.
Find = Callable[[str], Content | None]


@dataclass(frozen=True, slots=True)
class Entry:
    """One number of the text. `factor` turns its unit into that of the last path."""

    number: Decimal
    unit: str
    context: str
    rule: str
    paths: tuple[str, ...]
    because: str
    factor: Decimal


def parse_ledger(content: Content) -> tuple[Entry, ...]:
    """The ledger. Raises RuleError `content_broken` naming the row that is not whole."""
    return tuple(_entry(row, place) for place, row in enumerate(rows_at(content, "numbers"), 1))


def faults(entries: tuple[Entry, ...], find: Find) -> list[str]:
    """What does not hold: a path that leads nowhere, another number there, another source."""
    return [fault for entry in entries for fault in _faults(entry, find)]


def _entry(row: Content, place: int) -> Entry:
    try:
        number, factor = (
            Decimal(str(row[name])) if name in row else Decimal(1) for name in ("number", "factor")
        )
    except InvalidOperation:
        message = f"Row {place} of the ledger has no number."
        raise RuleError("content_broken", f"numbers.{place}", message) from None
    return Entry(
        number=number,
        unit=text_at(row, "unit"),
        context=text_at(row, "context"),
        rule=text_at(row, "rule"),
        paths=texts_at(row, "paths"),
        because=str(row.get("because", "")),
        factor=factor,
    )


def _faults(entry: Entry, find: Find) -> list[str]:
    found = []
    if not entry.paths:
        found.append(f"{entry.number} {entry.unit} ({entry.context}) lives nowhere.")
    for place, path in enumerate(entry.paths, 1):
        leaf = _leaf(path, find)
        if leaf is None:
            found.append(f"{path}: there is no such number.")
            continue
        factor = entry.factor if place == len(entry.paths) else Decimal(1)
        if entry.number * factor not in _values(leaf):
            found.append(f"{path}: is {leaf['value']}, not {entry.number * factor}.")
        if leaf.get("confidence") != SEED and not entry.because:
            found.append(f"{path}: is not marked as the guideline's, and nothing says why.")
    return found


def _leaf(path: str, find: Find) -> Content | None:
    name, _space, keys = path.partition(" ")
    found: object = find(name)
    for key in keys.split(SEPARATOR):
        found = _below(found, key)
    return found if isinstance(found, Mapping) and "value" in found else None


def _below(table: object, key: str) -> object:
    if isinstance(table, list):
        named = (row for place, row in enumerate(table) if row_name(row, place) == key)
        return next(named, None)
    return table.get(key) if isinstance(table, Mapping) else None


def _values(leaf: Content) -> set[Decimal]:
    value = leaf["value"]
    return {Decimal(str(one)) for one in (value if isinstance(value, list) else [value])}
