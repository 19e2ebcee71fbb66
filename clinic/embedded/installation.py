"""One home folder with its servers, its pages and its background work."""

from __future__ import annotations

import hashlib
import http.client
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path

import psycopg

from clinic.embedded import given
from clinic.embedded.hearing import ASK_EVERY_S, DEAF_AFTER_S, silent_for_s
from clinic.embedded.home import EmbeddedFault, Home, write_private
from clinic.embedded.postgres import EmbeddedPostgres
from clinic.embedded.processes import MARK, Child
from clinic.embedded.valkey import EmbeddedValkey
from clinic.embedded.watch import Watched

ROOT = Path(__file__).resolve().parents[2]
ANSWER_LIMIT_S = 60
LOOK_EVERY_S = 0.5
# Paths only: a query string may hold the name somebody searched for.
ACCESS_LINE = "%(t)s %(m)s %(U)s %(s)s %(M)sms"
# Beat first, so that nothing new is asked for while the others end.
STOP_ORDER = ("beat", "dispatch", "worker", "web")
KEPT = (
    *("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "EMAIL_URL", "PUBLIC_URL"),
    *("DAYBREAK_HOME", "DJANGO_SETTINGS_MODULE"),
)


def last_lines(text: str, count: int = 12) -> str:
    return "\n".join(text.strip().splitlines()[-count:])


def digest_of(*files: Iterable[Path]) -> str:
    """One value for the names and contents of many files."""
    digest = hashlib.sha256()
    for file in sorted(path for some in files for path in some if path.is_file()):
        digest.update(f"{file}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()


class Installation:
    """What `bin/run` starts, watches and stops."""

    def __init__(self, home: Home, port: int, say: Callable[[str], None]) -> None:
        self.home = home
        self.port = port
        self.say = say
        self.address = f"http://127.0.0.1:{port}"
        self.mail = home.private_folder("mail")
        own = {
            "SECRET_KEY": home.secret("django"),
            "PUBLIC_URL": self.address,
            "EMAIL_URL": f"filemail://{self.mail}",
        }
        named = {name: value for name, value in os.environ.items() if value.strip()}
        self.env = {
            **own,
            **named,
            "DAYBREAK_HOME": str(home.path),
            "DJANGO_SETTINGS_MODULE": "clinic.settings",
            "PYTHONUNBUFFERED": "1",
        }
        self.watched: dict[str, Watched] = {}

    def start_database(self, stack: ExitStack) -> None:
        if "DATABASE_URL" in self.env:
            given.check_database(self.env["DATABASE_URL"])
            return
        server = stack.enter_context(EmbeddedPostgres(self.home))
        self.env["DATABASE_URL"] = server.dsn
        self._watch("postgres", server.launch, server.child)

    def start_broker(self, stack: ExitStack) -> None:
        if "REDIS_URL" in self.env:
            given.check_broker(self.env["REDIS_URL"])
            return
        server = stack.enter_context(EmbeddedValkey(self.home))
        self.env["REDIS_URL"] = server.url
        self._watch("valkey", server.launch, server.child)

    def manage(self, *words: str, aloud: bool = False) -> None:
        """Run a management command; raises EmbeddedFault with its last words when it fails."""
        done = subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *words],
            cwd=ROOT,
            env={**self.env, MARK: str(self.home.path)},
            stdin=subprocess.DEVNULL,
            stdout=None if aloud else subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode:
            raise EmbeddedFault(f"manage.py {words[0]} failed.\n{last_lines(done.stdout or '')}")

    def collect_files(self) -> None:
        """Collect static files when one of them, or what the project pins, has changed."""
        mark = digest_of(ROOT.glob("*/static/**/*"), ROOT.glob("requirements.txt"))
        known = self.home.path / "static.digest"
        if known.exists() and known.read_text() == mark and (self.home.path / "static").exists():
            return
        self.manage("collectstatic", "--noinput", "--verbosity", "0")
        known.write_text(mark)

    def keep_environment(self) -> None:
        """For work by hand beside a running installation."""
        lines = [f"export {name}={shlex.quote(self.env[name])}\n" for name in KEPT]
        write_private(self.home.path / "environment", "".join(lines))

    def has_a_site(self) -> bool:
        with psycopg.connect(self.env["DATABASE_URL"]) as connection:
            return connection.execute("SELECT 1 FROM clinic_site LIMIT 1").fetchone() is not None

    def programs(self) -> dict[str, list[str]]:
        """Name to command, in the order of starting."""
        python = sys.executable
        celery = [python, "-m", "celery", "-A", "clinic.celery"]
        web = [python, "-m", "gunicorn", "clinic.wsgi", "--bind", f"127.0.0.1:{self.port}"]
        # gthread; a worker's heart beats in memory, because a slow disk has stopped workers.
        web += ["--workers", "2", "--threads", "4", "--worker-tmp-dir", "/dev/shm"]  # noqa: S108
        web += ["--access-logfile", "-", "--access-logformat", ACCESS_LINE, "--no-control-socket"]
        alone = ["--without-gossip", "--without-mingle"]
        return {
            "web": web,
            "worker": [*celery, "worker", "--loglevel", "INFO", "--concurrency", "1", *alone],
            "beat": [*celery, "beat", "--loglevel", "INFO", "--pidfile="],
            "dispatch": [python, str(ROOT / "manage.py"), "dispatch", "--loop"],
        }

    def _launch(self, name: str, argv: list[str]) -> Child:
        return Child(name, argv, home=self.home, env=self.env, cwd=ROOT)

    def _watch(self, name: str, start: Callable[[], Child], child: Child | None = None) -> None:
        self.watched[name] = Watched(start, child or start(), self.say)

    def start_programs(self) -> None:
        """Start all of them and wait until the pages answer."""
        for name, argv in self.programs().items():
            self._watch(name, lambda name=name, argv=argv: self._launch(name, argv))  # type: ignore[misc]
        limit = time.monotonic() + ANSWER_LIMIT_S
        while not self._answers():
            self.watched["web"].child.require_running()
            if time.monotonic() > limit:
                raise EmbeddedFault(
                    f"The pages do not answer at {self.address}."
                    f" The reason stands in {self.watched['web'].child.log}."
                )
            time.sleep(0.1)

    def _answers(self) -> bool:
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            link.request("GET", "/healthz")
            return link.getresponse().status < http.client.INTERNAL_SERVER_ERROR
        except OSError:
            return False
        finally:
            link.close()

    def watch(self) -> None:
        """Start again what ended by itself, until told to stop by an exception."""
        asked_at = time.monotonic()
        while True:
            time.sleep(LOOK_EVERY_S)
            for one in self.watched.values():
                one.look(time.monotonic())
            if time.monotonic() - asked_at > ASK_EVERY_S:
                asked_at = time.monotonic()
                self.look_for_the_deaf(asked_at)

    def look_for_the_deaf(self, at: float) -> None:
        """End a worker that has run for long enough and handled nothing; beat asks it to."""
        worker = self.watched["worker"]
        silent = silent_for_s(self.env["DATABASE_URL"], "worker")
        has_run_s = at - worker.started_at
        if worker.child.is_running() and min(has_run_s, silent or 0) > DEAF_AFTER_S:
            worker.end(f"has handled nothing for {silent:.0f} s", at)

    def stop_programs(self) -> None:
        for name in STOP_ORDER:
            if name in self.watched:
                self.watched[name].child.stop()
