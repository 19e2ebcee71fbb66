"""The loop that needs nothing but the database: it goes on, and it stops when it is told."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection
from pytest_django.fixtures import Settings

from labs.management.commands import dispatch
from labs.models import Reminder
from tests.integration.labs.due_rows import reminder, requirement
from tests.mail import Mailbox

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).resolve().parents[3]


def test_one_pass(mailbox: Mailbox) -> None:
    requirement()
    call_command("dispatch")
    assert len(mailbox.arrived) == 1


def test_a_database_that_restarts_does_not_end_the_loop(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    passes = []
    command = dispatch.Command()
    monkeypatch.setattr("labs.management.commands.dispatch.signal.signal", lambda *args: None)

    def wake(should_stop: Callable[[], bool]) -> None:
        passes.append(should_stop())
        if len(passes) == 1:
            raise OperationalError("the database system is shutting down")
        command._stop(signal.SIGTERM, None)

    monkeypatch.setattr(dispatch, "wake", wake)
    call_command(command, loop=True, interval=0.01)
    assert passes == [False, False]
    assert "OperationalError" in caplog.text


def start_loop(settings: Settings, port: int) -> subprocess.Popen[bytes]:
    """The real command, on the database of the tests, with a Redis that is not there."""
    to = settings.DATABASES["default"]
    name = connection.settings_dict["NAME"]
    env = os.environ | {
        "DJANGO_SETTINGS_MODULE": "clinic.settings",
        "DATABASE_URL": f"postgresql://{to['USER']}:{to['PASSWORD']}@{to['HOST']}:{to['PORT']}/{name}",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "EMAIL_URL": f"smtp://127.0.0.1:{port}",
    }
    return subprocess.Popen(
        [sys.executable, "manage.py", "dispatch", "--loop", "--interval", "0.1"],
        cwd=ROOT,
        env=env,
        stderr=subprocess.PIPE,
    )


def until(is_so: Callable[[], bool], seconds: float = 30) -> bool:
    end = time.monotonic() + seconds
    while not is_so() and time.monotonic() < end:
        time.sleep(0.05)
    return is_so()


def test_without_redis_it_sends_survives_lost_connections_and_stops_when_told(
    mailbox: Mailbox, settings: Settings
) -> None:
    loop = start_loop(settings, settings.EMAIL_PORT)
    try:
        requirement()
        assert until(lambda: len(mailbox.arrived) == 1)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            assert cursor.fetchall() == [(True,)]
        row = reminder()
        assert until(lambda: len(mailbox.arrived) == 2)
        assert until(lambda: Reminder.objects.get(pk=row.pk).state == "accepted")
        loop.send_signal(signal.SIGTERM)
        assert loop.wait(timeout=10) == 0
    finally:
        loop.kill()
        _, said = loop.communicate(timeout=10)
    assert b"Traceback" not in said
