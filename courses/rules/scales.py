"""An instrument as data: items, ranges, bands, alerts. Scoring, pages and plots read the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from clinic.rules.content import (
    Content,
    decimal_at,
    flag_at,
    optional_whole_at,
    rows_at,
    table_at,
    text_at,
    whole_at,
)
from clinic.rules.errors import RuleError

SUM, DOMAINS, CSSRS = "sum", "domains", "cssrs_screener"
USUAL: Final = "usual"


@dataclass(frozen=True, slots=True)
class Item:
    """One question; `not_assessed` is a code that means “not scored”."""

    id: str
    label: str
    lowest: int
    highest: int
    not_assessed: int | None


@dataclass(frozen=True, slots=True)
class Band:
    """A severity band, both ends included."""

    code: str
    title: str
    lowest: int
    highest: int


@dataclass(frozen=True, slots=True)
class AlertRule:
    """An answer that somebody must look at: `immediate`, `same_day` or `notice`."""

    item: str
    at_least: int
    level: str


@dataclass(frozen=True, slots=True)
class Risk:
    """A risk class of a screener and how soon somebody must look."""

    code: str
    title: str
    level: str


@dataclass(frozen=True, slots=True)
class Functional:
    """An unscored question about daily life."""

    label: str
    answers: tuple[str, ...]
    highest: int


@dataclass(frozen=True, slots=True)
class Syndrome:
    """When the answers together are a syndrome: enough symptoms, some of them core ones.

    `present_at` is the answer from which a symptom counts, by item.
    """

    present_at: dict[str, int]
    core: tuple[str, ...]
    core_needed: int
    needed: int


@dataclass(frozen=True, slots=True)
class Scale:
    """One version of an instrument. Cut-offs that it does not have are None."""

    code: str
    title: str
    rater: str
    method: str
    items: tuple[Item, ...]
    domains: tuple[tuple[str, ...], ...]
    bands: tuple[Band, ...]
    risks: tuple[Risk, ...]
    alerts: tuple[AlertRule, ...]
    functional: Functional | None
    answers: tuple[str, ...]
    preamble: str
    attribution: str
    remission_at_most: int | None
    response_percent: Decimal | None
    partial_percent: Decimal | None
    mcid: int | None
    recall_days: int | None
    min_days_between: int | None
    max_prorated_missing: int
    never_prorated: tuple[str, ...]
    is_prorated: bool
    subscales: dict[str, tuple[str, ...]]
    syndrome: Syndrome | None

    @property
    def range(self) -> tuple[int, int]:
        """Lowest and highest total."""
        if self.method == DOMAINS:
            tops = {item.id: item.highest for item in self.items}
            return 0, sum(max(tops[i] for i in domain) for domain in self.domains)
        return sum(i.lowest for i in self.items), sum(i.highest for i in self.items)

    @property
    def is_outcome(self) -> bool:
        """Whether response and remission are defined on it."""
        return self.response_percent is not None and self.remission_at_most is not None


def parse_scale(content: Content) -> Scale:
    """The scale in a catalogue entry.

    Raises RuleError `bands_broken` for overlapping or missing bands, `content_broken` for rules on
    items that are not there, `impossible_range`.
    """
    functional = table_at(content, "functional")
    items = tuple(_item(row) for row in rows_at(content, "items"))
    scale = Scale(
        code=text_at(content, "code"),
        title=text_at(content, "title"),
        rater=text_at(content, "rater"),
        method=text_at(content, "method"),
        items=items,
        domains=tuple(tuple(domain) for domain in _lists(content, "domains")),
        bands=tuple(_band(row) for row in _band_rows(content)),
        risks=tuple(
            Risk(text_at(r, "code"), text_at(r, "title"), text_at(r, "level"))
            for r in rows_at(content, "risks")
        ),
        alerts=tuple(
            AlertRule(text_at(r, "item"), whole_at(r, "at_least"), text_at(r, "level"))
            for r in rows_at(content, "alerts")
        ),
        functional=_functional(functional) if functional else None,
        answers=_texts(content, "answers"),
        preamble=str(content.get("preamble", "")),
        attribution=str(content.get("attribution", "")),
        remission_at_most=optional_whole_at(content, "remission_at_most"),
        response_percent=_optional(content, "response_percent"),
        partial_percent=_optional(content, "partial_percent"),
        mcid=optional_whole_at(content, "mcid"),
        recall_days=optional_whole_at(content, "recall_days"),
        min_days_between=optional_whole_at(content, "min_days_between"),
        is_prorated="prorated" in content and flag_at(content, "prorated"),
        max_prorated_missing=optional_whole_at(content, "max_prorated_missing") or 0,
        never_prorated=tuple(
            text_at(r, "item") for r in rows_at(content, "alerts") if r.get("never_prorated")
        ),
        subscales={
            key.removeprefix("subscale_"): _texts(content, key)
            for key in content
            if key.startswith("subscale_")
        },
        syndrome=_syndrome(content, items) if table_at(content, "syndrome") else None,
    )
    _require_known_items(scale)
    _require_whole_bands(scale)
    return scale


def _item(row: Content) -> Item:
    item = Item(
        id=text_at(row, "id"),
        label=text_at(row, "label"),
        lowest=_plain_int(row, "min"),
        highest=_plain_int(row, "max"),
        not_assessed=_plain_int(row, "not_assessed") if "not_assessed" in row else None,
    )
    if item.lowest > item.highest:
        raise RuleError("impossible_range", "items.max", f"Item {item.id} has no possible answer.")
    return item


def _syndrome(content: Content, items: tuple[Item, ...]) -> Syndrome:
    table = table_at(content, "syndrome")
    lower = {text_at(row, "item"): whole_at(row, "at_least") for row in rows_at(table, "lower")}
    usual = whole_at(table, "present_at")
    return Syndrome(
        present_at={item.id: lower.get(item.id, usual) for item in items},
        core=_texts(table, "core"),
        core_needed=whole_at(table, "core_needed"),
        needed=whole_at(table, "needed"),
    )


def _band_rows(content: Content) -> Sequence[Content]:
    """The usual bands, or the other published set that the site has chosen."""
    used = text_at(content, "bands_used") if "bands_used" in content else USUAL
    if used == USUAL:
        return rows_at(content, "bands")
    rows = rows_at(table_at(content, "band_sets"), used)
    if not rows:
        raise RuleError("bands_broken", "bands_used", f"There are no bands called “{used}”.")
    return rows


def _band(row: Content) -> Band:
    return Band(
        text_at(row, "code"), text_at(row, "title"), whole_at(row, "from"), whole_at(row, "to")
    )


def _functional(row: Content) -> Functional:
    return Functional(text_at(row, "label"), _texts(row, "answers"), _plain_int(row, "max"))


def _require_known_items(scale: Scale) -> None:
    """Every rule must speak of an item that is there, and each item must be there once."""
    if scale.method not in (SUM, DOMAINS, CSSRS):
        raise RuleError("content_broken", "method", f"“{scale.method}” is not a way to score.")
    ids = [item.id for item in scale.items]
    spoken_of = {
        "alerts": [rule.item for rule in scale.alerts],
        "domains": [item for domain in scale.domains for item in domain],
        "subscales": [item for part in scale.subscales.values() for item in part],
        "syndrome": list(scale.syndrome.core) if scale.syndrome else [],
    }
    for field, named in spoken_of.items():
        if unknown := sorted(set(named) - set(ids)):
            raise RuleError("content_broken", field, f"There is no item “{unknown[0]}”.")
    if len(set(ids)) != len(ids) or not ids:
        raise RuleError("content_broken", "items", "Each item must be there, and once.")
    if scale.method == DOMAINS and sorted(spoken_of["domains"]) != sorted(ids):
        raise RuleError("content_broken", "domains", "Each item belongs to one domain.")


def _require_whole_bands(scale: Scale) -> None:
    """Bands must cover the range of totals without gap or overlap: a score has one band."""
    if not scale.bands:
        return
    lowest, highest = scale.range
    expected = lowest
    for band in scale.bands:
        if band.lowest != expected or band.highest < band.lowest:
            raise RuleError(
                "bands_broken", "bands", f"Band “{band.code}” must begin at {expected}."
            )
        expected = band.highest + 1
    if expected != highest + 1:
        raise RuleError("bands_broken", "bands", f"The last band must end at {highest}.")


def _plain_int(row: Content, key: str) -> int:
    found = row.get(key)
    if not isinstance(found, int) or isinstance(found, bool):
        raise RuleError("content_broken", key, f"“{key}” is not a whole number.")
    return found


def _texts(content: Content, key: str) -> tuple[str, ...]:
    found = content.get(key, [])
    return tuple(str(text) for text in found) if isinstance(found, list) else ()


def _lists(content: Content, key: str) -> list[list[str]]:
    found = content.get(key, [])
    return found if isinstance(found, list) else []


def _optional(content: Content, key: str) -> Decimal | None:
    return decimal_at(content, key) if table_at(content, key) else None
