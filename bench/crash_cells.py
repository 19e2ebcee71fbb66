"""One cell of the crash matrix: a sender stops at a named place, and something happens to it.

Cells are independent of each other; a lane works them off one after the other in a database of its
own, with a second sender beside the victim that takes over what the victim leaves.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psutil

from bench.trial_programs import MANAGE, Program, Programs
from bench.trial_rows import Rows, Told, digest, lost, words_of

POINTS: Final = (
    "after_sweep", "in_take_back", "after_claim", "before_begin", "after_begin",
    "before_send", "after_accept", "before_complete", "after_complete",
)  # fmt: skip
KILL, TERMINATE, CUT, SLEEP = "kill", "terminate_backend", "cut_socket", "sleep_past_lease"
FAULTS: Final = (KILL, TERMINATE, CUT, SLEEP)
LEASE_SECONDS: Final = 4.0
BACKOFF_MINUTES: Final = "0.01,0.02,0.03,0.05,0.1,0.1,0.1"
REMINDERS: Final = 3
PATIENCE_S: Final = 60.0
TOKENS: Final = "SELECT lease_token FROM labs_reminder WHERE lease_token IS NOT NULL"
ZOMBIES: Final = """
SELECT id FROM labs_reminderattempt WHERE lease_token = ANY(%(tokens)s) AND outcome <> ''
"""
TERMINATED: Final = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
 WHERE application_name = %(name)s AND datname = current_database()
"""


@dataclass(frozen=True, slots=True)
class Cell:
    """Where, what, and whether the provider knows its keys."""

    point: str
    fault: str
    keyed: bool

    def __str__(self) -> str:
        return f"{self.point}/{self.fault}/{'keyed' if self.keyed else 'unkeyed'}"


@dataclass(frozen=True, slots=True)
class Found:
    """What a cell came to. `overtaken`: leases that ran out under a sleeping victim."""

    cell: Cell
    lost: int = 0
    twice: int = 0
    in_doubt: int = 0
    overtaken: int = 0
    zombie_writes: int = 0
    fault: str = ""

    @property
    def ok(self) -> bool:
        """No fault, nothing lost, nothing double unseen, nothing written by a zombie."""
        keyed_doubt = self.in_doubt if self.cell.keyed else 0
        return not (self.fault or self.lost or self.twice or self.zombie_writes or keyed_doubt)


@dataclass
class Lane:
    """A database with a provider and a second sender."""

    name: str
    programs: Programs
    rows: Rows
    keyed: bool
    log: Path
    found: list[Found] = field(default_factory=list)

    async def work(self, cells: list[Cell]) -> list[Found]:
        """All of these cells, in order."""
        self.programs.start(f"{self.name}-second", "second", LOOP)
        for cell in cells:
            try:
                self.found.append(await self._one(cell))
            except TimeoutError as fault:
                self.found.append(Found(cell, fault=str(fault)))
                self.programs.stop("victim")
                self._second(signal.SIGCONT)
            print(self.found[-1], flush=True)
        return self.found

    async def _one(self, cell: Cell) -> Found:
        mark = str(cell)
        self._second(signal.SIGSTOP)
        self.rows.seed(mark, REMINDERS)
        self.rows.release(mark, REMINDERS)
        if cell.point == "in_take_back":
            # Something must be there to be taken back.
            self._kill(await self._victim("before_send"))
            await asyncio.sleep(LEASE_SECONDS + 0.5)
        victim = await self._victim(cell.point)
        held = self._tokens()
        overtaken = await self._happen(cell, victim, held)
        self._second(signal.SIGCONT)
        await _until(lambda: not self.rows.left(), f"{cell}: not all came to an end")
        await self._end(victim)
        zombies = self.rows.ask(ZOMBIES, tokens=list(overtaken))
        return self._judged(cell, self.rows.told(mark), len(overtaken), len(zombies))

    async def _victim(self, point: str) -> Program:
        """A sender that has come to this place and stands still there."""
        program = self.programs.start(
            f"{self.name}-victim", "victim", LOOP,
            DEBUG_FAILPOINTS="1", DAYBREAK_FAILPOINT=point, PGAPPNAME=self.name,
        )  # fmt: skip
        process = psutil.Process(program.child.process.pid)
        await _until(lambda: process.status() == psutil.STATUS_STOPPED, f"{point}: nobody came by")
        return program

    async def _happen(self, cell: Cell, victim: Program, held: set[object]) -> set[object]:
        """Do it; the leases that others took over meanwhile."""
        if cell.fault == KILL:
            self._kill(victim)
            return set()
        if cell.fault == TERMINATE and not self.rows.ask(TERMINATED, name=self.name):
            raise TimeoutError(f"{cell}: the victim had no connection to end")
        if cell.fault == CUT:
            [provider] = self.programs.of("provider")
            self.programs.by_name[provider].child.process.send_signal(signal.SIGUSR1)
            await asyncio.sleep(0.2)
        overtaken: set[object] = set()
        if cell.fault == SLEEP:
            self._second(signal.SIGCONT)
            await asyncio.sleep(LEASE_SECONDS + 2)
            overtaken = held - self._tokens()
        victim.child.process.send_signal(signal.SIGCONT)
        return overtaken

    async def _end(self, victim: Program) -> None:
        """Let it finish what it is at, then end it."""
        process = victim.child.process
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        await _until(lambda: process.poll() is not None, "the victim does not end")
        self.programs.stop("victim")

    def _judged(self, cell: Cell, told: list[Told], overtaken: int, zombies: int) -> Found:
        took = Counter(word.strip("<>").partition("@")[0] for word in words_of(self.log))
        arrived = Counter({one.key: took[_name(one.key, cell)] for one in told})
        twice = sum(
            arrived[one.key] > 1 and not (one.state == "in_doubt" and one.has_task) for one in told
        )
        doubled_rows = len(told) - len({one.requirement for one in told})
        in_doubt = sum(one.state == "in_doubt" for one in told)
        gone = lost(told, arrived) + REMINDERS - len({one.requirement for one in told})
        return Found(cell, gone, twice + doubled_rows, in_doubt, overtaken, zombies)

    def _tokens(self) -> set[object]:
        return {token for (token,) in self.rows.ask(TOKENS)}

    def _second(self, number: int) -> None:
        self.programs.by_name[f"{self.name}-second"].child.process.send_signal(number)

    def _kill(self, victim: Program) -> None:
        victim.child.process.kill()
        victim.child.process.wait()


LOOP: Final = [*MANAGE, "dispatch", "--loop", "--interval", "0.3"]


def _name(key: str, cell: Cell) -> str:
    return digest(key) if cell.keyed else digest(key)[:32]


async def _until(holds: Callable[[], bool], otherwise: str) -> None:
    """Raises TimeoutError with the sentence."""
    until = time.monotonic() + PATIENCE_S
    while not holds():
        if time.monotonic() > until:
            raise TimeoutError(otherwise)
        await asyncio.sleep(0.1)
