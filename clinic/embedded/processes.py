"""Child processes that never outlive their supervisor."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypedDict

from clinic.embedded.home import Account, EmbeddedFault, Home

PR_SET_PDEATHSIG = 1
# Stands in the environment of every child, and of whatever a child starts: how a later start knows
# what a killed supervisor left behind.
MARK = "DAYBREAK_CHILD_OF"


class _Owner(TypedDict, total=False):
    user: int
    group: int
    extra_groups: Sequence[int]


def _as(account: Account | None) -> _Owner:
    if account is None:
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}


def _ends_with_parent(last_signal: int) -> Callable[[], None]:
    """What a child does before it becomes its program: ask the kernel to be told of our death."""
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def before_exec() -> None:  # pragma: no cover  between fork and exec nothing is measured
        libc.prctl(PR_SET_PDEATHSIG, last_signal)
        if os.getppid() != parent:
            os._exit(1)

    return before_exec


class Child:
    """A running program, its log below the home, and the signal by which it is asked to end."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str | Path],
        *,
        home: Home,
        env: Mapping[str, str] | None = None,
        account: Account | None = None,
        stop_signal: int = signal.SIGTERM,
        cwd: Path | None = None,
    ) -> None:
        self.name = name
        self.log = home.log(name)
        self.stop_signal = stop_signal
        self._over = False
        with self.log.open("ab") as out:
            self._said_from = out.tell()
            self.process = subprocess.Popen(
                [str(part) for part in argv],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**(os.environ if env is None else env), MARK: str(home.path)},
                cwd=cwd,
                # A group of its own: Ctrl-C reaches the supervisor alone, which stops in order.
                start_new_session=True,
                preexec_fn=_ends_with_parent(stop_signal),  # noqa: PLW1509  we have no threads
                **_as(account),
            )

    def is_running(self) -> bool:
        return self.process.poll() is None

    def said(self, lines: int = 8) -> str:
        """The end of what this child wrote to its log, for a person to read."""
        with self.log.open("rb") as text:
            text.seek(self._said_from)
            whole = text.read().decode(errors="replace")
        return "\n".join(whole.splitlines()[-lines:])

    def require_running(self) -> None:
        """Raises EmbeddedFault with the end of the log when it has ended by itself."""
        if not self.is_running():
            raise EmbeddedFault(f"{self.name} ended by itself:\n{self.said()}")

    def stop(self, timeout_s: float = 15) -> None:
        """Ask, wait, and only then kill, together with whatever it has started."""
        if self._over:
            return
        if self.is_running():
            self.process.send_signal(self.stop_signal)
            try:
                self.process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                self._kill_group()
                self.process.wait()
        self._kill_group()
        # Never again: the number of the group may by then be somebody else's.
        self._over = True

    def _kill_group(self) -> None:
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return


def run_as(account: Account | None, argv: Sequence[str | Path]) -> None:
    """Run to the end; raises EmbeddedFault with what the program said when it fails."""
    done = subprocess.run(
        [str(part) for part in argv],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        **_as(account),
    )
    if done.returncode:
        said = (done.stderr or done.stdout).strip()
        raise EmbeddedFault(f"{Path(argv[0]).name} failed: {said}")
