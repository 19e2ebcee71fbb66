"""Reading clinical content: a table of tables whose numbers carry unit, source and date.

A number is `{ value = "0.5", unit = "mg/kg", source = "...", ... }`; its value is text, because a
binary fraction is not what the source says. A choice is
`{ choice = "warn", among = ["warn", "hold"], source = "...", ... }`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Final, cast

from clinic.rules.errors import RuleError
from clinic.rules.reasons import Origin

Content = Mapping[str, object]

YES: Final = "yes"
NO: Final = "no"


def table_at(content: Content, *path: str) -> Content:
    """The table at `path`; an absent one is empty."""
    found: object = content
    for key in path:
        found = cast("Content", found).get(key, {})
        if not isinstance(found, Mapping):
            raise _broken(path, "is not a table")
    return cast("Content", found)


def rows_at(content: Content, key: str) -> Sequence[Content]:
    """The list of tables called `key`; an absent one is empty."""
    found = content.get(key, [])
    if not isinstance(found, list) or not all(isinstance(row, Mapping) for row in found):
        raise _broken((key,), "is not a list of tables")
    return found


def decimal_at(content: Content, *path: str) -> Decimal:
    """The number at `path`. Raises RuleError `content_broken` where it is missing or no number."""
    leaf = table_at(content, *path)
    try:
        return Decimal(cast("str", leaf["value"]))
    except (KeyError, TypeError, InvalidOperation):
        raise _broken(path, "has no number") from None


def whole_at(content: Content, *path: str) -> int:
    """The number at `path`, which must be a whole one."""
    number = decimal_at(content, *path)
    if number != number.to_integral_value():
        raise _broken(path, "is not a whole number")
    return int(number)


def optional_whole_at(content: Content, *path: str) -> int | None:
    """The whole number at `path`, or None where the content names none."""
    return whole_at(content, *path) if table_at(content, *path) else None


def text_at(content: Content, *path: str) -> str:
    """The text at `path`, plain or chosen."""
    found = _chosen(content, *path)
    if not isinstance(found, str):
        raise _broken(path, "is not text")
    return found


def texts_at(content: Content, *path: str) -> tuple[str, ...]:
    """The list of texts at `path`."""
    found = table_at(content, *path[:-1]).get(path[-1])
    if not isinstance(found, list) or not all(isinstance(text, str) for text in found):
        raise _broken(path, "is not a list of texts")
    return tuple(found)


def flag_at(content: Content, *path: str) -> bool:
    """The yes or no at `path`, plain or chosen."""
    found = table_at(content, *path[:-1]).get(path[-1])
    if isinstance(found, Mapping) and found.get("choice") in (YES, NO):
        return bool(found["choice"] == YES)
    if not isinstance(found, bool):
        raise _broken(path, "is neither true nor false")
    return found


def origin_at(content: Content, *path: str) -> Origin:
    """Where the number, choice, row or table at `path` comes from.

    One without a source of its own has that of the nearest table around it that has one.
    """
    around = (table_at(content, *path[:length]) for length in range(len(path), -1, -1))
    return _origin(content, next((table for table in around if "source" in table), content))


def row_origin_at(content: Content, key: str, name: str, value: object) -> Origin:
    """Where the row of the list `key` comes from whose `name` is `value`."""
    found = (row for row in rows_at(content, key) if row.get(name) == value)
    return _origin(content, next((row for row in found if "source" in row), content))


def rule_name(content: Content) -> str:
    """Which content and which version of it, such as `gate 2`."""
    return f"{content.get('code', '')} {content.get('version', '')}".strip()


def _chosen(content: Content, *path: str) -> object:
    found = table_at(content, *path[:-1]).get(path[-1])
    return found.get("choice") if isinstance(found, Mapping) else found


def _origin(content: Content, leaf: Content) -> Origin:
    return Origin(
        source=str(leaf.get("source", "EXPERT")),
        confidence=str(leaf.get("confidence", "expert")),
        rule=rule_name(content),
        policy_version=cast("int", content.get("policy_version", 0)),
    )


def _broken(path: Sequence[str], what: str) -> RuleError:
    name = ".".join(path)
    return RuleError("content_broken", name, f"The clinical content “{name}” {what}.")
