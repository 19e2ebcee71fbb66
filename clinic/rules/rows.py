"""Reading the rows of a list so that a refusal names the row."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from clinic.rules.content import Content, rows_at
from clinic.rules.errors import RuleError
from clinic.rules.policy import SEPARATOR, row_name

T = TypeVar("T")


def each_at(content: Content, key: str, read: Callable[[Content], T]) -> tuple[T, ...]:
    """Every row of the list `key` as `read` reads it.

    Raises what `read` raises, its field with the list and the row before it: `bands.mild.from`.
    """
    rows = enumerate(rows_at(content, key))
    return tuple(_named(row, SEPARATOR.join((key, row_name(row, n))), read) for n, row in rows)


def _named(row: Content, name: str, read: Callable[[Content], T]) -> T:
    try:
        return read(row)
    except RuleError as error:
        raise error.of(f"{name}{SEPARATOR}{error.field}") from None
