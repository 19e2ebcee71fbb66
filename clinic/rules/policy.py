"""A site's own values on top of the catalogue: which may differ, what they may be, the result.

Every number and choice that the catalogue marks `expert` may be set by a site (rulebook, marks);
what the guideline or a public source says may not. An overlay is content of the same shape, so
that the rule which reads the catalogue also judges what a site has set.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from clinic.rules.content import Content
from clinic.rules.errors import RuleError
from clinic.rules.reasons import EXPERT, SITE

# What names a row of a list, in this order; a row without any is named by its place.
ROW_NAMES: Final = ("code", "id", "item", "cycle", "level")
SEPARATOR: Final = "."
LIST_SEPARATOR: Final = ","

Values = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Setting:
    """One value that a site may set. `among` is empty for a number, `between` for a choice."""

    path: str
    value: str
    unit: str = ""
    among: tuple[str, ...] = ()
    between: tuple[Decimal, ...] = ()
    count: int = 1
    source: str = "EXPERT"
    dated: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the difference between two states of a section."""

    path: str
    unit: str
    default: str
    before: str
    after: str


def settings_of(content: Content) -> dict[str, Setting]:
    """Every value of `content` that a site may set, by path, in the order of the catalogue.

    What says of itself that it decides nothing, as the figures of a trial, has none.
    """
    if content.get("decides_nothing") is True:
        return {}
    return {path: _setting(path, leaf) for path, leaf in _leaves(content) if _is_open(leaf)}


def paths_of(content: Content) -> list[str]:
    """The path of every number and choice, in the order of the catalogue."""
    return [path for path, _ in _leaves(content)]


def overlay(content: Content, values: Values, version: int) -> Content:
    """`content` with the site's `values` in place, marked as the site's own, of that `version`.

    Raises RuleError naming the path: `policy_unknown`, `policy_not_open`, `not_a_number`,
    `out_of_range`, `not_a_choice`, `policy_count`.
    """
    settings = settings_of(content)
    fitting = {path: _fitting(content, settings, path, text) for path, text in values.items()}
    laid = _laid(content, "", fitting)
    return {**laid, "policy_version": version}


def fitting_only(content: Content, values: Values) -> Values:
    """Those of `values` that `content` still lets a site set: an older version may know fewer."""
    settings = settings_of(content)
    return {path: text for path, text in values.items() if path in settings}


def differences(content: Content, before: Values, after: Values) -> tuple[Change, ...]:
    """What changes between two sets of a site's values; a value not set is the default."""
    changes = []
    for path, setting in settings_of(content).items():
        old, new = before.get(path, setting.value), after.get(path, setting.value)
        if old != new:
            changes.append(Change(path, setting.unit, setting.value, old, new))
    return tuple(changes)


def written(setting: Setting, text: str) -> str:
    """`text` as it is kept: numbers without useless signs, lists with one comma.

    Raises RuleError `not_a_number`, `out_of_range`, `not_a_choice`, `policy_count`.
    """
    if setting.among:
        return _chosen(setting, text)
    parts = [_number(setting, part) for part in text.split(LIST_SEPARATOR)]
    if len(parts) != setting.count:
        message = f"“{setting.path}” has {setting.count} numbers, not {len(parts)}."
        raise RuleError("policy_count", setting.path, message)
    return f"{LIST_SEPARATOR} ".join(parts)


def _leaves(table: Content, path: str = "") -> Iterator[tuple[str, Content]]:
    for key, value in table.items():
        yield from _leaves_of(value, f"{path}{SEPARATOR}{key}" if path else key)


def _leaves_of(value: object, path: str) -> Iterator[tuple[str, Content]]:
    if isinstance(value, Mapping):
        if "value" in value or "choice" in value:
            yield path, value
        else:
            yield from _leaves(value, path)
    elif isinstance(value, list):
        for place, row in enumerate(value):
            yield from _leaves_of(row, f"{path}{SEPARATOR}{row_name(row, place)}")


def row_name(row: object, place: int) -> str:
    """What a row of a list is called in a path."""
    if isinstance(row, Mapping):
        return next((str(row[name]) for name in ROW_NAMES if name in row), str(place))
    return str(place)


def _is_open(leaf: Content) -> bool:
    return leaf.get("confidence") == EXPERT


def _setting(path: str, leaf: Content) -> Setting:
    value: Any = leaf.get("value", leaf.get("choice"))
    texts: list[str] = value if isinstance(value, list) else [value]
    among: Any = leaf.get("among", ())
    between: Any = leaf.get("between", ())
    return Setting(
        path=path,
        value=f"{LIST_SEPARATOR} ".join(texts),
        unit=str(leaf.get("unit", "")),
        among=tuple(among),
        between=tuple(Decimal(bound) for bound in between),
        count=len(texts),
        source=str(leaf.get("source", "")),
        dated=str(leaf.get("dated", "")),
    )


def _fitting(content: Content, settings: Mapping[str, Setting], path: str, text: str) -> str:
    if path in settings:
        return written(settings[path], text)
    if path in paths_of(content):
        raise RuleError("policy_not_open", path, f"“{path}” has a source; a site cannot set it.")
    raise RuleError("policy_unknown", path, f"“{path}” is not a value of this section.")


def _number(setting: Setting, text: str) -> str:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise RuleError("not_a_number", setting.path, f"“{text.strip()}” is not a number.")
    if setting.between and not setting.between[0] <= number <= setting.between[1]:
        low, high = setting.between
        unit = f" {setting.unit}" if setting.unit else ""
        message = f"{text.strip()} is not between {low} and {high}{unit}."
        raise RuleError("out_of_range", setting.path, message)
    return format(number.normalize() + 0, "f")


def _chosen(setting: Setting, text: str) -> str:
    asked = text.strip()
    if asked not in setting.among:
        message = f"“{asked}” is not one of: {', '.join(setting.among)}."
        raise RuleError("not_a_choice", setting.path, message)
    return asked


def _laid(table: Content, path: str, values: Values) -> dict[str, object]:
    return {
        key: _laid_value(value, f"{path}{SEPARATOR}{key}" if path else key, values)
        for key, value in table.items()
    }


def _laid_value(value: object, path: str, values: Values) -> object:
    if isinstance(value, Mapping):
        return _laid_leaf(value, values[path]) if path in values else _laid(value, path, values)
    if isinstance(value, list):
        return [
            _laid_value(row, f"{path}{SEPARATOR}{row_name(row, place)}", values)
            for place, row in enumerate(value)
        ]
    return value


def _laid_leaf(leaf: Content, text: str) -> dict[str, object]:
    parts: Sequence[str] = [part.strip() for part in text.split(LIST_SEPARATOR)]
    new: object = list(parts) if isinstance(leaf.get("value"), list) else text
    key = "choice" if "choice" in leaf else "value"
    return {**leaf, key: new, "source": SITE_SOURCE, "confidence": SITE}


SITE_SOURCE: Final = "SITE"
