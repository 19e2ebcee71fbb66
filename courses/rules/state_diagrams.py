"""A table of moves as a drawing and as a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Machine:
    """`moves`: the statuses that may follow each; `titles`: each in words; `start`: the first."""

    title: str
    start: str
    moves: Mapping[str, frozenset[str]]
    titles: Mapping[str, str]


def machine_lines(machine: Machine) -> Iterator[str]:
    """A Mermaid state diagram and the same as a table."""
    yield from (f"## {machine.title}", "", "```mermaid", "stateDiagram-v2")
    yield from (f"  {line}" for line in _diagram(machine))
    yield from ("```", "")
    rows = [
        (machine.titles[status], f"`{status}`", _after(machine, status)) for status in machine.moves
    ]
    yield "| Status | Code | May become |"
    yield "| --- | --- | --- |"
    yield from (f"| {title} | {code} | {after} |" for title, code, after in rows)
    yield ""


def _diagram(machine: Machine) -> Iterator[str]:
    yield from (f"{status}: {machine.titles[status]}" for status in machine.moves)
    yield f"[*] --> {machine.start}"
    for status in machine.moves:
        yield from (f"{status} --> {after}" for after in _ordered(machine, status))
        if not machine.moves[status]:
            yield f"{status} --> [*]"


def _after(machine: Machine, status: str) -> str:
    """Titles of what may follow, in the order of the table."""
    after = _ordered(machine, status)
    return ", ".join(machine.titles[one] for one in after) or "nothing: this is an end"


def _ordered(machine: Machine, status: str) -> list[str]:
    return [one for one in machine.moves if one in machine.moves[status]]
