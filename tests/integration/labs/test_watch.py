"""Signs of life, the task where reminders are late, the ping to the outside, the banner."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from celery import Celery
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.fixtures import Settings

from clinic.models import AuditEvent, Role, Site, User
from courses.actions.monitoring import reconcile_all
from labs import tasks
from labs.actions import reminders, watch
from labs.actions.tasks import resolve_task
from labs.actions.watch import Sparing, beat, look_around, raise_alarms, tell_outside
from labs.management.commands import dispatch
from labs.models import Heartbeat, Reminder, Requirement, Task
from tests.factories import PatientFactory, SiteFactory
from tests.integration.labs.due_rows import at_once, awake_site, reminder, requirement
from tests.mail import Mailbox, free_port

pytestmark = pytest.mark.django_db
committed = pytest.mark.django_db(transaction=True)
SignIn = Callable[[User], Client]


def late(site: Site | None = None, minutes: int = 11) -> Reminder:
    row = reminder(PatientFactory.create(site=site or awake_site()))
    Reminder.objects.filter(pk=row.pk).update(next_at=timezone.now() - timedelta(minutes=minutes))
    return row


# --- Signs of life --------------------------------------------------------------------------


def test_one_row_for_each_part_by_the_databases_clock() -> None:
    beat("loop", passes=1)
    first = Heartbeat.objects.get()
    beat("loop", passes=2)
    beat("worker")
    assert Heartbeat.objects.count() == 2
    again = Heartbeat.objects.get(name="loop")
    assert (again.pk, again.figures) == (first.pk, {"passes": 2})
    assert again.at > first.at
    assert abs(timezone.now() - again.at) < timedelta(minutes=1)


def test_a_sign_of_life_is_one_statement() -> None:
    with CaptureQueriesContext(connection) as asked:
        beat("loop")
    assert [one["sql"].split()[0] for one in asked if "SAVEPOINT" not in one["sql"]] == ["INSERT"]


def test_one_that_cannot_be_written_fails_nobody_and_spoils_no_transaction(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with transaction.atomic():
        beat("a name that is longer than the forty letters there are")
        beat("loop")
    assert list(Heartbeat.objects.values_list("name", flat=True)) == ["loop"]
    assert "DataError" in caplog.text


@committed
def test_the_loop_the_worker_and_the_recomputation_show_themselves(
    mailbox: Mailbox, site: Site
) -> None:
    command = dispatch.Command()
    command._pass()
    tasks.dispatch()
    reconcile_all()
    found = {one.name: one.figures for one in Heartbeat.objects.all()}
    assert set(found) == {"loop", "worker", "reconcile"}
    assert found["reconcile"].pop("seconds") < 60
    assert found["reconcile"] == {
        "patients": 0, "requirements": 0, "reminders": 0, "faults": 0, "stale_facts": 0,
    }  # fmt: skip


def test_what_the_recomputation_mended_is_in_its_sign_of_life() -> None:
    row = reminder()
    Requirement.objects.filter(pk=row.requirement_id).update(status="closed", notify_on=None)
    reconcile_all()
    assert Heartbeat.objects.get(name="reconcile").figures["reminders"] == 1


def test_a_single_pass_by_hand_is_no_sign_of_the_loop() -> None:
    call_command("dispatch")
    assert not Heartbeat.objects.exists()


# --- The task -------------------------------------------------------------------------------


def test_nothing_late_nothing_raised() -> None:
    reminder()
    assert raise_alarms() == 0
    assert not Task.objects.exists()


def test_one_urgent_task_for_each_site_and_day(lead: User) -> None:
    here, there = awake_site(), awake_site()
    late(here)
    late(here)
    late(there)
    reminder(PatientFactory.create(site=awake_site()))
    assert raise_alarms() == 2
    assert raise_alarms() == 0
    task = Task.objects.get(site=here)
    today = timezone.now().astimezone(here.zone).date()
    assert (task.kind, task.role, task.is_urgent, task.patient_id) == (
        "reminders_late", Role.LEAD, True, None,
    )  # fmt: skip
    assert task.title == "Reminders are late: ring who must know"
    assert task.dedup_key == f"late:{here.pk}:{today}"
    resolve_task(task=task, by=lead, outcome="Rang them all.")
    assert raise_alarms() == 0


def test_the_day_is_the_sites_own() -> None:
    """At 23:30 UTC it is the next day in Auckland and still the same in New York."""
    at = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)
    keys = {}
    for zone in ("Pacific/Auckland", "America/New_York"):
        site = SiteFactory.create(time_zone=zone)
        row = reminder(PatientFactory.create(site=site))
        Reminder.objects.filter(pk=row.pk).update(next_at=at - timedelta(minutes=11))
        keys[f"late:{site.pk}:{'2026-11-24' if 'Auck' in zone else '2026-11-23'}"] = site.pk
    assert raise_alarms(at) == 2
    assert dict(Task.objects.values_list("dedup_key", "site_id")) == keys


def test_a_due_date_that_nobody_swept_alarms_from_the_decent_hours_on() -> None:
    row = requirement(PatientFactory.create(site=SiteFactory.create(time_zone="Europe/London")))
    day = datetime(2026, 11, 26, tzinfo=UTC)
    Requirement.objects.filter(pk=row.pk).update(notify_on=day.date(), updated_at=day)
    assert raise_alarms(day + timedelta(minutes=30)) == 0
    assert raise_alarms(day + timedelta(hours=12)) == 1


@committed
def test_two_at_once_write_one() -> None:
    late()
    answers = at_once(raise_alarms, raise_alarms, raise_alarms)
    assert set(answers) <= {0, 1}
    assert Task.objects.count() == 1
    assert AuditEvent.objects.filter(event="task.opened").count() == 1


@committed
def test_the_loop_and_the_worker_raise_it(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.RESTORE_HOLD = True
    row = late()
    command = dispatch.Command()
    command._pass()
    assert Task.objects.get().site_id == row.site_id
    late(awake_site())
    command._pass()
    assert Task.objects.count() == 1, "the loop looks around once a minute"
    tasks.watch()
    assert Task.objects.count() == 2


def test_a_look_that_fails_is_only_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> int:
        raise DatabaseError

    monkeypatch.setattr(watch, "raise_alarms", broken)
    assert look_around() is None
    assert "DatabaseError" in caplog.text


# --- The outside ----------------------------------------------------------------------------


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


def all_at_work() -> None:
    for name in ("worker", "loop", "reconcile"):
        beat(name)


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


# --- The pages ------------------------------------------------------------------------------


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


# --- Redis gone -----------------------------------------------------------------------------


@pytest.fixture
def black_hole() -> Iterator[int]:
    """A port that takes the connection and never says a word."""
    with socket.socket() as hole:
        hole.bind(("127.0.0.1", 0))
        hole.listen(64)
        yield hole.getsockname()[1]


@committed
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
