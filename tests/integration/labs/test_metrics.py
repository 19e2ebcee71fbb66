"""The figures for Prometheus, read back by its own parser."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django.fixtures import Settings

from labs.actions.reminder_tasks import open_reminder_task
from labs.actions.watch import beat
from labs.metrics import exposition, figures
from labs.models import Heartbeat, Reminder
from tests.factories import PatientFactory
from tests.integration.labs.due_rows import awake_site, reminder, requirement
from tests.mail import free_port

pytestmark = pytest.mark.django_db


def scraped() -> dict[str, float]:
    return parsed(exposition(figures()).decode())


def parsed(text: str) -> dict[str, float]:
    """`name` or `name/label` to value."""
    return {
        "/".join([sample.name, *sample.labels.values()]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def update(row: Reminder, **fields: Any) -> None:
    Reminder.objects.filter(pk=row.pk).update(**fields)


def test_an_installation_in_which_nothing_happened() -> None:
    told = scraped()
    assert told["daybreak_reminders/scheduled"] == 0
    assert told["daybreak_reminders/delivered"] == 0
    assert told["daybreak_reminders_late"] == 0
    assert told["daybreak_reminder_oldest_late_seconds"] == 0
    assert told["daybreak_requirements_overdue"] == 0
    assert told["daybreak_hold"] == 0
    assert told["daybreak_repairs_last"] == 0
    assert told["daybreak_check_ok/late"] == 1
    assert told["daybreak_check_ok/worker"] == 0
    assert not [name for name in told if name.startswith("daybreak_heartbeat")]


def test_what_waits_and_what_fell_due_in_the_last_day() -> None:
    now = timezone.now()
    reminder()
    ended = {"state": "accepted", "provider_ref": "1", "ended_at": now}
    update(reminder(), due_at=now - timedelta(hours=23), **ended)
    update(reminder(), due_at=now - timedelta(hours=25), **ended)
    update(reminder(), due_at=now - timedelta(hours=1), state="cancelled", ended_at=now)
    held = reminder()
    update(held, state="sending", lease_token=held.pk, lease_until=now + timedelta(minutes=1))
    told = scraped()
    assert told["daybreak_reminders/scheduled"] == 1
    assert told["daybreak_reminders/sending"] == 1
    assert told["daybreak_reminders/accepted"] == 1
    assert told["daybreak_reminders/cancelled"] == 1
    assert told["daybreak_reminders/dead"] == 0


def test_how_late_the_oldest_is() -> None:
    now = timezone.now()
    update(reminder(), next_at=now - timedelta(minutes=20))
    update(reminder(), next_at=now - timedelta(minutes=30))
    told = scraped()
    assert told["daybreak_reminders_late"] == 2
    assert told["daybreak_reminder_oldest_late_seconds"] == pytest.approx(1800, abs=10)
    assert told["daybreak_check_ok/late"] == 0


def test_bad_ends_repairs_and_signs_of_life() -> None:
    row = reminder()
    open_reminder_task(row.pk, row.site_id, row.patient_id, "bounced")
    update(row, state="bounced", ended_at=timezone.now())
    beat("reconcile", requirements=2, reminders=1, faults=1, stale_facts=0)
    beat("loop")
    Heartbeat.objects.filter(name="loop").update(at=timezone.now() - timedelta(seconds=90))
    told = scraped()
    assert told["daybreak_bad_ends_open/bounced"] == 1
    assert told["daybreak_bad_ends_open/dead"] == 0
    assert told["daybreak_repairs_last"] == 4
    assert told["daybreak_heartbeat_age_seconds/loop"] == pytest.approx(90, abs=10)


def test_what_is_overdue_by_each_sites_own_day() -> None:
    person = PatientFactory.create(site=awake_site())
    row = requirement(person)
    today = row.notify_on
    assert today is not None
    day = timedelta(days=1)
    for name, overdue_on in (("a", today), ("b", today - day), ("c", today + day)):
        requirement(person, cycle=name, next_due_on=today - 8 * day, overdue_on=overdue_on)
    assert scraped()["daybreak_requirements_overdue"] == 2


def test_holding_back(settings: Settings) -> None:
    settings.RESTORE_HOLD = True
    assert scraped()["daybreak_hold"] == 1


@pytest.mark.django_db(transaction=True)
def test_prometheus_is_answered_by_token_and_nobody_is_named(settings: Settings) -> None:
    settings.HEALTH_TOKEN = "a-long-token"
    reminder(PatientFactory.create(site=awake_site(name="Canarysite"), family_name="Canaryman"))
    assert Client().get("/metrics").status_code == 401
    answer = Client().get("/metrics", headers={"authorization": "Bearer a-long-token"})
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain; version=")
    assert answer["Cache-Control"] == "no-store"
    assert parsed(answer.content.decode())["daybreak_reminders/scheduled"] == 1
    assert b"Canary" not in answer.content


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_not_there_is_no_fault_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connection.settings_dict, "PORT", free_port())
    answer = Client().get("/metrics")
    assert (answer.status_code, answer.content) == (503, b"The database does not answer.\n")
