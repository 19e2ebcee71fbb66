"""Programs of a trial: started, killed at any moment, started again, gone at its end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psutil
import psycopg

from bench.frame import Servers
from clinic.embedded.processes import Child

ROOT: Final = Path(__file__).resolve().parents[1]
MANAGE: Final = (sys.executable, str(ROOT / "manage.py"))
CELERY: Final = (sys.executable, "-m", "celery", "-A", "clinic.celery")
# Of whoever runs the trial; its programs are neither measured nor tested.
FOREIGN: Final = ("COV_", "COVERAGE_", "PYTEST_", "DAYBREAK_")
START_LIMIT_S: Final = 60


@dataclass
class Program:
    """One of them. `again_at`: when it is to be started again after a kill."""

    kind: str
    argv: Sequence[str]
    child: Child
    started_at: float
    again_at: float | None = None

    @property
    def age(self) -> float:
        """Seconds since it was started; below zero while it is down."""
        return -1.0 if self.again_at is not None else time.monotonic() - self.started_at


@dataclass
class Programs:
    """All programs of a trial, with the environment that they share."""

    servers: Servers
    env: dict[str, str]
    by_name: dict[str, Program] = field(default_factory=dict)
    ended: Counter[str] = field(default_factory=Counter)

    def manage(self, *words: str) -> None:
        """Run a management command to its end; raises CalledProcessError where it fails."""
        subprocess.run([*MANAGE, *words], env=self.env, cwd=ROOT, check=True)

    def start(self, name: str, kind: str, argv: Sequence[str], **more: str) -> Program:
        """A new program; `more` is added to its environment."""
        child = self._launch(name, argv, more)
        self.by_name[name] = Program(kind, argv, child, time.monotonic())
        return self.by_name[name]

    def _launch(self, name: str, argv: Sequence[str], more: Mapping[str, str]) -> Child:
        env = {**self.env, **more}
        return Child(name, argv, home=self.servers.home, env=env, cwd=ROOT)

    def of(self, kind: str, *, older_than: float = 0) -> list[str]:
        """Names of those that run, for at least so many seconds."""
        return [
            name
            for name, program in self.by_name.items()
            if program.kind == kind and program.age > older_than
        ]

    def kill(self, name: str, *, again_in: float) -> None:
        """SIGKILL to the program itself; what it has started lives on until it is back."""
        program = self.by_name[name]
        program.child.process.kill()
        program.child.process.wait()
        program.again_at = time.monotonic() + again_in

    def kill_a_child(self, name: str, draw: float) -> bool:
        """SIGKILL to one of those that the program started; whether there was one."""
        found = psutil.Process(self.by_name[name].child.process.pid).children()
        if not found:
            return False
        found[int(draw * len(found))].kill()
        return True

    def look(self) -> None:
        """Start again what is due, and what ended by itself; `ended` counts these by kind."""
        for name, program in self.by_name.items():
            if program.again_at is None and not program.child.is_running():
                self.ended[program.kind] += 1
                program.again_at = time.monotonic()
            elif program.again_at is not None and time.monotonic() >= program.again_at:
                # Orphans of the killed one go now.
                program.child.stop()
                program.child = self._launch(name, program.argv, {})
                program.started_at, program.again_at = time.monotonic(), None

    def stop(self, *kinds: str) -> None:
        """End all of these kinds; without a kind, all."""
        chosen = [n for n, p in self.by_name.items() if not kinds or p.kind in kinds]
        for name in chosen:
            program = self.by_name.pop(name)
            if program.again_at is None:
                program.child.process.send_signal(signal.SIGCONT)
            program.child.stop()


def environment(servers: Servers, **more: str) -> dict[str, str]:
    """What a program of the trial is told: nothing of whoever runs the trial."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    return {**kept, **servers.env, "DAYBREAK_TRIAL": "1", "PYTHONUNBUFFERED": "1", **more}


def crash_database(servers: Servers) -> float:
    """What `pg_ctl restart -m immediate` does; seconds until it answers again.

    The new server is a child of this process, as the old one was: it ends with it.
    """
    began = time.monotonic()
    old = servers.postgres.child
    if old is not None:
        old.process.send_signal(signal.SIGQUIT)
        old.process.wait(START_LIMIT_S)
    servers.postgres.launch()
    while True:
        try:
            psycopg.connect(servers.postgres.dsn, connect_timeout=5).close()
            return time.monotonic() - began
        except psycopg.OperationalError:
            if time.monotonic() - began > START_LIMIT_S:
                raise
            time.sleep(0.05)
