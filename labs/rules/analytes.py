"""Measured quantities: their codes, units, exact conversions and possible range."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from clinic.rules.content import (
    Content,
    decimal_at,
    flag_at,
    rows_at,
    table_at,
    text_at,
    texts_at,
)
from clinic.rules.errors import RuleError

LOINC: Final = "http://loinc.org"
LOINC_NAMES: Final = frozenset({LOINC, "LN", "LOINC", "urn:oid:2.16.840.1.113883.6.1"})
_TENTH: Final = Decimal("0.1")


@dataclass(frozen=True, slots=True)
class Unit:
    """A UCUM unit, other spellings of it, and how many canonical units one of it is."""

    code: str
    spellings: frozenset[str]
    factor: Decimal


@dataclass(frozen=True, slots=True)
class Units:
    """Units that convert into each other by a factor."""

    canonical: str
    units: tuple[Unit, ...]

    def known(self, unit: str) -> Unit:
        """The unit that `unit` spells; never guessed.

        Raises RuleError `unit_missing` or `unit_unknown`.
        """
        spelled = _spelled(unit)
        if not spelled:
            raise RuleError("unit_missing", "unit", "A value needs its unit.")
        for candidate in self.units:
            if spelled in candidate.spellings:
                return candidate
        raise RuleError("unit_unknown", "unit", f"The unit “{unit}” is not known here.")


@dataclass(frozen=True, slots=True)
class Analyte:
    """A measured quantity. `lowest` and `highest` are in the canonical unit."""

    code: str
    title: str
    loinc: frozenset[str]
    synonyms: frozenset[str]
    units: Units
    lowest: Decimal
    highest: Decimal
    completes_liver_panel: bool


def parse_units(content: Content) -> Units:
    """Units from catalogue content."""
    rows = tuple(_unit(row) for row in rows_at(content, "units"))
    return Units(text_at(content, "unit"), rows)


def parse_analyte(code: str, title: str, content: Content) -> Analyte:
    """One analyte from catalogue content."""
    return Analyte(
        code=code,
        title=title,
        loinc=frozenset(texts_at(content, "loinc")),
        synonyms=frozenset(_plain(name) for name in (code, title, *texts_at(content, "synonyms"))),
        units=parse_units(content),
        lowest=decimal_at(content, "plausible", "lowest"),
        highest=decimal_at(content, "plausible", "highest"),
        completes_liver_panel=flag_at(table_at(content, "liver_panel"), "mandatory"),
    )


def read_analyte(content: Content) -> Analyte:
    """An analyte whose code and title stand in the content itself."""
    return parse_analyte(text_at(content, "code"), text_at(content, "title"), content)


def find(analytes: Iterable[Analyte], code: str, system: str = "") -> Analyte | None:
    """The analyte of a LOINC code, or of a name where no system says what the code is.

    A code of another system is never read as ours: a laboratory's own “ALB” may be of the urine.
    """
    if system and system not in LOINC_NAMES:
        return None
    wanted, name = code.strip(), "" if system else _plain(code)
    matching = (one for one in analytes if wanted in one.loinc or name in one.synonyms)
    return next(matching, None)


def exact(value: Decimal, from_unit: str, to_unit: str, units: Units) -> Decimal:
    """`value` in another unit, not rounded: for comparing with limits."""
    source, target = units.known(from_unit), units.known(to_unit)
    if source == target:
        return value
    return value * source.factor / target.factor


def rounded(value: Decimal, from_unit: str, to_unit: str, units: Units) -> Decimal:
    """`value` in another unit to 0.1, half up: for reading."""
    return exact(value, from_unit, to_unit, units).quantize(_TENTH, ROUND_HALF_UP)


def convert(
    value: Decimal,
    from_unit: str,
    to_unit: str,
    analyte: Analyte | None = None,
    general: Iterable[Units] = (),
) -> Decimal:
    """Convert to 0.1 within the analyte's units, or within the general group that knows both.

    A mass becomes an amount only through an analyte. Raises RuleError `unit_missing`,
    `unit_unknown`, or `unit_not_convertible`.
    """
    if analyte is not None:
        return rounded(value, from_unit, to_unit, analyte.units)
    for units in general:
        if knows(units, from_unit) and knows(units, to_unit):
            return rounded(value, from_unit, to_unit, units)
    raise RuleError(
        "unit_not_convertible", "analyte", f"“{from_unit}” is not turned into “{to_unit}” here."
    )


def canonical(value: Decimal, unit: str, analyte: Analyte) -> Decimal:
    """`value` in the analyte's own unit, exact.

    Raises RuleError `value_impossible` outside the range in which a living person can be, which
    is more often a wrong unit or a slip than a finding.
    """
    converted = exact(value, unit, analyte.units.canonical, analyte.units)
    if not analyte.lowest <= converted <= analyte.highest:
        raise RuleError(
            "value_impossible",
            "value",
            f"{analyte.title} of {value} {unit} is not possible. Check the value and its unit.",
        )
    return converted


def _unit(row: Content) -> Unit:
    code = text_at(row, "code")
    names = frozenset(_spelled(name) for name in (code, *texts_at(row, "spellings")))
    return Unit(code, names, decimal_at(row, "factor"))


def _spelled(unit: str) -> str:
    """A unit as it is compared: no spaces, no case, one of the two micro signs."""
    return "".join(unit.split()).casefold().replace("\u00b5", "\u03bc")


def _plain(name: str) -> str:
    return " ".join(name.split()).casefold()


def knows(units: Units, unit: str) -> bool:
    """Whether `unit` spells one of the units."""
    return any(_spelled(unit) in known.spellings for known in units.units)
