"""Which keys a kind of content has, and in which unit each number is.

A key that no rule reads is a slip of the pen: the rule would go on without the value that somebody
believes to have set.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias, Union

from clinic.rules.content import Content
from clinic.rules.errors import RuleError
from clinic.rules.policy import SEPARATOR, row_name

# What stands at a key: the unit of a number, TEXT (a text, flag, list or choice), or a table below.
# A list of tables has the shape of its rows. ANY at the end of a key: whatever follows; as a unit:
# any unit.
Shape: TypeAlias = Mapping[str, Union[str, "Shape"]]
TEXT: Final = ""
ANY: Final = "*"
# Of every piece of content and of every row, whatever its kind.
HEADER: Final = frozenset({"kind", "code", "version", "title", "released_on", "policy_version"})
PROVENANCE: Final = frozenset({"source", "confidence", "dated"})


def require_shape(content: Content, shape: Shape) -> None:
    """Raises RuleError `unknown_key`, `wrong_unit` or `content_broken` naming the path."""
    _table({key: value for key, value in content.items() if key not in HEADER}, shape, "")


def _table(table: Content, shape: Shape, path: str) -> None:
    for key, value in table.items():
        if key in PROVENANCE:
            continue
        name = f"{path}{SEPARATOR}{key}" if path else key
        wanted = _wanted(shape, key)
        if wanted is None:
            raise RuleError("unknown_key", name, f"No rule reads “{name}”.")
        if isinstance(wanted, str):
            _leaf(value, wanted, name)
        else:
            _below(value, wanted, name)


def _wanted(shape: Shape, key: str) -> str | Shape | None:
    if key in shape:
        return shape[key]
    open_keys = (one for one in shape if one.endswith(ANY) and key.startswith(one[: -len(ANY)]))
    return next((shape[one] for one in open_keys), None)


def _below(value: object, shape: Shape, name: str) -> None:
    rows = value if isinstance(value, list) else [value]
    for place, row in enumerate(rows):
        if not isinstance(row, Mapping) or "value" in row or "choice" in row:
            raise RuleError("content_broken", name, f"“{name}” is not a table.")
        below = f"{name}{SEPARATOR}{row_name(row, place)}" if isinstance(value, list) else name
        _table(row, shape, below)


def _leaf(value: object, unit: str, name: str) -> None:
    number = isinstance(value, Mapping) and "value" in value
    if unit == TEXT:
        is_table = isinstance(value, Mapping) and "choice" not in value
        if is_table or (isinstance(value, list) and any(isinstance(one, Mapping) for one in value)):
            raise RuleError("content_broken", name, f"“{name}” is neither a text nor a choice.")
    elif not isinstance(value, Mapping) or not number:
        raise RuleError("content_broken", name, f"“{name}” is not a number with its unit.")
    elif unit not in (ANY, value.get("unit")):
        message = f"“{name}” is in {value.get('unit')}, not in {unit}."
        raise RuleError("wrong_unit", name, message)
