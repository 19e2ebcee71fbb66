"""Everything on one machine: servers, pages, background work. What `bin/run` starts."""

from __future__ import annotations

import argparse
import http.client
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

import psycopg
import redis

from clinic import env
from clinic.embedded.home import EmbeddedFault, Home, port_is_free
from clinic.embedded.postgres import EmbeddedPostgres
from clinic.embedded.processes import Child
from clinic.embedded.valkey import EmbeddedValkey

ROOT = Path(__file__).resolve().parents[2]
ANSWER_LIMIT_S = 60
LONGEST_PAUSE_S = 30
# Paths only: a query string may hold the name somebody searched for.
ACCESS_LINE = "%(t)s %(m)s %(U)s %(s)s %(M)sms"


class Stopped(Exception):
    """Ctrl-C or SIGTERM."""


def _stop(signum: int, frame: FrameType | None) -> None:
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


class Installation:
    """One home folder with its servers and programs."""

    def __init__(self, home: Home, port: int) -> None:
        self.home = home
        self.port = port
        self.address = f"http://127.0.0.1:{port}"
        self.env = {
            **os.environ,
            "DAYBREAK_HOME": str(home.path),
            "DJANGO_SETTINGS_MODULE": "clinic.settings",
            "PYTHONUNBUFFERED": "1",
        }
        self.env.setdefault("SECRET_KEY", home.secret("django"))
        self.env.setdefault("PUBLIC_URL", self.address)
        self.env.setdefault("EMAIL_URL", f"filemail://{home.path / 'mail'}")
        self.children: dict[str, tuple[list[str], Child]] = {}

    def manage(self, *words: str, aloud: bool = False) -> None:
        """Run a management command; raises EmbeddedFault with its last words when it fails."""
        done = subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *words],
            cwd=ROOT,
            env=self.env,
            stdout=None if aloud else subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode:
            last = "\n".join((done.stdout or "").strip().splitlines()[-12:])
            raise EmbeddedFault(f"manage.py {words[0]} failed.\n{last}")

    def start_database(self, stack: ExitStack) -> None:
        if "DATABASE_URL" in os.environ:
            env.database("DATABASE_URL")
            try:
                psycopg.connect(os.environ["DATABASE_URL"], connect_timeout=5).close()
            except psycopg.OperationalError as error:
                reason = str(error).strip().splitlines()[-1]
                raise EmbeddedFault(
                    f"DATABASE_URL: the server does not answer ({reason})."
                    " Start it, mend the address, or unset DATABASE_URL to use an own one."
                ) from None
            return
        server = stack.enter_context(EmbeddedPostgres(self.home))
        self.env["DATABASE_URL"] = server.dsn

    def start_broker(self, stack: ExitStack) -> None:
        if "REDIS_URL" in os.environ:
            try:
                with redis.Redis.from_url(os.environ["REDIS_URL"], socket_timeout=5) as client:
                    client.ping()
            except (redis.RedisError, ValueError) as error:
                raise EmbeddedFault(
                    f"REDIS_URL: the server does not answer ({error})."
                    " Start it, mend the address, or unset REDIS_URL to use an own one."
                ) from None
            return
        server = stack.enter_context(EmbeddedValkey(self.home))
        self.env["REDIS_URL"] = server.url

    def keep_environment(self) -> None:
        """For work by hand beside a running installation."""
        file = self.home.path / "environment"
        file.touch(mode=0o600)
        mine = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "EMAIL_URL", "DAYBREAK_HOME")
        names = (*mine, "PUBLIC_URL", "DJANGO_SETTINGS_MODULE")
        file.write_text("".join(f"export {n}={shlex.quote(self.env[n])}\n" for n in names))

    def has_a_site(self) -> bool:
        with psycopg.connect(self.env["DATABASE_URL"]) as connection:
            return connection.execute("SELECT 1 FROM clinic_site LIMIT 1").fetchone() is not None

    def programs(self) -> dict[str, list[str]]:
        python = [sys.executable]
        celery = [*python, "-m", "celery", "-A", "clinic.celery"]
        return {
            "web": [
                *python,
                *("-m", "gunicorn", "clinic.wsgi", "--bind", f"127.0.0.1:{self.port}"),
                *("--workers", "2", "--threads", "4", "--worker-tmp-dir", "/dev/shm"),
                *("--access-logfile", "-", "--access-logformat", ACCESS_LINE),
            ],
            "worker": [*celery, "worker", "--loglevel", "INFO", "--concurrency", "1"],
            "beat": [*celery, "beat", "--loglevel", "INFO", "--pidfile="],
            "dispatch": [*python, str(ROOT / "manage.py"), "dispatch", "--loop"],
        }

    def start_child(self, name: str, argv: list[str]) -> None:
        log = self.home.logs / f"{name}.log"
        self.children[name] = (argv, Child(name, argv, log=log, env=self.env, cwd=ROOT))

    def start_children(self) -> None:
        for name, argv in self.programs().items():
            self.start_child(name, argv)
        limit = time.monotonic() + ANSWER_LIMIT_S
        while not self._answers():
            self.children["web"][1].require_running()
            if time.monotonic() > limit:
                raise EmbeddedFault(f"The pages do not answer at {self.address}.")
            time.sleep(0.1)

    def _answers(self) -> bool:
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            link.request("GET", "/healthz")
            return link.getresponse().status < 500
        except OSError:
            return False
        finally:
            link.close()

    def watch(self) -> None:
        """Start again what ended by itself, more slowly each time, until told to stop."""
        pauses = dict.fromkeys(self.children, 1.0)
        again_at: dict[str, float] = {}
        while True:
            time.sleep(0.5)
            for name, (argv, child) in list(self.children.items()):
                if child.is_running():
                    continue
                if name not in again_at:
                    say(f"{name} ended by itself; starting it again in {pauses[name]:.0f} s.")
                    again_at[name] = time.monotonic() + pauses[name]
                    pauses[name] = min(pauses[name] * 2, LONGEST_PAUSE_S)
                elif time.monotonic() >= again_at[name]:
                    del again_at[name]
                    self.start_child(name, argv)

    def stop_children(self) -> None:
        # Beat first, so that nothing new is asked for while the others end.
        for name in ("beat", "dispatch", "worker", "web"):
            if name in self.children:
                self.children[name][1].stop()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/run", description=__doc__)
    parser.add_argument("--port", type=int, default=8000, help="of the pages (8000)")
    parser.add_argument("--home", type=Path, default=ROOT / ".daybreak", help="where data lies")
    parser.add_argument("--no-demo", action="store_true", help="start with an empty clinic")
    parser.add_argument(
        "--environment", action="store_true", help="print a running installation's variables"
    )
    return parser.parse_args()


