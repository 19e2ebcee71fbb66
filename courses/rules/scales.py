"""An instrument as data: items, ranges, bands, alerts. Scoring, pages and plots read the same."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import partial
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
from clinic.rules.rows import each_at
from courses.rules.scale_bands import Band, bands_of, require_whole

SUM, DOMAINS, CSSRS = "sum", "domains", "cssrs_screener"
LEVELS: Final = frozenset({"immediate", "same_day", "notice"})


@dataclass(frozen=True, slots=True)
class Item:
    """One question; `not_assessed` is a code that means “not scored”."""

    id: str
    label: str
    lowest: int
    highest: int
    not_assessed: int | None


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
    items = each_at(content, "items", _item)
    where, bands = bands_of(content)
    scale = Scale(
        code=text_at(content, "code"),
        title=text_at(content, "title"),
        rater=text_at(content, "rater"),
        method=text_at(content, "method"),
        items=items,
        domains=tuple(tuple(domain) for domain in _lists(content, "domains")),
        bands=bands,
        risks=each_at(content, "risks", _risk),
        alerts=each_at(content, "alerts", partial(_alert, items=items)),
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
    require_whole(bands, scale.range, where)
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
        raise RuleError("impossible_range", "max", f"Item {item.id} has no possible answer.")
    return item


def _syndrome(content: Content, items: tuple[Item, ...]) -> Syndrome:
    table = table_at(content, "syndrome")
    lower = {text_at(row, "item"): whole_at(row, "at_least") for row in rows_at(table, "lower")}
    if unknown := sorted(set(lower) - {item.id for item in items}):
        raise RuleError("content_broken", "syndrome.lower", f"There is no item “{unknown[0]}”.")
    usual = whole_at(table, "present_at")
    return Syndrome(
        present_at={item.id: lower.get(item.id, usual) for item in items},
        core=_texts(table, "core"),
        core_needed=whole_at(table, "core_needed"),
        needed=whole_at(table, "needed"),
    )


def _risk(row: Content) -> Risk:
    return Risk(text_at(row, "code"), text_at(row, "title"), _level(row))


def _alert(row: Content, items: tuple[Item, ...]) -> AlertRule:
    name, least = text_at(row, "item"), whole_at(row, "at_least")
    item = next((one for one in items if one.id == name), None)
    if item is None:
        raise RuleError("content_broken", "item", f"There is no item “{name}”.")
    if not item.lowest <= least <= item.highest:
        message = f"Item {name} is answered {item.lowest} to {item.highest}, never {least}."
        raise RuleError("impossible_range", "at_least", message)
    return AlertRule(name, least, _level(row))


def _level(row: Content) -> str:
    level = text_at(row, "level")
    if level not in LEVELS:
        raise RuleError("content_broken", "level", f"“{level}” is not how soon somebody looks.")
    return level


def _functional(row: Content) -> Functional:
    return Functional(text_at(row, "label"), _texts(row, "answers"), _plain_int(row, "max"))


def _require_known_items(scale: Scale) -> None:
    """Every rule must speak of an item that is there, and each item must be there once."""
    if scale.method not in (SUM, DOMAINS, CSSRS):
        raise RuleError("content_broken", "method", f"“{scale.method}” is not a way to score.")
    ids = [item.id for item in scale.items]
    spoken_of = {
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
