"""The form of an instrument as tables; the wording of items only where the licence lets us."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from clinic.rules.content import Content
from clinic.rules.reference import VALUE, WHAT, Cell, Page, Section, page_of, section

FREE: Final = "free"
LICENCES: Final = {
    "free": "free: the wording may be shown",
    "labels_only": "restricted: short labels only, no wording",
    "restricted": "restricted: scores only, no wording",
}
# Told by the tables below, or wording that a licence may forbid.
HIDDEN: Final = ("items", "domains", "licence")
WORDING: Final = ("answers", "preamble", "functional")


def scale_page(content: Content) -> Page:
    """The instrument as tables. Content of any version is drawn, also one no longer scored."""
    is_free = content.get("licence") == FREE
    return page_of(content, special=_form, hidden=HIDDEN if is_free else (*HIDDEN, *WORDING))


def _form(content: Content) -> Iterator[Section]:
    items = _rows(content)
    licence = str(content.get("licence", ""))
    facts = [
        ("Items", str(len(items))),
        ("Answers", _answers(items)),
        ("Total", _total(content, items)),
        ("Licence", LICENCES.get(licence, licence)),
    ]
    rows = [(Cell(what), Cell(value)) for what, value in facts if value]
    yield section("The form", (WHAT, VALUE), rows)
    if licence == FREE:
        yield section("Items", ("Number", "Wording", "Answers"), [_item(item) for item in items])


def _rows(content: Content) -> Sequence[Content]:
    found = content.get("items", [])
    return found if isinstance(found, list) else []


def _item(item: Content) -> tuple[Cell, ...]:
    return Cell(str(item["id"])), Cell(str(item["label"])), Cell(_range(item))


def _range(item: Content) -> str:
    return f"{item['min']} to {item['max']}"


def _answers(items: Sequence[Content]) -> str:
    """“0 to 3 each”, or how many items have which."""
    counted = Counter(_range(item) for item in items)
    if len(counted) == 1:
        return f"{next(iter(counted))} each"
    return "; ".join(f"{count} of {answers}" for answers, count in counted.items())


def _total(content: Content, items: Sequence[Content]) -> str:
    """The range of the total; empty where the answers are not added up."""
    tops = {str(item["id"]): int(str(item["max"])) for item in items}
    if content.get("method") == "sum":
        return f"{sum(int(str(item['min'])) for item in items)} to {sum(tops.values())}"
    domains = content.get("domains")
    if content.get("method") == "domains" and isinstance(domains, list):
        highest = sum(max(tops[name] for name in domain) for domain in domains)
        return f"0 to {highest}: the highest answer of each of {len(domains)} domains"
    return ""