def _prepare(here: Installation, stack: ExitStack, *, demo: bool) -> None:
    step = Steps(6)
    step("PostgreSQL", lambda: here.start_database(stack))
    step("Valkey", lambda: here.start_broker(stack))
    step("tables", lambda: here.manage("migrate", "--verbosity", "0"))
    step("clinical content", lambda: here.manage("load_catalogue", "--verbosity", "0"))
    step("static files", lambda: here.manage("collectstatic", "--noinput", "--verbosity", "0"))
    if demo and not here.has_a_site():
        say("  First start: making the demo clinic ...")
        here.manage("seed_demo", aloud=True)
    here.keep_environment()
    stack.callback(here.stop_children)
    step("pages and background work", here.start_children)


def _welcome(here: Installation) -> None:
    say(f"\nDaybreak is ready: {here.address}\n")
    here.manage("seed_demo", "--sign-ins", aloud=True)
    if here.env["EMAIL_URL"].startswith("filemail:"):
        say(f"Mail is written to files in {here.home.path / 'mail'} (set EMAIL_URL to send it).")
    say(f"Logs: {here.home.logs}. Stop with Ctrl-C.")


def _run(home: Home, port: int, *, demo: bool) -> None:
    home.lock(f"http://127.0.0.1:{port}")
    if not port_is_free(port):
        raise EmbeddedFault(f"Port {port} is taken. Choose another: bin/run --port {port + 1}")
    say(f"Starting Daybreak in {home.path}")
    with ExitStack() as stack:
        here = Installation(home, port)
        _prepare(here, stack, demo=demo)
        _welcome(here)
        here.watch()


def main() -> int:
    """Exit status 0 after Ctrl-C or SIGTERM, 1 when something stands in the way."""
    asked = _arguments()
    if asked.environment:
        file = asked.home / "environment"
        say(file.read_text() if file.exists() else "echo 'Daybreak has not run here yet.'")
        return 0
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    home = Home(asked.home)
    try:
        _run(home, asked.port, demo=not asked.no_demo)
    except Stopped:
        say("\nStopped.")
    except EmbeddedFault as fault:
        say(f"\n{fault}")
        return 1
    finally:
        home.unlock()
    return 0


if __name__ == "__main__":
    sys.exit(main())
