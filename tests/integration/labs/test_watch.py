"""Signs of life, and the task where reminders are late."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.fixtures import Settings

from clinic.models import AuditEvent, Role, Site, User
from courses.actions.monitoring import reconcile_all
from labs import tasks
from labs.actions import watch
from labs.actions.tasks import resolve_task
from labs.actions.watch import beat, look_around, raise_alarms
from labs.management.commands import dispatch
from labs.models import Heartbeat, Reminder, Requirement, Task
from tests.factories import PatientFactory, SiteFactory
from tests.integration.labs.due_rows import at_once, awake_site, late, reminder, requirement
from tests.mail import Mailbox

pytestmark = pytest.mark.django_db
committed = pytest.mark.django_db(transaction=True)


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
