"""Legal moves of courses and sessions: one table each, one function that consults it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from clinic.rules.errors import RuleError

Table = Mapping[str, frozenset[str]]

COURSE: Final[Table] = {
    "planned": frozenset({"active", "stopped"}),
    "active": frozenset({"paused", "interrupted", "completed", "stopped"}),
    "paused": frozenset({"active", "interrupted", "completed", "stopped"}),
    "interrupted": frozenset({"active", "completed", "stopped"}),
    # Reopened when it was closed by mistake.
    "completed": frozenset({"active"}),
    "stopped": frozenset({"active"}),
}

SESSION: Final[Table] = {
    "planned": frozenset({"booked", "running", "missed", "cancelled"}),
    "booked": frozenset({"planned", "running", "missed", "cancelled"}),
    "running": frozenset({"completed", "stopped", "entered_in_error"}),
    "completed": frozenset({"entered_in_error"}),
    "stopped": frozenset({"entered_in_error"}),
    "missed": frozenset(),
    "cancelled": frozenset(),
    "entered_in_error": frozenset(),
}


def may_move(table: Table, from_status: str, to_status: str) -> bool:
    """Whether the table has this move; an unknown status has none."""
    return to_status in table.get(from_status, frozenset())


def require_move(table: Table, from_status: str, to_status: str) -> None:
    """Raises RuleError `illegal_move` with what would be possible."""
    if may_move(table, from_status, to_status):
        return
    possible = ", ".join(sorted(table.get(from_status, ()))) or "nothing"
    raise RuleError(
        "illegal_move",
        "status",
        f"From “{from_status}” it cannot become “{to_status}”; possible: {possible}.",
    )
