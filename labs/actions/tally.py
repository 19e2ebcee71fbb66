"""What came of one file while it is being read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from labs.intake.claims import Problem

# A file that is wrong throughout is wrong in the same way; its counts stay whole.
_KEPT: Final = 1000


@dataclass(slots=True)
class Tally:
    """read = stored + duplicate + refused + passed_over. Keeps the first problems only."""

    read: int = 0
    stored: int = 0
    duplicate: int = 0
    refused: int = 0
    passed_over: int = 0
    problems: list[Problem] = field(default_factory=list)

    def note(self, problem: Problem) -> None:
        """Remember a problem without counting a result."""
        if len(self.problems) < _KEPT:
            self.problems.append(problem)

    def refuse(self, problem: Problem, results: int = 1) -> None:
        self.refused += results
        self.note(problem)

    def pass_over(self, problem: Problem) -> None:
        self.passed_over += 1
        self.note(problem)

    def undo(self) -> None:
        """Nothing of the file was kept: all of it counts as refused, and at least the file."""
        self.read = max(self.read, 1)
        self.stored = self.duplicate = self.passed_over = 0
        self.refused = self.read
