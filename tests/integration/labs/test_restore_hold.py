"""After a restore nothing leaves until what was sent since then is settled."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pgtrigger
import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from labs import send_ledger
from labs.actions.dispatch import Dispatched, dispatch_once
from labs.actions.reminders import sweep, wake
from labs.hold import why_held
from labs.models import Reminder, ReminderAttempt, Requirement
from tests.integration.labs.due_rows import Carrier, again, by_mail, reminder, the_task
from tests.mail import Mailbox

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def place(settings: Settings, tmp_path: Path) -> Path:
    """A machine that keeps its own ledger."""
    settings.SEND_LEDGER = tmp_path / "sent.log"
    settings.RESTORE_HOLD_FILE = tmp_path / "restore-hold"
    return tmp_path


def hold(what: str) -> str:
    said = StringIO()
    call_command("restore_hold", what, stdout=said)
    return said.getvalue().strip()


def forget_the_sending(row: Reminder) -> None:
    """What a restore to the moment before the sending does: neither attempt nor its outcome."""
    with pgtrigger.ignore("labs.ReminderAttempt:never_deleted"):
        ReminderAttempt.objects.filter(reminder=row).delete()
    Reminder.objects.filter(pk=row.pk).update(
        state="scheduled", attempts=0, provider="", provider_ref="", ended_at=None
    )


def forget_the_reminder(row: Reminder) -> None:
    """The same to a moment before it was even written."""
    forget_the_sending(row)
    with pgtrigger.ignore("labs.Reminder:never_deleted"):
        Reminder.objects.filter(pk=row.pk).delete()


def test_every_message_stands_in_the_ledger_with_nothing_of_the_person(mailbox: Mailbox) -> None:
    row = reminder()
    wake()
    [entry] = send_ledger.entries()
    assert (entry.event, entry.reminder_id, entry.attempt) == ("sent", row.pk, 1)
    assert entry.digest == send_ledger.digest_of(row.dedup_key)
    assert len(mailbox.arrived) == 1
    text = (send_ledger._file() or Path()).read_text()
    assert row.patient.email not in text
    assert str(row.patient_id) not in text
    assert why_held() == ""


def test_nothing_leaves_that_cannot_be_noted(settings: Settings, tmp_path: Path) -> None:
    settings.SEND_LEDGER = tmp_path / "no such folder" / "sent.log"
    row, carrier = reminder(), Carrier()
    dispatch_once("w", through=by_mail(carrier))
    assert carrier.given == []
    assert (again(row).state, again(row).state_reason) == ("scheduled", "unnoted_FileNotFoundError")


def test_held_on_request_nothing_is_claimed_and_let_go_again_it_leaves(mailbox: Mailbox) -> None:
    row = reminder()
    assert hold("status") == "Reminders may leave."
    assert hold("on").startswith("Held.")
    assert hold("status") == "Held on request, as after a restore."
    assert dispatch_once("w") == Dispatched()
    assert (again(row).state, again(row).attempts) == ("scheduled", 0)
    assert hold("off").startswith("0 in doubt")
    wake()
    assert again(row).state == "accepted"
    assert len(mailbox.arrived) == 1


def test_what_is_not_held_cannot_be_let_go() -> None:
    with pytest.raises(CommandError, match="not held"):
        hold("off")


def test_a_hold_of_the_environment_is_lifted_there(settings: Settings) -> None:
    settings.RESTORE_HOLD = True
    assert why_held() == "asked_for"
    with pytest.raises(CommandError, match="Take it out"):
        hold("off")


def test_a_database_that_went_back_is_noticed_and_nothing_goes_twice(
    mailbox: Mailbox,
) -> None:
    row = reminder()
    wake()
    assert len(mailbox.arrived) == 1
    forget_the_sending(row)
    assert why_held() == "database_went_back"
    wake()
    assert len(mailbox.arrived) == 1
    assert hold("status") == "The database does not know the last message that left this machine."
    assert hold("off").startswith("1 in doubt, each with a task; 0 will be recognised")
    assert (again(row).state, again(row).state_reason) == ("in_doubt", "restored")
    the_task(row, "in_doubt")
    wake()
    assert len(mailbox.arrived) == 1
    assert why_held() == ""


def test_a_reminder_lost_with_the_restore_is_written_again_and_put_in_doubt(
    mailbox: Mailbox,
) -> None:
    row = reminder()
    wake()
    key, requirement_id = row.dedup_key, row.requirement_id
    forget_the_reminder(row)
    Requirement.objects.filter(pk=requirement_id).update(notify_on=row.local_date)
    hold("off")
    written = Reminder.objects.get()
    assert (written.dedup_key, written.state) == (key, "in_doubt")
    assert sweep() == 0
    assert len(mailbox.arrived) == 1


def test_a_keyed_provider_is_asked_again_because_it_recognises_the_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    row, carrier = reminder(), Carrier(keyed=True)
    dispatch_once("w", through=by_mail(carrier))
    forget_the_sending(row)
    monkeypatch.setattr("labs.actions.release.providers", lambda: by_mail(carrier))
    assert hold("off").startswith("0 in doubt, each with a task; 1 will be recognised")
    dispatch_once("w", through=by_mail(carrier))
    assert [message.key for message in carrier.given] == [row.dedup_key] * 2
    assert again(row).state == "accepted"
