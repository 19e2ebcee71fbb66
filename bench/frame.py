"""Runs one measurement or one long trial with servers of its own, and says what came of it."""

from __future__ import annotations

import argparse
import ast
import importlib
import json
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from clinic.embedded.home import Home
from clinic.embedded.postgres import EmbeddedPostgres
from clinic.embedded.valkey import EmbeddedValkey

END_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
HERE = Path(__file__).resolve().parent


def names(kind: str) -> dict[str, str]:
    """Name to first docstring line, of every `bench_*.py` or `soak_*.py`; dashes for `_`."""
    found = {}
    for file in sorted(HERE.glob(f"{kind}_*.py")):
        first = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
        found[file.stem.removeprefix(f"{kind}_").replace("_", "-")] = first.split("\n", 1)[0]
    return found


def file_of(kind: str, name: str) -> Path:
    """The module of a name; `crash-matrix` is `soak_crash_matrix.py`."""
    return HERE / f"{kind}_{name.replace('-', '_')}.py"


def wants_durable(file: Path) -> bool:
    """Whether the module says `DURABLE = True`."""
    return _says(file, "DURABLE", True)


def wants_servers(file: Path) -> bool:
    """Whether the module does not say `SERVERS = False`."""
    return not _says(file, "SERVERS", False)


def _says(file: Path, name: str, value: bool) -> bool:
    # Read, because importing it needs the servers.
    return any(
        isinstance(line, ast.Assign)
        and ast.unparse(line.targets[0]) == name
        and ast.literal_eval(line.value) is value
        for line in ast.parse(file.read_text(encoding="utf-8")).body
    )


@dataclass(frozen=True, slots=True)
class Servers:
    """Servers of one run, in a temporary folder."""

    home: Home
    postgres: EmbeddedPostgres
    valkey: EmbeddedValkey

    @property
    def env(self) -> dict[str, str]:
        """What names them to the product."""
        return {
            "DJANGO_SETTINGS_MODULE": "clinic.settings",
            "DAYBREAK_HOME": str(self.home.path),
            "DATABASE_URL": self.postgres.dsn,
            "REDIS_URL": self.valkey.url,
            "SECRET_KEY": self.home.secret("django"),
            "EMAIL_URL": "consolemail://",
        }


def open_servers(stack: ExitStack, *, durable: bool, makes_databases: bool = False) -> Servers:
    """A PostgreSQL and a Valkey; this process itself is told nothing of them."""
    place = Path(tempfile.mkdtemp(prefix="daybreak-bench-"))
    place.chmod(0o711)
    stack.callback(shutil.rmtree, place, ignore_errors=True)
    home = Home(place)
    postgres = stack.enter_context(
        EmbeddedPostgres(home, durable=durable, makes_databases=makes_databases)
    )
    valkey = stack.enter_context(EmbeddedValkey(home))
    return Servers(home, postgres, valkey)


def start_servers(stack: ExitStack, *, durable: bool) -> None:
    """A PostgreSQL and a Valkey in a temporary folder; the environment names them."""
    os.environ.update(open_servers(stack, durable=durable).env)


def prepare_django() -> None:
    """Tables and clinical content."""
    django = importlib.import_module("django")
    django.setup()
    call = importlib.import_module("django.core.management").call_command
    call("migrate", verbosity=0)
    call("load_catalogue", verbosity=0)


def measure(kind: str, name: str, *, small: bool) -> dict[str, object]:
    """The figures of one run, with servers of its own if it needs any, gone afterwards."""
    file = file_of(kind, name)
    with ExitStack() as stack:
        if wants_servers(file):
            start_servers(stack, durable=wants_durable(file))
            prepare_django()
            stack.callback(importlib.import_module("django.db").connections.close_all)
        figures: dict[str, object] = importlib.import_module(f"bench.{file.stem}").run(small)
    return figures


def run(kind: str, name: str, *, small: bool) -> bool:
    """Measure; one JSON object is the last line; the answer is whether the goal was met."""
    began = time.monotonic()
    try:
        figures = measure(kind, name, small=small)
    except Exception as error:
        traceback.print_exc()
        figures = {"ok": False, "error": f"{type(error).__name__}: {error}"}
    seconds = round(time.monotonic() - began, 1)
    print(json.dumps({"name": name, "small": small, **figures, "seconds": seconds}, default=str))
    return bool(figures["ok"])


def _stop(signum: int, frame: FrameType | None) -> None:
    # Once is enough: a second Ctrl-C would leave the servers behind.
    for number in END_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise SystemExit(128 + signum)


def main() -> int:
    """Exit status 0 goal met, 1 not met, 2 unknown name."""
    parser = argparse.ArgumentParser(prog="bin/bench or bin/soak")
    parser.add_argument("kind", choices=("bench", "soak"))
    parser.add_argument("name", nargs="?")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--small", action="store_true", help="under 50 seconds")
    asked = parser.parse_args()
    known = names(asked.kind)
    if asked.list:
        for name, about in known.items():
            print(f"{name:12} {about}")
        return 0
    name = (asked.name or "").replace("_", "-")
    if name not in known:
        print(f"There is no {asked.kind} “{asked.name}”. There are: {', '.join(known)}.")
        return 2
    for number in END_SIGNALS:
        signal.signal(number, _stop)
    return 0 if run(asked.kind, name, small=asked.small) else 1


if __name__ == "__main__":
    sys.exit(main())
