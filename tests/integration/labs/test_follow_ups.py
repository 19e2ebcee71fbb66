"""What staff write down about something due: it is kept, audited, and moves nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from clinic.errors import Conflict, DomainError, Invalid, Refused
from clinic.models import AuditEvent, Patient, Site, User
from clinic.rules.errors import RuleError
from labs.actions.dispatch import dispatch_once
from labs.actions.follow_ups import record_contact, record_declined, snooze
from labs.actions.reminders import sweep
from labs.models import FollowUp, Reminder, Requirement
from labs.queries import monitoring_status
from labs.queries_due_list import due_list
from labs.queries_months import MonthOfMessages, months_of_messages
from tests.factories import PatientFactory, member
from tests.integration.labs.due_rows import Carrier, awake_site, by_mail, requirement

SignIn = Callable[[User], Client]
pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
TODAY = NOW.date()


@pytest.fixture(autouse=True)
def on_the_day(request: pytest.FixtureRequest) -> Any:
    if request.node.get_closest_marker("django_db").kwargs.get("transaction"):
        yield
        return
    with time_machine.travel(NOW, tick=False):
        yield


def days(count: int) -> date:
    return TODAY + timedelta(days=count)


@pytest.fixture
def owed(patient: Patient) -> Requirement:
    """Overdue for two days, standing against the next dose."""
    return requirement(patient, next_due_on=days(-10), subject_id=uuid4())


def all_of(row: Requirement) -> dict[str, Any]:
    return dict(Requirement.objects.filter(pk=row.pk).values().get())


def test_a_contact_is_kept_with_who_and_when(owed: Requirement, nurse: User) -> None:
    record_contact(
        requirement=owed, by=nurse, way="phone", answer="no_answer", reason=" Rang twice. "
    )
    row = FollowUp.objects.get()
    assert (row.kind, row.way, row.answer) == ("contact", "phone", "no_answer")
    assert (row.reason, row.at, row.by) == ("Rang twice.", NOW, nurse)
    assert (row.requirement_due_on, row.patient_id) == (days(-10), owed.patient_id)
    event = AuditEvent.objects.get(event="requirement.contacted")
    assert (event.actor, event.subject_id, event.patient_id) == (nurse, owed.pk, owed.patient_id)
    assert event.change == {"way": "phone", "answer": "no_answer"}


def test_none_of_them_changes_what_is_due(owed: Requirement, nurse: User) -> None:
    before = all_of(owed)
    standing = monitoring_status(patient_id=owed.patient_id, on=TODAY)
    assert (standing[0].state, standing[0].blocks_dose) == ("overdue", True)
    record_contact(requirement=owed, by=nurse, way="phone", answer="reached")
    snooze(requirement=owed, by=nurse, until=days(3), reason="The patient is away.")
    record_declined(requirement=owed, by=nurse, reason="Does not want it.")
    assert all_of(owed) == before
    assert monitoring_status(patient_id=owed.patient_id, on=TODAY) == standing
    events = AuditEvent.objects.order_by("at", "pk").values_list("event", "change")
    assert list(events) == [
        ("requirement.contacted", {"way": "phone", "answer": "reached"}),
        ("requirement.put_off", {"until": "2026-11-26"}),
        ("requirement.declined", {}),
    ]


@pytest.mark.parametrize(
    ("until", "code", "message"),
    [
        (-1, "until_past", "Sun 22 Nov 2026 has passed."),
        (15, "until_too_far", "At most 14 days, that is until Mon 7 Dec 2026."),
    ],
)
def test_put_off_within_two_weeks(
    owed: Requirement, nurse: User, until: int, code: str, message: str
) -> None:
    with pytest.raises(RuleError) as refused:
        snooze(requirement=owed, by=nurse, until=days(until), reason="Away.")
    assert (refused.value.code, refused.value.field) == (code, "until")
    assert refused.value.message == message
    assert not FollowUp.objects.exists()


@pytest.mark.parametrize("until", [0, 14])
def test_today_and_two_weeks_are_allowed(owed: Requirement, nurse: User, until: int) -> None:
    row = snooze(requirement=owed, by=nurse, until=days(until), reason="Away.")
    assert row.until == days(until)


@pytest.mark.parametrize(
    ("act", "code", "field"),
    [
        (lambda row, by: record_contact(requirement=row, by=by, way="", answer="reached"),
         "way_unknown", "way"),
        (lambda row, by: record_contact(requirement=row, by=by, way="phone", answer="perhaps"),
         "answer_unknown", "answer"),
        (lambda row, by: snooze(requirement=row, by=by, until=TODAY, reason=" "),
         "reason_missing", "reason"),
        (lambda row, by: record_declined(requirement=row, by=by, reason=""),
         "reason_missing", "reason"),
    ],
)  # fmt: skip
def test_what_is_missing_is_named(
    owed: Requirement,
    nurse: User,
    act: Callable[[Requirement, User], FollowUp],
    code: str,
    field: str,
) -> None:
    with pytest.raises(Invalid) as refused:
        act(owed, nurse)
    assert (refused.value.code, refused.value.field) == (code, field)
    assert not FollowUp.objects.exists()
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize(
    ("fields", "refusal", "code"),
    [
        ({"status": "closed", "notify_on": None}, Conflict, "not_due_any_more"),
        ({"status": "suspended", "notify_on": None}, Refused, "resting"),
        ({"next_due_on": days(4)}, Conflict, "moved"),
    ],
)
def test_what_changed_meanwhile_refuses(
    owed: Requirement,
    nurse: User,
    fields: dict[str, Any],
    refusal: type[DomainError],
    code: str,
) -> None:
    Requirement.objects.filter(pk=owed.pk).update(**fields)
    with pytest.raises(refusal) as refused:
        snooze(requirement=owed, by=nurse, until=days(1), reason="Away.", due_on=days(-10))
    assert refused.value.code == code
    assert not FollowUp.objects.exists()


def test_what_rests_may_be_talked_about(owed: Requirement, nurse: User) -> None:
    Requirement.objects.filter(pk=owed.pk).update(status="suspended", notify_on=None)
    record_contact(requirement=owed, by=nurse, way="in_person", answer="will_come")
    assert FollowUp.objects.get().way == "in_person"


@pytest.mark.django_db(transaction=True)
def test_who_declined_is_not_written_to_about_this_day_but_staff_are() -> None:
    site = awake_site()
    nurse = member(site, "nurse")
    carrier = Carrier()
    theirs = requirement(PatientFactory.create(site=site, email="ann@mail.example"))
    other = requirement(PatientFactory.create(site=site, email="bea@mail.example"))
    late = requirement(
        PatientFactory.create(site=site, consents_to_email=False, email="cy@mail.example")
    )
    member(site, "coordinator", email="cora@clinic.example")
    assert sweep() == 3
    for row in (theirs, late):
        record_declined(requirement=row, by=nurse, reason="Does not want it.")
    dispatch_once("test", through=by_mail(carrier))
    told = {address for message in carrier.given for address in message.recipients}
    assert told == {"bea@mail.example", "cora@clinic.example"}
    assert Reminder.objects.get(requirement=theirs).state_reason == "declined"
    assert Reminder.objects.get(requirement=other).state == "accepted"


# --- The pages ------------------------------------------------------------------------------


def text(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def path(row: Requirement, what: str) -> str:
    return reverse("follow_up", args=[row.pk, what])


@pytest.mark.parametrize(
    ("what", "answers"),
    [
        ("contact", {"way": "phone", "answer": "message_left"}),
        ("snooze", {"until": "2026-11-25", "reason": "Away."}),
        ("declined", {"reason": "No."}),
    ],
)
def test_a_form_writes_and_goes_back_to_the_same_list(
    owed: Requirement, nurse: User, as_user: SignIn, what: str, answers: dict[str, str]
) -> None:
    client = as_user(nurse)
    query = "?state=overdue&kind=liver&q=oka&page=2"
    shown = client.get(path(owed, what) + query)
    assert "overdue 10 days (since Fri 13 Nov)" in text(shown)
    assert "stands against the next dose" in text(shown)
    answer = client.post(path(owed, what) + query, {"due_on": "2026-11-13", **answers})
    assert answer["Location"] == reverse("worklist") + query
    assert FollowUp.objects.get().kind == what


def test_back_to_the_patient_and_nowhere_else(
    owed: Requirement, nurse: User, as_user: SignIn
) -> None:
    client = as_user(nurse)
    for query, back in (
        ("?from=patient", reverse("patient_due", args=[owed.patient_id])),
        ("?from=https://elsewhere.example/", reverse("worklist")),
    ):
        answer = client.post(path(owed, "declined") + query, {"reason": "No."})
        assert answer["Location"] == back


def test_a_refusal_stands_beside_its_field_and_keeps_what_was_typed(
    owed: Requirement, nurse: User, as_user: SignIn
) -> None:
    client = as_user(nurse)
    said = {"until": "2026-12-24", "reason": "On holiday", "due_on": "2026-11-13"}
    answer = client.post(path(owed, "snooze"), said)
    assert answer.context["form"].errors == {
        "until": ["At most 14 days, that is until Mon 7 Dec 2026."]
    }
    assert 'value="On holiday"' in text(answer)
    late = client.post(path(owed, "declined"), {"reason": "No", "due_on": "2026-11-12"})
    assert "Meanwhile it is due on another day: Fri 13 Nov 2026." in text(late)
    assert not FollowUp.objects.exists()


def test_who_may_write_down_what(
    site: Site, owed: Requirement, stranger: User, as_user: SignIn
) -> None:
    for what in ("contact", "snooze", "declined"):
        for role in ("coordinator", "nurse", "prescriber", "lead"):
            assert as_user(member(site, role)).get(path(owed, what)).status_code == 200
        for role in ("site_admin", "auditor", "integration"):
            assert as_user(member(site, role)).get(path(owed, what)).status_code == 403
        assert as_user(stranger).get(path(owed, what)).status_code == 404
    assert as_user(member(site, "lead")).get(path(owed, "forget")).status_code == 404


def test_the_history_names_what_was_done(owed: Requirement, nurse: User, as_user: SignIn) -> None:
    record_contact(requirement=owed, by=nurse, way="phone", answer="no_answer", reason="Busy")
    said = text(as_user(nurse).get(path(owed, "contact")))
    assert "<strong>Contact attempt</strong>: Telephone, no answer: Busy" in said
    assert "Mon 23 Nov 2026 10:00, Nils Nurse" in said


# --- One patient ----------------------------------------------------------------------------


def test_a_patients_list_has_what_is_open_rests_and_was_done(
    patient: Patient, owed: Requirement, nurse: User, as_user: SignIn
) -> None:
    def other(cycle: str, **fields: Any) -> None:
        requirement(patient, cycle=cycle, subject_id=uuid4(), **{"notify_on": None} | fields)

    other("far", next_due_on=days(60), last_done_on=days(-5))
    other("rests", status="suspended")
    other("done", status="closed", last_done_on=days(-90), done_late_days=9)
    other("long ago", status="closed", last_done_on=days(-91))
    other("never", status="closed")
    record_contact(requirement=owed, by=nurse, way="phone", answer="reached")
    found = due_list(user=nurse, patient=patient, on=TODAY)
    assert [line.row.cycle for line in found.open] == ["", "far"]
    assert [line.row.cycle for line in found.resting] == ["rests"]
    assert [line.row.cycle for line in found.done] == ["far", "done"]
    assert found.blocking == 1
    assert [one.answer for one in found.open[0].followed] == ["Reached"]
    said = text(as_user(nurse).get(reverse("patient_due", args=[patient.pk])))
    assert "1 check stands against the next dose." in said
    assert "done 9 days late" in said
    assert f"{path(owed, 'contact')}?from=patient" in said


def test_a_patients_list_is_its_sites(
    patient: Patient, stranger: User, site: Site, as_user: SignIn
) -> None:
    page = reverse("patient_due", args=[patient.pk])
    assert as_user(stranger).get(page).status_code == 404
    assert as_user(member(site, "auditor")).get(page).status_code == 403
    assert "Nothing is open." in text(as_user(member(site, "nurse")).get(page))


def test_the_chart_leads_to_it(patient: Patient, nurse: User, as_user: SignIn) -> None:
    chart = text(as_user(nurse).get(reverse("patient_chart", args=[patient.pk])))
    assert reverse("patient_due", args=[patient.pk]) in chart


# --- The months -----------------------------------------------------------------------------


def message(row: Requirement, on: date, state: str = "accepted", **fields: Any) -> None:
    at = datetime(on.year, on.month, on.day, 10, tzinfo=UTC)
    values: dict[str, Any] = {
        "dedup_key": f"req:{uuid4()}", "step": "due", "recipient": "patient", "channel": "email",
        "state": state, "provider": "smtp", "provider_ref": "ref", "local_date": on,
        "local_time": at.time(), "time_zone": "Europe/London", "due_at": at, "next_at": at,
        "not_after": at, "requirement_due_on": on,
    }  # fmt: skip
    Reminder.objects.create(
        site_id=row.site_id, patient_id=row.patient_id, requirement=row, **values | fields
    )


def test_months_count_sent_received_and_answered(patient: Patient, nurse: User) -> None:
    def owing(**fields: Any) -> Requirement:
        return requirement(patient, subject_id=uuid4(), next_due_on=days(9), **fields)

    november, october, june = date(2026, 11, 2), date(2026, 10, 1), date(2026, 6, 1)
    quiet = owing()
    message(quiet, november)
    message(quiet, november, "delivered", channel="sms")
    message(quiet, november, channel="sms")
    message(quiet, november, "cancelled")
    message(quiet, november, recipient="coordinator")
    # Done twice since: the first time answered October's message.
    done = owing(last_done_on=date(2026, 10, 15))
    Requirement.objects.filter(pk=done.pk).update(last_done_on=date(2026, 11, 20))
    message(done, october)
    too_late = owing(last_done_on=date(2026, 10, 16))
    message(too_late, october)
    reached, not_reached = owing(), owing()
    for row, answer in ((reached, "will_come"), (not_reached, "message_left")):
        message(row, june)
        FollowUp.objects.create(
            site_id=row.site_id, patient=patient, requirement=row, requirement_due_on=days(9),
            kind="contact", way="phone", answer=answer, by=nurse,
            at=datetime(2026, 6, 15, 22, tzinfo=UTC),
        )  # fmt: skip
    message(quiet, date(2026, 5, 31))
    months = months_of_messages(user=nurse, site=patient.site, on=TODAY)
    assert months == (
        MonthOfMessages(
            date(2026, 11, 1), sent=3, received=1, unknown_email=1, unknown_sms=1, to_staff=1
        ),
        MonthOfMessages(date(2026, 10, 1), sent=2, unknown_email=2, answered=1),
        MonthOfMessages(date(2026, 9, 1)),
        MonthOfMessages(date(2026, 8, 1)),
        MonthOfMessages(date(2026, 7, 1)),
        MonthOfMessages(date(2026, 6, 1), sent=2, unknown_email=2, answered=1),
    )


def test_the_page_of_months(
    patient: Patient, owed: Requirement, nurse: User, stranger: User, as_user: SignIn
) -> None:
    empty = text(as_user(nurse).get(reverse("worklist_months")))
    assert "No message was sent in the last six months." in empty
    message(owed, date(2026, 11, 2))
    said = text(as_user(nurse).get(reverse("worklist_months")))
    assert "November 2026" in said
    assert "1 not known, by e-mail" in said
    theirs = text(as_user(stranger).get(reverse("worklist_months")))
    assert "No message was sent" in theirs
    looks = as_user(member(patient.site, "integration")).get(reverse("worklist_months"))
    assert looks.status_code == 403
