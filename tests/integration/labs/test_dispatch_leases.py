"""Senders die, hang and are slow; what they held is neither lost nor sent twice unseen."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from labs import ledger
from labs.actions.dispatch import BATCH_SECONDS
from labs.actions.reminders import Dispatched, dispatch_once, wake
from labs.delivery.port import Message, Outcome, Verdict
from labs.models import Reminder, Requirement
from tests.factories import PatientFactory
from tests.integration.labs.due_rows import (
    Carrier,
    again,
    at_once,
    awake_site,
    by_mail,
    lease_ran_out,
    make_due,
    reminder,
    the_task,
)
from tests.mail import Mailbox

pytestmark = pytest.mark.django_db(transaction=True)


# --- senders that die -------------------------------------------------------------------------
def killed_while_sending(row: Reminder, provider: str = "mail") -> ledger.Held:
    [held] = ledger.claim(1)
    assert held.id == row.pk
    assert ledger.begin(held, provider=provider, worker="killed")
    lease_ran_out(row)
    return held


def test_killed_between_claim_and_attempt_it_is_sent_by_another(mailbox: Mailbox) -> None:
    row = reminder()
    ledger.claim(1)
    assert dispatch_once("other") == Dispatched()
    lease_ran_out(row)
    wake()
    assert (again(row).state, again(row).attempts) == ("accepted", 2)
    assert len(mailbox.arrived) == 1


def test_killed_between_attempt_and_completion_it_is_in_doubt(mailbox: Mailbox) -> None:
    row = reminder()
    killed_while_sending(row)
    wake()
    assert mailbox.arrived == []
    assert (again(row).state, again(row).state_reason) == ("in_doubt", "lease_ran_out")
    assert again(row).attempt_rows.get().ended_at is None
    the_task(row, "in_doubt")


def test_a_provider_that_knows_its_keys_gets_the_same_key_again() -> None:
    row, carrier = reminder(), Carrier(keyed=True)
    killed_while_sending(row, provider="carrier")
    dispatch_once("other", through=by_mail(carrier))
    assert [message.key for message in carrier.given] == [row.dedup_key]
    assert again(row).state == "accepted"
    assert [one.number for one in again(row).attempt_rows.all()] == [1, 2]


def test_a_cut_with_a_provider_that_knows_its_keys_is_tried_again() -> None:
    row = reminder()
    carrier = Carrier(keyed=True, answer=Outcome(Verdict.UNKNOWN, reason="cut"))
    dispatch_once("w", through=by_mail(carrier))
    assert (again(row).state, again(row).state_reason) == ("scheduled", "cut")


def test_a_message_that_kills_every_sender_ends() -> None:
    row = reminder()
    for _ in range(8):
        make_due(row)
        ledger.claim(1)
        lease_ran_out(row)
        dispatch_once("other", limit=0)
    assert (again(row).state, again(row).attempts) == ("dead", 8)


def test_who_wakes_up_too_late_writes_nothing() -> None:
    row = reminder()
    held = killed_while_sending(row)
    dispatch_once("other", through=by_mail(Carrier()))
    assert again(row).state == "in_doubt"
    assert ledger.let_go(held, state="accepted", ref="late") is False
    assert (again(row).state, again(row).provider_ref) == ("in_doubt", "")


def test_a_sender_that_hangs_longer_than_its_lease_finds_the_row_taken() -> None:
    row = reminder()

    class Hanging(Carrier):
        def send(self, message: Message) -> Outcome:
            lease_ran_out(row)
            dispatch_once("other", limit=0)
            return super().send(message)

    assert dispatch_once("slow", through=by_mail(Hanging())) == Dispatched(claimed=1)
    assert (again(row).state, again(row).provider_ref) == ("in_doubt", "")
    assert again(row).attempt_rows.get().outcome == ""


def test_a_lease_with_too_little_left_starts_no_call() -> None:
    row = reminder()
    [held] = ledger.claim(1)
    Reminder.objects.filter(pk=row.pk).update(lease_until=timezone.now() + timedelta(seconds=29))
    assert ledger.begin(held, provider="mail", worker="w") == 0
    assert row.attempt_rows.count() == 0


@pytest.mark.parametrize("change", [{}, {"status": "closed", "notify_on": None}])
def test_a_row_taken_over_since_the_claim_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, change: dict[str, object]
) -> None:
    row, carrier = reminder(), Carrier()
    Requirement.objects.filter(pk=row.requirement_id).update(**change)
    [first] = ledger.claim(1)
    lease_ran_out(row)
    dispatch_once("other", limit=0)
    ledger.claim(1)
    # The slow one goes on with a claim that is no longer its own.
    monkeypatch.setattr(ledger, "claim", lambda limit: [first])
    assert dispatch_once("slow", through=by_mail(carrier)) == Dispatched(claimed=1)
    assert carrier.given == []
    assert (again(row).state, again(row).attempts) == ("leased", 2)


def test_the_attempt_is_written_before_the_call_and_no_transaction_is_open() -> None:
    row = reminder()
    seen = []

    class Looking(Carrier):
        def send(self, message: Message) -> Outcome:
            # From another connection: only what is committed can be seen there.
            seen.extend(at_once(lambda: (again(row).state, row.attempt_rows.count())))
            return super().send(message)

    dispatch_once("w", through=by_mail(Looking()))
    assert seen == [("sending", 1)]


# --- batches ----------------------------------------------------------------------------------
def test_told_to_stop_it_finishes_one_and_gives_back_the_rest() -> None:
    site = awake_site()
    rows = [reminder(PatientFactory.create(site=site)) for _ in range(3)]
    stopped = threading.Event()

    class Stopping(Carrier):
        def send(self, message: Message) -> Outcome:
            stopped.set()
            return super().send(message)

    done = dispatch_once("w", through=by_mail(Stopping()), should_stop=stopped.is_set)
    assert done == Dispatched(claimed=3, accepted=1, postponed=2)
    left = [again(row) for row in rows if again(row).state == "scheduled"]
    assert [(row.attempts, row.lease_token) for row in left] == [(0, None), (0, None)]


def test_a_slow_server_does_not_use_up_the_leases_behind_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    site = awake_site()
    for _ in range(3):
        reminder(PatientFactory.create(site=site))
    monkeypatch.setattr("labs.actions.dispatch.BATCH_SECONDS", 0.3)

    class Slow(Carrier):
        def send(self, message: Message) -> Outcome:
            time.sleep(0.2)
            return super().send(message)

    # Begun at 0 and at 0.2 seconds; at 0.4 the time of the batch is over.
    assert dispatch_once("w", through=by_mail(Slow())) == Dispatched(
        claimed=3, accepted=2, postponed=1
    )
    assert Reminder.objects.get(state="scheduled").attempts == 0


def test_a_call_and_what_goes_before_it_fit_into_a_lease(settings: Settings) -> None:
    assert BATCH_SECONDS + settings.EMAIL_TIMEOUT < ledger.LEASE_SECONDS


def test_no_more_than_asked_for_is_claimed_and_the_latest_first() -> None:
    site = awake_site()
    late, later = (reminder(PatientFactory.create(site=site)) for _ in range(2))
    Reminder.objects.filter(pk=later.pk).update(next_at=datetime(2026, 1, 1, tzinfo=UTC))
    assert dispatch_once("w", limit=1, through=by_mail(Carrier())).claimed == 1
    assert (again(later).state, again(late).state) == ("accepted", "scheduled")
