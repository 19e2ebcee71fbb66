"""The ping to the outside: while reminders flow, and never at their cost."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from labs.actions import watch
from labs.actions.watch import Sparing, beat, look_around, tell_outside
from tests.integration.labs.due_rows import all_at_work, late
from tests.mail import free_port

pytestmark = pytest.mark.django_db


class Outside(ThreadingHTTPServer):
    """A monitor that is to be told."""

    daemon_threads = True
    answer = 200
    waits_seconds = 0.0

    def __init__(self) -> None:
        self.asked: list[str] = []
        super().__init__(("127.0.0.1", 0), _Listener)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/ping/secret-of-the-clinic"


class _Listener(BaseHTTPRequestHandler):
    server: Outside

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        time.sleep(self.server.waits_seconds)
        self.send_response(self.server.answer)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the parent's name
        return


@pytest.fixture
def outside(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Outside]:
    monkeypatch.setattr(watch, "_pings", Sparing(60))
    server = Outside()
    settings.DEAD_MAN_URL = server.url
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join(timeout=5)


def told(outside: Outside, count: int) -> bool:
    end = time.monotonic() + 3
    while len(outside.asked) < count and time.monotonic() < end:
        time.sleep(0.01)
    return len(outside.asked) == count


def test_the_outside_is_told_that_all_is_well_once_a_minute(outside: Outside) -> None:
    all_at_work()
    for _ in range(3):
        found = look_around()
        assert found is not None
        assert found.ok
    assert told(outside, 1)
    assert outside.asked == ["/ping/secret-of-the-clinic"]


@pytest.mark.parametrize("which", ["late", "held", "nobody_at_work", "mended"])
def test_the_outside_is_not_told_while_reminders_do_not_flow(
    outside: Outside, settings: Settings, which: str
) -> None:
    if which != "nobody_at_work":
        all_at_work()
    if which == "late":
        late()
    if which == "mended":
        beat("reconcile", requirements=1)
    settings.RESTORE_HOLD = which == "held"
    look_around()
    time.sleep(0.2)
    assert outside.asked == []


def test_one_sender_is_enough(outside: Outside) -> None:
    beat("loop")
    beat("reconcile")
    look_around()
    assert told(outside, 1)


def test_without_an_address_nobody_is_told(outside: Outside, settings: Settings) -> None:
    settings.DEAD_MAN_URL = ""
    assert tell_outside() is None


@pytest.mark.parametrize("answer", [500, 0])
def test_an_outside_that_fails_is_logged_without_its_address(
    outside: Outside, settings: Settings, caplog: pytest.LogCaptureFixture, answer: int
) -> None:
    outside.answer = answer
    if not answer:
        settings.DEAD_MAN_URL = f"http://127.0.0.1:{free_port()}/secret"
    thread = tell_outside()
    assert thread is not None
    thread.join(timeout=5)
    assert "The outside monitor could not be told" in caplog.text
    assert "secret" not in caplog.text


def test_an_outside_that_says_nothing_keeps_nobody_waiting(
    outside: Outside, caplog: pytest.LogCaptureFixture
) -> None:
    outside.waits_seconds = 6
    begun = time.monotonic()
    thread = tell_outside()
    assert time.monotonic() - begun < 0.5
    assert thread is not None
    thread.join(timeout=5)
    assert not thread.is_alive()
    assert "ReadTimeout" in caplog.text
