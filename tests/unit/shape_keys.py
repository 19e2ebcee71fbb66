"""The keys that a shape knows and those that content uses, as dotted paths without row names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from clinic.rules.shape import ANY, Shape


def keys(shape: Shape, path: str = "") -> Iterator[str]:
    """Without those that stand for any key, and what lies below them."""
    for key, below in shape.items():
        if ANY in key:
            continue
        yield path + key
        if isinstance(below, Mapping):
            yield from keys(below, f"{path}{key}.")


def used(table: Mapping[str, Any], path: str = "") -> Iterator[str]:
    for key, value in table.items():
        yield path + key
        for row in value if isinstance(value, list) else [value]:
            if isinstance(row, Mapping):
                yield from used(row, f"{path}{key}.")
