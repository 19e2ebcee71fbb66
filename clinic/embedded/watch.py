"""Programs that are started again when they end by themselves."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from clinic.embedded.processes import Child

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0
# Whoever ran as long as this has not died of its start.
STEADY_AFTER_S = 60.0


@dataclass
class Watched:
    """One program; `start` makes a new child of it."""

    start: Callable[[], Child]
    child: Child
    say: Callable[[str], None]
    pause_s: float = FIRST_PAUSE_S
    started_at: float = field(default_factory=time.monotonic)
    again_at: float | None = None

    def end(self, why: str, at: float) -> None:
        """End it for a reason of ours; the next look starts it again."""
        self.child.stop()
        self.again_at = at
        self.say(f"{self.child.name} {why}; starting it again.")

    def look(self, at: float) -> None:
        """Start it again when it has ended and its pause is over; each pause is twice the last."""
        if self.child.is_running():
            if at - self.started_at > STEADY_AFTER_S:
                self.pause_s = FIRST_PAUSE_S
        elif self.again_at is None:
            # What it started in turn goes first.
            self.child.stop()
            self.again_at = at + self.pause_s
            self.say(
                f"{self.child.name} ended by itself (see {self.child.log});"
                f" starting it again in {self.pause_s:.0f} s."
            )
            self.pause_s = min(self.pause_s * 2, LONGEST_PAUSE_S)
        elif at >= self.again_at:
            self.again_at = None
            self.started_at = at
            self.child = self.start()
            self.say(f"{self.child.name} is started again.")
