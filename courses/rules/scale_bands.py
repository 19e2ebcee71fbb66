"""Bands of severity: which set a total is read by, and whether the set is whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from clinic.rules.content import Content, table_at, text_at, whole_at
from clinic.rules.errors import RuleError
from clinic.rules.rows import each_at

USUAL: Final = "usual"


@dataclass(frozen=True, slots=True)
class Band:
    """A severity band, both ends included."""

    code: str
    title: str
    lowest: int
    highest: int


def bands_of(content: Content) -> tuple[str, tuple[Band, ...]]:
    """The list of the bands in use and they: the usual ones or the other set the site chose.

    Raises RuleError `bands_broken`.
    """
    used = text_at(content, "bands_used") if "bands_used" in content else USUAL
    if used == USUAL:
        return "bands", each_at(content, "bands", _band)
    found = each_at(table_at(content, "band_sets"), used, _band)
    if not found:
        raise RuleError("bands_broken", "bands_used", f"There are no bands called “{used}”.")
    return f"band_sets.{used}", found


def _band(row: Content) -> Band:
    return Band(
        text_at(row, "code"), text_at(row, "title"), whole_at(row, "from"), whole_at(row, "to")
    )


def require_whole(bands: tuple[Band, ...], totals: tuple[int, int], where: str) -> None:
    """They must cover the range of totals without gap or overlap: a score has one band.

    Raises RuleError `bands_broken` naming the row of the list `where`.
    """
    expected, highest = totals
    name = where
    for band in bands:
        name = f"{where}.{band.code}"
        if band.lowest != expected:
            message = f"Band “{band.code}” must begin at {expected}."
            raise RuleError("bands_broken", f"{name}.from", message)
        if not band.lowest <= band.highest <= highest:
            message = f"Band “{band.code}” must end between its beginning and {highest}."
            raise RuleError("bands_broken", f"{name}.to", message)
        expected = band.highest + 1
    if bands and expected != highest + 1:
        raise RuleError("bands_broken", f"{name}.to", f"The last band must end at {highest}.")
