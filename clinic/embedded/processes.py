"""Child processes that never outlive their supervisor."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from clinic.embedded.home import Account, EmbeddedFault

PR_SET_PDEATHSIG = 1


def _ends_with_parent(last_signal: int) -> Callable[[], None]:
    """What a child does before it becomes its program: ask the kernel to be told of our death."""
    libc = ctypes.CDLL(None, use_errno=True)

    def before_exec() -> None:
        libc.prctl(PR_SET_PDEATHSIG, last_signal)

    return before_exec


class Child:
    """A running program with its log; `stop_signal` is how it is asked to end."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str | Path],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        account: Account | None = None,
        stop_signal: int = signal.SIGTERM,
        cwd: Path | None = None,
    ) -> None:
        self.name = name
        self.log = log
        self.stop_signal = stop_signal
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                [str(part) for part in argv],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=dict(env) if env is not None else None,
                cwd=cwd,
                # A group of its own: Ctrl-C reaches the supervisor alone, which stops in order.
                start_new_session=True,
                preexec_fn=_ends_with_parent(stop_signal),
                **_as(account),
            )

    def is_running(self) -> bool:
        return self.process.poll() is None

    def last_words(self, lines: int = 8) -> str:
        """The end of the log, for a person to read."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    def require_running(self) -> None:
        """Raises EmbeddedFault with the end of the log when it has ended by itself."""
        if not self.is_running():
            raise EmbeddedFault(f"{self.name} ended by itself:\n{self.last_words()}")

    def stop(self, timeout_s: float = 15) -> None:
        """Ask, wait, and only then kill, together with whatever it has started."""
        if self.is_running():
            self.process.send_signal(self.stop_signal)
            try:
                self.process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                self.kill()
        self._kill_group()

    def kill(self) -> None:
        self._kill_group()
        self.process.wait()

    def _kill_group(self) -> None:
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return


def _as(account: Account | None) -> dict[str, object]:
    if account is None:
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}


def run_as(
    account: Account | None, argv: Sequence[str | Path], *, env: Mapping[str, str] | None = None
) -> None:
    """Run to the end; raises EmbeddedFault with what the program said when it fails."""
    done = subprocess.run(
        [str(part) for part in argv],
        capture_output=True,
        text=True,
        env=dict(env) if env is not None else None,
        check=False,
        cwd="/",
        **_as(account),  # type: ignore[call-overload]
    )
    if done.returncode:
        said = (done.stderr or done.stdout).strip()
        raise EmbeddedFault(f"{Path(argv[0]).name} failed: {said}")
