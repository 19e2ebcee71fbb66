"""Every message that is due leaves once, or it is known that it did not."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import timezone

from clinic.models import Patient, Role
from labs.actions.reminders import Dispatched, dispatch_once, sweep, wake
from labs.models import Reminder, Requirement, Task
from tests.factories import PatientFactory, SiteFactory, member
from tests.integration.labs.due_rows import (
    Carrier,
    again,
    at_once,
    awake_site,
    by_mail,
    make_due,
    reminder,
    requirement,
    the_task,
    zone_where_it_is,
)
from tests.mail import Mailbox

pytestmark = pytest.mark.django_db(transaction=True)


# --- what is sent ----------------------------------------------------------------------------
def test_what_is_due_arrives_once(mailbox: Mailbox) -> None:
    row = reminder()
    wake()
    wake()
    assert mailbox.recipients == [[row.patient.email]]
    sent = again(row)
    assert (sent.state, sent.provider, sent.attempts) == ("accepted", "mail", 1)
    assert sent.provider_ref == mailbox.letters[0]["Message-ID"]
    assert sent.ended_at is not None
    attempt = sent.attempt_rows.get()
    assert (attempt.number, attempt.outcome) == (1, "accepted")
    assert attempt.ended_at is not None
    assert attempt.started_at <= attempt.ended_at


def test_two_wakers_at_once_send_one_mail_each(mailbox: Mailbox) -> None:
    site = awake_site()
    for _ in range(12):
        requirement(PatientFactory.create(site=site))
    assert at_once(wake, wake, wake) == [None, None, None]
    wake()
    assert len(mailbox.arrived) == 12
    assert len({str(letter["Message-ID"]) for letter in mailbox.letters}) == 12
    assert Reminder.objects.filter(state="accepted", attempts=1).count() == 12


def test_coordinators_get_one_mail_together(mailbox: Mailbox) -> None:
    site = awake_site()
    member(site, Role.COORDINATOR, email="cora@clinic.example")
    member(site, Role.COORDINATOR, email="abel@clinic.example")
    member(site, Role.NURSE, email="nils@clinic.example")
    member(site, Role.COORDINATOR, email="gone@clinic.example", is_active=False)
    member(awake_site(), Role.COORDINATOR, email="stella@hill.example")
    reminder(PatientFactory.create(site=site, consents_to_email=False))
    wake()
    assert mailbox.recipients == [["abel@clinic.example", "cora@clinic.example"]]
    assert mailbox.letters[0]["Subject"] == "Daybreak has an item waiting for you"


def test_what_falls_due_together_for_a_patient_is_one_mail(mailbox: Mailbox) -> None:
    row = requirement()
    for cycle in ("a", "b", "c"):
        requirement(row.patient, cycle=cycle)
    other = requirement(PatientFactory.create(site=row.site))
    wake()
    assert sorted(mailbox.recipients) == sorted([[row.patient.email], [other.patient.email]])
    states = row.patient.reminders.values_list("state", "state_reason")
    assert sorted(states) == [("accepted", ""), *[("cancelled", "told_together")] * 3]
    # What falls due later is told on its own.
    requirement(row.patient, cycle="d")
    wake()
    assert len(mailbox.arrived) == 3


def test_two_wakers_do_not_tell_one_patient_twice(mailbox: Mailbox) -> None:
    row = requirement()
    for number in range(7):
        requirement(row.patient, cycle=str(number))
    sweep()
    at_once(*[lambda: dispatch_once("w", limit=3)] * 3)
    wake()
    assert len(mailbox.arrived) == 1


def test_one_that_comes_to_nothing_is_tried_again_for_all(mailbox: Mailbox) -> None:
    row = requirement()
    requirement(row.patient, cycle="a")
    mailbox.answer_to_text = "451 later"
    wake()
    assert set(row.patient.reminders.values_list("state", flat=True)) == {"scheduled"}
    mailbox.answer_to_text = ""
    Reminder.objects.update(next_at=timezone.now() - timedelta(seconds=1))
    wake()
    assert len(mailbox.arrived) == 1


def test_nobody_to_tell_is_a_task(mailbox: Mailbox) -> None:
    row = reminder(PatientFactory.create(site=awake_site(), consents_to_email=False))
    wake()
    assert (again(row).state, again(row).state_reason) == ("dead", "nobody_to_tell")
    the_task(row, "dead")


def test_the_message_names_the_clinics_phone_and_its_key() -> None:
    row, carrier = reminder(), Carrier()
    assert dispatch_once("w", through=by_mail(carrier)) == Dispatched(claimed=1, accepted=1)
    [message] = carrier.given
    assert message.key == row.dedup_key
    assert "020 7946 0000" in message.body
    assert carrier.closed == 1


# --- what is looked at again before sending ---------------------------------------------------
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"status": "closed", "notify_on": None}, "closed"),
        ({"status": "suspended", "notify_on": None}, "suspended"),
        ({"next_due_on": date(2030, 1, 1)}, "moved"),
        ({"revision": 1}, "moved"),
    ],
)
def test_done_between_planning_and_sending_is_not_sent(
    mailbox: Mailbox, change: dict[str, object], reason: str
) -> None:
    row = reminder()
    Requirement.objects.filter(pk=row.requirement_id).update(**change)
    wake()
    assert mailbox.arrived == []
    assert (again(row).state, again(row).state_reason, again(row).attempts) == (
        "cancelled", reason, 0,
    )  # fmt: skip
    assert row.attempt_rows.count() == 0


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"deceased_on": date(2026, 11, 1)}, "deceased"),
        ({"transferred_on": date(2026, 11, 1)}, "transferred"),
        ({"consent_withdrawn_on": date(2026, 11, 1)}, "withdrawn"),
        ({"consents_to_email": False}, "opted_out"),
        ({"consents_to_email": False, "email": ""}, "opted_out"),
    ],
)
def test_nothing_reaches_the_dead_the_gone_and_those_who_opted_out(
    mailbox: Mailbox, change: dict[str, object], reason: str
) -> None:
    row = reminder()
    Patient.objects.filter(pk=row.patient_id).update(**change)
    wake()
    assert mailbox.arrived == []
    assert (again(row).state, again(row).state_reason) == ("cancelled", reason)
    assert Task.objects.count() == 0


def test_a_new_address_is_the_one_that_counts(mailbox: Mailbox) -> None:
    row = reminder()
    Patient.objects.filter(pk=row.patient_id).update(email="new@mail.example")
    wake()
    assert mailbox.recipients == [["new@mail.example"]]


def test_a_sender_that_slept_until_the_night_wakes_nobody(mailbox: Mailbox) -> None:
    # Written at noon by its own clock; now it is past three in the morning there.
    night = SiteFactory.create(time_zone=zone_where_it_is(3))
    row = reminder(PatientFactory.create(site=night))
    make_due(row)
    wake()
    later = again(row)
    assert mailbox.arrived == []
    assert (later.state, later.attempts, later.lease_token) == ("scheduled", 0, None)
    local = later.next_at.astimezone(night.zone)
    assert (local.hour, local.minute) == (9, 0)
    assert local.date() == timezone.now().astimezone(night.zone).date()


def test_too_late_to_be_of_use_is_a_task(mailbox: Mailbox) -> None:
    row = reminder()
    Reminder.objects.filter(pk=row.pk).update(not_after=timezone.now() - timedelta(seconds=1))
    wake()
    assert mailbox.arrived == []
    assert (again(row).state, again(row).state_reason) == ("expired", "too_late")
    the_task(row, "expired")


def test_what_is_not_due_yet_waits(mailbox: Mailbox) -> None:
    row = reminder()
    Reminder.objects.update(next_at=timezone.now() + timedelta(minutes=5))
    assert dispatch_once("w") == Dispatched()
    assert again(row).state == "scheduled"


# --- what goes wrong outside ------------------------------------------------------------------
def test_a_server_that_is_down_is_tried_eight_times_and_then_given_up(
    no_mail_server: None,
) -> None:
    row = reminder()
    waits = []
    for _ in range(8):
        make_due(row)
        before = timezone.now()
        wake()
        waits.append(round((again(row).next_at - before).total_seconds() / 60))
    ended = again(row)
    assert waits[:7] == [1, 5, 15, 60, 120, 240, 480]
    assert (ended.state, ended.attempts) == ("dead", 8)
    assert ended.state_reason == "unreachable_ConnectionRefusedError"
    assert [one.number for one in ended.attempt_rows.all()] == [1, 2, 3, 4, 5, 6, 7, 8]
    the_task(row, "dead")
    wake()
    assert again(row).attempts == 8


def test_a_server_that_comes_back_gets_it_once(mailbox: Mailbox) -> None:
    row = reminder()
    mailbox.answer_to_text = "451 later"
    wake()
    assert (again(row).state, again(row).state_reason) == ("scheduled", "refused_451")
    mailbox.answer_to_text = ""
    make_due(row)
    wake()
    assert (again(row).state, again(row).attempts) == ("accepted", 2)
    assert len(mailbox.arrived) == 1


def test_a_refusal_for_good_is_a_task_at_once(mailbox: Mailbox) -> None:
    row = reminder()
    mailbox.answer_to_recipient = "550 unknown"
    wake()
    assert (again(row).state, again(row).state_reason) == ("dead", "recipient_refused_550")
    assert the_task(row, "dead").title == "A reminder could not be sent: tell them another way"


def test_a_cut_after_the_text_is_in_doubt_and_not_sent_again(mailbox: Mailbox) -> None:
    row = reminder()
    mailbox.hangs_up_after_text = True
    wake()
    mailbox.hangs_up_after_text = False
    wake()
    assert again(row).state == "in_doubt"
    assert len(mailbox.arrived) == 1
    assert the_task(row, "in_doubt").title == "Find out whether a reminder arrived"
