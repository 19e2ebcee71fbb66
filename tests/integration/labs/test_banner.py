"""What every page says while reminders do not leave, and what a page costs without Redis."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from celery import Celery
from django.db import transaction
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from clinic.models import Site, User
from labs.actions import reminders
from labs.actions.watch import beat, raise_alarms
from labs.models import Heartbeat, Reminder
from tests.integration.labs.due_rows import all_at_work, late
from tests.mail import free_port

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]


def page(client: Client) -> str:
    answer = client.get("/patients/")
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_a_page_says_nothing_while_all_is_well(nurse: User, as_user: SignIn) -> None:
    beat("loop")
    assert 'class="alarm"' not in page(as_user(nurse))


@pytest.mark.parametrize("role", ["coordinator", "nurse", "prescriber", "lead"])
def test_every_page_says_since_when_reminders_do_not_leave(
    request: pytest.FixtureRequest, site: Site, as_user: SignIn, role: str
) -> None:
    row = late(site, minutes=25)
    since = Reminder.objects.get(pk=row.pk).next_at.astimezone(site.zone)
    said = page(as_user(request.getfixturevalue(role)))
    assert "Reminders have not been leaving since" in said
    assert f"{since:%H:%M}." in said
    assert "Ring patients yourself" in said


def test_it_is_no_alarm_of_another_site(nurse: User, as_user: SignIn) -> None:
    beat("loop")
    late()
    assert 'class="alarm"' not in page(as_user(nurse))


def test_the_leads_task_is_not_called_a_safety_answer(
    site: Site, lead: User, as_user: SignIn
) -> None:
    late(site)
    raise_alarms()
    said = page(as_user(lead))
    assert said.count('class="alarm"') == 1
    assert "safety answer" not in said


def test_held_back_is_said_first(
    site: Site, nurse: User, as_user: SignIn, settings: Settings
) -> None:
    late(site)
    settings.RESTORE_HOLD = True
    said = page(as_user(nurse))
    assert "Reminders are held back after a restore: nothing is sent." in said
    assert "have not been leaving" not in said


@pytest.mark.parametrize(("minutes", "is_said"), [(4, False), (6, True)])
def test_nobody_sending_is_said_after_five_minutes(
    nurse: User, as_user: SignIn, minutes: int, is_said: bool
) -> None:
    all_at_work()
    since = timezone.now() - timedelta(minutes=minutes)
    Heartbeat.objects.filter(name__in=["worker", "loop"]).update(at=since)
    assert ("Nobody has been sending reminders since" in page(as_user(nurse))) is is_said
    beat("loop")
    assert "Nobody has been" not in page(as_user(nurse))


def test_whoever_is_not_signed_in_is_told_nothing() -> None:
    late()
    assert b'class="alarm"' not in Client().get("/accounts/login/").content


@pytest.fixture
def black_hole() -> Iterator[int]:
    """A port that takes the connection and never says a word."""
    with socket.socket() as hole:
        hole.bind(("127.0.0.1", 0))
        hole.listen(64)
        yield hole.getsockname()[1]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["refused", "black_hole"])
def test_a_hint_that_nobody_takes_costs_a_request_little(
    monkeypatch: pytest.MonkeyPatch, black_hole: int, kind: str
) -> None:
    port = free_port() if kind == "refused" else black_hole
    app = Celery("without-redis", set_as_current=False)
    app.config_from_object("django.conf:settings", namespace="CELERY")
    app.conf.update(broker_url=f"redis://127.0.0.1:{port}/0")
    monkeypatch.setattr(reminders, "app", app)
    for _ in range(2):
        begun = time.monotonic()
        with transaction.atomic():
            reminders.poke()
        assert time.monotonic() - begun < 2.5
