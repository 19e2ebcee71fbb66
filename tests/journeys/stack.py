"""The programs of an installation as a test runs them: pages, a worker, a mail server."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlsplit, urlunsplit
from urllib.request import urlopen

from aiosmtpd.controller import Controller
from django.db import connection

from tests.mail import Mailbox, free_port

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 30
SHOWN_CHARACTERS = 4000
# The tests beside these leave hints in the first of the broker's databases.
BROKER_DATABASE = "7"


@dataclass(frozen=True)
class Stack:
    """Where the pages answer, what variables the programs have, what mail arrived."""

    address: str
    env: dict[str, str]
    mailbox: Mailbox

    def manage(self, *words: str) -> str:
        """What `manage.py` prints on the test's database."""
        done = subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT, env=self.env, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout


def eventually(holds: Callable[[], bool], what: str, seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until it holds; fail naming `what` when it does not."""
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, f"{what} within {seconds} s"
        time.sleep(0.1)


@contextmanager
def running(place: Path, *, worker: bool = False) -> Iterator[Stack]:
    """Pages by gunicorn on the test's database; with `worker` also a Celery worker."""
    with ExitStack() as stack:
        mailbox = Mailbox()
        mail = Controller(mailbox, hostname="127.0.0.1", port=free_port())
        mail.start()
        stack.callback(mail.stop)
        port = free_port()
        env = _environment(mail.port)
        gunicorn = ["gunicorn", "clinic.wsgi", "--bind", f"127.0.0.1:{port}", "--threads", "4"]
        stack.enter_context(_program(place / "pages.log", env, *gunicorn))
        if worker:
            celery = ["celery", "-A", "clinic.celery", "worker", "-c", "1", "-l", "INFO"]
            stack.enter_context(_program(place / "worker.log", env, *celery))
        address = f"http://127.0.0.1:{port}"
        eventually(lambda: _answers(f"{address}/healthz"), "the pages answer")
        yield Stack(address, env, mailbox)


def _environment(mail_port: int) -> dict[str, str]:
    database = urlsplit(os.environ["DATABASE_URL"])
    name = str(connection.settings_dict["NAME"])
    broker = urlsplit(os.environ["REDIS_URL"])
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": urlunsplit(database._replace(path=f"/{name}")),
        "REDIS_URL": urlunsplit(broker._replace(path=f"/{BROKER_DATABASE}")),
        "EMAIL_URL": f"smtp://127.0.0.1:{mail_port}",
    }


@contextmanager
def _program(log: Path, env: dict[str, str], *words: str) -> Iterator[None]:
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", *words], cwd=ROOT, env=env, stdout=out, stderr=out
        )
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            # Beside a test that fails one reads what the programs said.
            sys.stdout.write(log.read_text()[-SHOWN_CHARACTERS:])


def _answers(address: str) -> bool:
    try:
        with urlopen(address, timeout=2) as answer:  # noqa: S310  our own server
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False
