"""Start everything on this machine: servers, pages, background work. What `bin/run` runs.

Not a management command: those read the settings first, and the settings need the servers and the
secret that this makes.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

from clinic.embedded import orphans
from clinic.embedded.home import EmbeddedFault, Home, port_is_free
from clinic.embedded.installation import ROOT, Installation
from clinic.env import EnvironmentFault

END_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(Exception):
    """Ctrl-C, SIGTERM, or the terminal was closed."""


def _stop(signum: int, frame: FrameType | None) -> None:
    # Once is enough: a second Ctrl-C would cut the orderly end short.
    for number in END_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise Stopped


def say(text: str) -> None:
    print(text, flush=True)


class Steps:
    """Progress with a count and the time each step took."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.done = 0

    def __call__(self, what: str, work: Callable[[], None]) -> None:
        self.done += 1
        began = time.monotonic()
        print(f"  {self.done}/{self.total} {what} ...", end=" ", flush=True)
        work()
        say(f"{time.monotonic() - began:.1f} s")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bin/run", description="Start everything on this machine. Stop it with Ctrl-C."
    )
    parser.add_argument("--port", type=int, default=8000, help="of the pages (8000)")
    parser.add_argument("--home", type=Path, default=ROOT / ".daybreak", help="where data lies")
    parser.add_argument("--no-demo", action="store_true", help="start with an empty clinic")
    parser.add_argument(
        "--environment", action="store_true", help="print a running installation's variables"
    )
    return parser.parse_args()


def _prepare(here: Installation, stack: ExitStack, *, demo: bool) -> None:
    step = Steps(6)
    step("starting PostgreSQL", lambda: here.start_database(stack))
    step("starting Valkey", lambda: here.start_broker(stack))
    step("making tables", lambda: here.manage("migrate", "--verbosity", "0"))
    step("loading clinical content", lambda: here.manage("load_catalogue", "--verbosity", "0"))
    step("collecting files", here.collect_files)
    if demo and not here.has_a_site():
        say("  This is the first start: making the demo clinic ...")
        here.manage("seed_demo", aloud=True)
    here.keep_environment()
    stack.callback(here.stop_programs)
    step("starting pages and background work", here.start_programs)


def _welcome(here: Installation, *, demo: bool) -> None:
    say(f"\nDaybreak is ready: {here.address}\n")
    if demo:
        here.manage("seed_demo", "--sign-ins", aloud=True)
    if not here.has_a_site():
        say(
            "There is no site yet. In another window: .venv/bin/python manage.py create_site --help"
        )
    if here.env["EMAIL_URL"].startswith("filemail:"):
        say(f"Mail is written to files in {here.mail}; set EMAIL_URL to send it.")
    say(f"Logs: {here.home.logs}. Stop with Ctrl-C.")


def _run(home: Home, port: int, *, demo: bool) -> None:
    if left := orphans.stop(home):
        say(f"Ended {left} processes that an earlier start had left behind.")
    if not port_is_free(port):
        raise EmbeddedFault(f"Port {port} is taken. Choose another: bin/run --port {port + 1}")
    say(f"Starting Daybreak in {home.path}")
    if home.servers != home.path:
        say(
            f"The servers' account cannot reach that folder; they keep their data in {home.servers}"
        )
    with ExitStack() as stack:
        here = Installation(home, port, say)
        _prepare(here, stack, demo=demo)
        _welcome(here, demo=demo)
        here.watch()


def _run_locked(path: Path, port: int, *, demo: bool) -> None:
    home = Home(path)
    home.lock(f"http://127.0.0.1:{port}")
    try:
        _run(home, port, demo=demo)
    finally:
        # A signal may have come between the start of a child and its being noted.
        orphans.stop(home)
        home.unlock()


def main() -> int:
    """Exit status 0 after Ctrl-C or SIGTERM, 1 when something stands in the way."""
    asked = _arguments()
    if asked.environment:
        file = asked.home / "environment"
        say(file.read_text() if file.exists() else "echo 'Daybreak has not run here yet.'")
        return 0
    for number in END_SIGNALS:
        signal.signal(number, _stop)
    try:
        _run_locked(asked.home, asked.port, demo=not asked.no_demo)
    except Stopped:
        say("\nStopped.")
    except (EmbeddedFault, EnvironmentFault) as fault:
        say(f"\n{fault}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
