"""What a killed supervisor left behind: found by its mark, ended before anything new starts."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from clinic.embedded.home import Home
from clinic.embedded.processes import MARK

PATIENCE_S = 10


def _processes() -> Iterator[int]:
    return (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())


def _read(pid: int, what: str) -> bytes:
    """Empty for a process that is gone, or that belongs to somebody else."""
    try:
        return Path(f"/proc/{pid}/{what}").read_bytes()
    except OSError:
        return b""


def left_over(home: Path) -> set[int]:
    """Living processes started by a supervisor of this home, except the caller itself."""
    mark = f"{MARK}={home}".encode()
    return {
        pid
        for pid in _processes()
        if pid != os.getpid() and mark in _read(pid, "environ").split(b"\0")
    }


def working_in(folder: Path) -> set[int]:
    """Processes whose current folder it is; each process of PostgreSQL stays in its data folder."""
    found = set()
    for pid in _processes():
        try:
            if Path(f"/proc/{pid}/cwd").readlink() == folder:
                found.add(pid)
        except OSError:
            continue
    return found


def _parent(pid: int) -> int:
    after_name = _read(pid, "stat").rpartition(b")")[2].split()
    return int(after_name[1]) if after_name else 0


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _ask_to_end(pid: int) -> None:
    program = Path(os.fsdecode(_read(pid, "cmdline").split(b"\0", 1)[0])).name
    # To PostgreSQL, SIGTERM means: wait until every client has left.
    _signal(pid, signal.SIGINT if program == "postgres" else signal.SIGTERM)


def stop(home: Home) -> int:
    """End what is left over, kindly and then by force; only for who holds the lock of the home.

    Returns how many there were.
    """
    found = left_over(home.path)
    for pid in found:
        # Whoever has a parent among them is ended by that parent.
        if _parent(pid) not in found:
            _ask_to_end(pid)
    limit = time.monotonic() + PATIENCE_S
    while living := left_over(home.path):
        if time.monotonic() > limit:
            for pid in living:
                _signal(pid, signal.SIGKILL)
        time.sleep(0.05)
    return len(found)
