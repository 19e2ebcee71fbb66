"""`bin/run` as somebody meets it: what it says, what it starts, and that nothing stays behind."""

from __future__ import annotations

import http.client
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import cast
from urllib.parse import quote

import psutil
import pytest
from django.db import connection

from clinic.embedded import orphans
from clinic.embedded.home import Home

ROOT = Path(__file__).resolve().parents[3]
SERVERS = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "EMAIL_URL", "DAYBREAK_HOME")


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that every account can reach, unlike pytest's own."""
    path = Path(tempfile.mkdtemp(prefix="daybreak-up-"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return cast(int, probe.getsockname()[1])


def command(home: Path, port: int) -> list[str]:
    up = [sys.executable, "-m", "clinic.embedded.up", "--no-demo"]
    return [*up, "--home", str(home), "--port", str(port)]


def clean_environment(**given: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in SERVERS}
    return {**kept, **given}


def attempt(home: Path, port: int | None = None, **given: str) -> tuple[int, str]:
    """Start, expecting a refusal."""
    done = subprocess.run(
        command(home, port or free_port()),
        cwd=ROOT,
        env=clean_environment(**given),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_a_database_that_does_not_answer_stops_the_start_and_says_what_to_do(place: Path) -> None:
    url = f"postgresql://daybreak:s3cret@127.0.0.1:{free_port()}/daybreak"
    status, said = attempt(place, DATABASE_URL=url)
    assert status == 1
    assert "DATABASE_URL: the server does not answer as asked (" in said
    assert "Connection refused" in said
    assert "without DATABASE_URL, bin/run starts a PostgreSQL of its own" in said
    assert "s3cret" not in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("mysql://daybreak:s3cret@127.0.0.1/daybreak", "DATABASE_URL: has the scheme 'mysql'"),
        ("postgresql://daybreak:s3cret@127.0.0.1", "DATABASE_URL: names no database"),
        ("postgresql://[daybreak:s3cret/daybreak", "DATABASE_URL: is not a URL"),
        ("postgresql://daybreak:s3cret/word@127.0.0.1/daybreak", "DATABASE_URL: is not a URL"),
        ("postgresql://a:s3cret@127.0.0.1/daybreak?s3cret", "DATABASE_URL: it is not an address"),
    ],
)
def test_an_address_that_is_none_is_never_repeated(place: Path, url: str, reason: str) -> None:
    status, said = attempt(place, DATABASE_URL=url)
    assert status == 1
    assert reason in said
    assert "s3cret" not in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("redis://:s3cret@127.0.0.1:1/0", "REDIS_URL: the server does not answer as asked ("),
        ("redis://:s3cret/word@127.0.0.1:1/0", "REDIS_URL: is not a URL"),
        ("http://:s3cret@127.0.0.1:1/0", "REDIS_URL: has the scheme 'http'"),
    ],
)
def test_a_broker_that_does_not_answer_stops_the_start(place: Path, url: str, reason: str) -> None:
    status, said = attempt(place, DATABASE_URL=database_url(), REDIS_URL=url)
    assert status == 1
    assert reason in said
    assert "s3cret" not in said
    assert "Traceback" not in said


def test_a_taken_port_is_said_with_the_remedy(place: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        status, said = attempt(place, port)
    assert (status, said.strip()) == (
        1,
        f"Port {port} is taken. Choose another: bin/run --port {port + 1}",
    )


def test_a_home_that_is_held_is_left_alone(place: Path) -> None:
    home = Home(place)
    home.lock("http://127.0.0.1:8000")
    status, said = attempt(place)
    home.unlock()
    assert (status, said.strip()) == (
        1,
        f"Daybreak runs already in {place}: process {os.getpid()}, http://127.0.0.1:8000.",
    )


def database_url(name: str | None = None) -> str:
    """The server of this test run."""
    given = connection.settings_dict
    password = quote(str(given["PASSWORD"]), safe="")
    database = name or given["NAME"]
    return f"postgresql://{given['USER']}:{password}@{given['HOST']}:{given['PORT']}/{database}"


class Running:
    """A started product whose words can be waited for."""

    def __init__(self, home: Path, port: int) -> None:
        self.out = home.parent / f"{home.name}.out"
        with self.out.open("w") as out:
            self.process = subprocess.Popen(
                command(home, port),
                cwd=ROOT,
                env=clean_environment(DATABASE_URL=database_url()),
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    @property
    def said(self) -> str:
        return self.out.read_text()

    def wait_for(self, words: str, limit_s: float = 60) -> None:
        limit = time.monotonic() + limit_s
        while words not in self.said:
            assert self.process.poll() is None, self.said
            assert time.monotonic() < limit, self.said
            time.sleep(0.1)


def status_of(port: int, path: str) -> int:
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    link.request("GET", path)
    status = link.getresponse().status
    link.close()
    return status


@pytest.mark.django_db(transaction=True)
def test_it_starts_mends_what_crashes_and_leaves_nothing_behind(place: Path) -> None:
    home, port = place / "home", free_port()
    run = Running(home, port)
    try:
        run.wait_for("Stop with Ctrl-C.")
        assert re.findall(r"^  (\d/6) (.+) \.\.\. \d+\.\d s$", run.said, re.M) == [
            ("1/6", "starting PostgreSQL"),
            ("2/6", "starting Valkey"),
            ("3/6", "making tables"),
            ("4/6", "loading clinical content"),
            ("5/6", "collecting files"),
            ("6/6", "starting pages and background work"),
        ]
        assert f"Daybreak is ready: http://127.0.0.1:{port}" in run.said
        assert f"Mail is written to files in {home / 'mail'}" in run.said
        assert status_of(port, "/healthz") == 200

        environment = home / "environment"
        assert environment.stat().st_mode & 0o777 == 0o600
        assert f"export DATABASE_URL={shlex.quote(database_url())}\n" in environment.read_text()

        status, said = attempt(home)
        assert status == 1
        assert f"process {run.process.pid}, http://127.0.0.1:{port}." in said

        everything = {pid: psutil.Process(pid) for pid in orphans.left_over(home)}
        names = " ".join(" ".join(process.cmdline()) for process in everything.values())
        for program in ("valkey-server", "gunicorn", "celery.* worker", "celery.* beat", "--loop"):
            assert re.search(program, names), program

        beat = next(p for p in everything.values() if "beat" in p.cmdline())
        beat.kill()
        run.wait_for("beat ended by itself")
        run.wait_for("beat is started again.")

        run.process.send_signal(signal.SIGTERM)
        assert run.process.wait(45) == 0
        assert run.said.endswith("\nStopped.\n")
        assert orphans.left_over(home) == set()
        assert not any(process.is_running() for process in everything.values())
    finally:
        if run.process.poll() is None:
            run.process.kill()
            run.process.wait()


def test_the_variables_of_a_running_installation_are_printed(place: Path) -> None:
    ask = [sys.executable, "-m", "clinic.embedded.up", "--environment", "--home", str(place)]
    before = subprocess.run(ask, cwd=ROOT, capture_output=True, text=True, check=True)
    assert before.stdout == "echo 'Daybreak has not run here yet.'\n"
    (place / "environment").write_text("export DATABASE_URL=postgresql://x\n")
    after = subprocess.run(ask, cwd=ROOT, capture_output=True, text=True, check=True)
    assert after.stdout.strip() == "export DATABASE_URL=postgresql://x"
