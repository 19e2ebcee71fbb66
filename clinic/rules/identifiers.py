"""Record numbers as people type them, and when two descriptions are the same person."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import date
from typing import Final

from clinic.rules.errors import RuleError

_LONGEST: Final = 40


@dataclass(frozen=True, slots=True)
class Identity:
    """What a report or a register says of a person; the last two may be missing."""

    record_number: str
    birth_date: date | None = None
    family_name: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """Which identifiers agree, and which are given on both sides and differ."""

    agreeing: frozenset[str]
    differing: frozenset[str]

    @property
    def is_same_person(self) -> bool:
        """Record number and at least one more identifier agree."""
        return "record_number" in self.agreeing and len(self.agreeing) > 1


def normalise_record_number(text: str) -> str:
    """Upper case without spaces, full-width forms folded: the form that is stored and compared.

    Raises RuleError `record_number_empty`, `record_number_too_long` or
    `record_number_not_printable`.
    """
    folded = unicodedata.normalize("NFKC", text).upper()
    # Upper case can take a letter apart again; folding once more makes the form final.
    number = "".join(unicodedata.normalize("NFKC", folded).split())
    if not number:
        raise RuleError("record_number_empty", "record_number", "Enter the record number.")
    if len(number) > _LONGEST:
        raise RuleError(
            "record_number_too_long",
            "record_number",
            f"A record number has at most {_LONGEST} characters.",
        )
    if not number.isprintable():
        raise RuleError(
            "record_number_not_printable",
            "record_number",
            "The record number holds a character that cannot be printed.",
        )
    return number


def compare(claimed: Identity, known: Identity) -> Match:
    """Compare what a message claims with what the register knows.

    One identifier alone never matches, because a mistyped record number is somebody else's.
    A missing identifier neither agrees nor differs.
    """
    pairs = (
        (
            "record_number",
            normalise_record_number(claimed.record_number),
            normalise_record_number(known.record_number),
        ),
        ("birth_date", claimed.birth_date, known.birth_date),
        ("family_name", _plain(claimed.family_name), _plain(known.family_name)),
    )
    given = [(name, one == other) for name, one, other in pairs if one and other]
    return Match(
        agreeing=frozenset(name for name, same in given if same),
        differing=frozenset(name for name, same in given if not same),
    )


def _plain(name: str) -> str:
    """A name without case, accents, hyphens, apostrophes and spaces, as laboratories print it."""
    letters = unicodedata.normalize("NFKD", name).casefold()
    return "".join(letter for letter in letters if letter.isalnum())
