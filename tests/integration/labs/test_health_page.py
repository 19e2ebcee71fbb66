"""What `/healthz/deep` answers to a monitor, also while the database is away."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from pytest_django.fixtures import Settings

from clinic.models import Patient, User
from labs.models import Task
from tests.integration.labs.due_rows import all_at_work, awake_site, late
from tests.mail import free_port

# The page asks on a connection of its own, which sees only what is committed.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def well() -> None:
    all_at_work()


def answered(**headers: str) -> Any:
    return Client().get("/healthz/deep", headers=headers)


def test_a_monitor_is_told_that_all_is_well(well: None) -> None:
    answer = answered()
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    told = answer.json()
    assert told["ok"] is True
    assert len(told["checks"]) == 12
    assert set(told["checks"][0]) == {"name", "ok", "figure", "sentence"}


def test_a_monitor_is_told_what_is_not_and_nobodys_name(well: None) -> None:
    site = awake_site(name="Canarysite")
    row = late(site)
    Patient.objects.filter(pk=row.patient_id).update(family_name="Canaryperson")
    answer = answered()
    assert answer.status_code == 503
    assert answer.json()["ok"] is False
    assert "Canary" not in answer.content.decode()
    assert str(site.pk) not in answer.content.decode()


def test_whoever_asks_raises_the_alarm_although_every_sender_is_dead() -> None:
    late()
    for _ in range(3):
        assert answered().status_code == 503
    assert Task.objects.get().kind == "reminders_late"


def test_the_token_is_asked_for_where_there_is_one(well: None, settings: Settings) -> None:
    settings.HEALTH_TOKEN = "a-long-token"
    for given in ("", "Bearer", "Bearer wrong", "a-long-token", "Bearer a-long-tokén"):
        refused = answered(authorization=given)
        assert refused.status_code == 401
        assert refused["WWW-Authenticate"] == "Bearer"
        assert b"checks" not in refused.content
    assert answered(authorization="Bearer a-long-token").status_code == 200


def test_it_is_only_read(well: None) -> None:
    assert Client().post("/healthz/deep").status_code == 405


def test_whoever_is_signed_in_is_answered_alike(
    well: None, nurse: User, as_user: Callable[[User], Client]
) -> None:
    assert as_user(nurse).get("/healthz/deep").status_code == 200


@pytest.fixture
def nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connection.settings_dict, "HOST", "127.0.0.1")
    monkeypatch.setitem(connection.settings_dict, "PORT", free_port())


@pytest.fixture
def black_hole(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A server that takes the connection and never says a word."""
    with socket.socket() as hole:
        hole.bind(("127.0.0.1", 0))
        hole.listen(8)
        monkeypatch.setitem(connection.settings_dict, "HOST", "127.0.0.1")
        monkeypatch.setitem(connection.settings_dict, "PORT", hole.getsockname()[1])
        yield


SILENT = {
    "ok": False,
    "checks": [
        {
            "name": "database",
            "ok": False,
            "figure": None,
            "sentence": "The database does not answer.",
        }
    ],
}


def test_a_database_that_is_not_there_is_an_answer(nobody_listens: None) -> None:
    answer = answered()
    assert (answer.status_code, answer.json()) == (503, SILENT)
    assert answer["Cache-Control"] == "no-store"


def test_a_database_that_says_nothing_is_an_answer_within_five_seconds(black_hole: None) -> None:
    begun = time.monotonic()
    answer = answered()
    assert time.monotonic() - begun < 5
    assert (answer.status_code, answer.json()) == (503, SILENT)


def test_a_database_that_is_locked_is_an_answer_within_five_seconds(well: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("BEGIN; LOCK TABLE labs_reminder IN ACCESS EXCLUSIVE MODE")
        try:
            begun = time.monotonic()
            answer = answered()
            assert time.monotonic() - begun < 5
        finally:
            cursor.execute("ROLLBACK")
    assert (answer.status_code, answer.json()) == (503, SILENT)
