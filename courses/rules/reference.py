"""Facts that decide nothing: what trials found and what the guideline quotes, with sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from clinic.rules.content import Content, origin_at, rows_at, text_at
from clinic.rules.errors import RuleError
from clinic.rules.reasons import Origin


@dataclass(frozen=True, slots=True)
class Number:
    """One number or a range; `unit` as it stands in the content."""

    values: tuple[Decimal, ...]
    unit: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class Fact:
    """One sentence with the numbers in it. `origin` is its own where it has no number."""

    code: str
    sentence: str
    numbers: Mapping[str, Number]
    origin: Origin


@dataclass(frozen=True, slots=True)
class Reference:
    """A trial, or a passage of the guideline. `note` says beside what else it is to be read."""

    code: str
    title: str
    facts: tuple[Fact, ...]
    note: str = ""

    def number(self, fact: str, name: str) -> Number:
        """One number of one fact. Raises RuleError `unknown_code`."""
        for one in self.facts:
            if one.code == fact and name in one.numbers:
                return one.numbers[name]
        raise RuleError("unknown_code", name, f"“{self.code}” has no number “{fact}.{name}”.")


def parse_reference(content: Content) -> Reference:
    """A piece of reference content.

    Raises RuleError `content_broken` for one without facts or with a fact told twice,
    `impossible_range` for a range that runs backwards.
    """
    facts = tuple(_fact(content, row) for row in rows_at(content, "facts"))
    codes = [fact.code for fact in facts]
    if not facts or len(set(codes)) != len(codes):
        raise RuleError("content_broken", "facts", "Each fact stands once, and there is one.")
    note = content.get("note", "")
    return Reference(text_at(content, "code"), text_at(content, "title"), facts, str(note))


def _fact(content: Content, row: Content) -> Fact:
    numbers = {
        name: _number(content, name, leaf)
        for name, leaf in row.items()
        if isinstance(leaf, Mapping)
    }
    return Fact(
        code=text_at(row, "code"),
        sentence=text_at(row, "sentence"),
        numbers=numbers,
        origin=origin_at({**content, "facts": row}, "facts"),
    )


def _number(content: Content, name: str, leaf: Content) -> Number:
    texts = leaf.get("value")
    values = tuple(Decimal(str(one)) for one in (texts if isinstance(texts, list) else [texts]))
    if list(values) != sorted(values):
        raise RuleError("impossible_range", name, f"“{name}” runs backwards.")
    origin = origin_at({**content, name: leaf}, name)
    return Number(values, text_at(leaf, "unit"), origin)
