"""Waking, hinting, and what a person says of a message in doubt."""

from __future__ import annotations

import logging

import pytest
from django.db import transaction

from clinic.celery import app
from clinic.errors import Conflict
from clinic.models import AuditEvent, User
from labs import tasks
from labs.actions.reminders import poke, settle_doubt, wake
from labs.models import Reminder, Task
from tests.factories import PatientFactory
from tests.integration.labs.due_rows import awake_site, reminder, requirement
from tests.mail import Mailbox

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """What was handed to the broker."""
    seen: list[tuple[object, ...]] = []
    monkeypatch.setattr(app, "send_task", lambda *args: seen.append(args))
    return seen


def test_waking_sweeps_and_sends_everything(mailbox: Mailbox) -> None:
    site = awake_site()
    for _ in range(60):
        requirement(PatientFactory.create(site=site))
    wake()
    assert Reminder.objects.filter(state="accepted").count() == 60
    assert len(mailbox.arrived) == 60


def test_the_task_wakes(mailbox: Mailbox) -> None:
    requirement()
    tasks.dispatch()
    assert len(mailbox.arrived) == 1


def test_told_to_stop_it_sends_no_more(mailbox: Mailbox) -> None:
    row = reminder()
    wake(should_stop=lambda: True)
    assert mailbox.arrived == []
    assert Reminder.objects.get(pk=row.pk).state == "scheduled"


def test_a_hint_goes_after_the_commit_and_carries_nothing(sent: list[tuple[object, ...]]) -> None:
    with transaction.atomic():
        poke()
        assert sent == []
    assert sent == [("labs.tasks.dispatch",)]
    assert app.tasks["labs.tasks.dispatch"].name == "labs.tasks.dispatch"


def test_what_is_rolled_back_gives_no_hint(sent: list[tuple[object, ...]]) -> None:
    with transaction.atomic():
        poke()
        transaction.set_rollback(True)
    assert sent == []


def test_a_broker_that_is_gone_fails_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*args: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(app, "send_task", refuse)
    with caplog.at_level(logging.WARNING), transaction.atomic():
        poke()
    assert "ConnectionRefusedError" in caplog.text


# --- doubts -----------------------------------------------------------------------------------
@pytest.fixture
def doubtful(mailbox: Mailbox) -> Reminder:
    row = reminder()
    mailbox.hangs_up_after_text = True
    wake()
    mailbox.hangs_up_after_text = False
    mailbox.arrived.clear()
    row.refresh_from_db()
    assert row.state == "in_doubt"
    return row


def test_it_arrived(doubtful: Reminder, mailbox: Mailbox, coordinator: User) -> None:
    settled = settle_doubt(reminder=doubtful, was_sent=True, by=coordinator)
    wake()
    assert (settled.state, settled.provider_ref) == ("accepted", f"said by {coordinator.pk}")
    assert mailbox.arrived == []
    task = Task.objects.get(kind="reminder_in_doubt")
    assert (task.status, task.done_by, task.outcome) == ("done", coordinator, "It arrived.")
    assert AuditEvent.objects.get(event="reminder.settled").change == {"was_sent": True}


def test_it_did_not_arrive_so_it_goes_again(
    doubtful: Reminder, mailbox: Mailbox, coordinator: User
) -> None:
    settle_doubt(reminder=doubtful, was_sent=False, by=coordinator)
    wake()
    doubtful.refresh_from_db()
    assert (doubtful.state, doubtful.attempts) == ("accepted", 1)
    assert [one.number for one in doubtful.attempt_rows.all()] == [1, 2]
    assert len(mailbox.arrived) == 1
    assert Task.objects.get(kind="reminder_in_doubt").status == "done"


def test_only_a_doubt_can_be_settled(coordinator: User) -> None:
    row = reminder()
    with pytest.raises(Conflict) as refusal:
        settle_doubt(reminder=row, was_sent=True, by=coordinator)
    assert refusal.value.code == "not_in_doubt"
    assert Reminder.objects.get(pk=row.pk).state == "scheduled"
