"""The order in which content was written.

The database keeps the keys of a table in an order of its own; whoever reads wants the writer's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from clinic.rules.content import Content


def arranged(content: Content, like: Content) -> Content:
    """`content` with its keys, at every depth, in the order that `like` has them; others follow."""
    return cast("Content", _arranged(content, like))


def _arranged(value: object, like: object) -> object:
    if isinstance(value, Mapping):
        known: Content = like if isinstance(like, Mapping) else {}
        keys = [
            *(key for key in known if key in value),
            *(key for key in value if key not in known),
        ]
        return {key: _arranged(value[key], known.get(key)) for key in keys}
    if isinstance(value, list):
        row = _any_row(like)
        return [_arranged(one, row) for one in value]
    return value


def _any_row(rows: object) -> Content:
    """A row with every key that any row has."""
    if not isinstance(rows, list):
        return {}
    return {key: one for row in rows if isinstance(row, Mapping) for key, one in row.items()}
