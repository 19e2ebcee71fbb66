"""Chairs, people and hours: what can be booked, what is refused in words, and who is told why."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import IntegrityError, transaction

from clinic.actions.appointments import (
    MOVES,
    book_appointment,
    cancel_appointment,
    move_appointment,
    set_appointment_status,
)
from clinic.errors import Conflict, DomainError, Refused
from clinic.models import (
    Appointment,
    AppointmentStatus,
    AuditEvent,
    Chair,
    OpeningHours,
    Patient,
    Role,
    Site,
    User,
)
from tests.factories import (
    ChairFactory,
    ClosureFactory,
    MembershipFactory,
    PatientFactory,
    SiteFactory,
    member,
)

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
DAY = date(2026, 12, 1)
HOURS = timedelta(hours=1)


@pytest.fixture(autouse=True)
def clock() -> Any:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def at(hour: int, minute: int = 0, day: date = DAY) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)


def book(patient: Patient, chair: Chair, starts_at: datetime, hours: float = 3, **more: Any) -> Any:
    return book_appointment(
        patient=patient,
        chair=chair,
        starts_at=starts_at,
        ends_at=starts_at + hours * HOURS,
        by=more.pop("by", None),
        **more,
    )


def code_of(act: Any, *args: Any, **kwargs: Any) -> str:
    """The code with which `act` is refused; nothing of it stays."""
    before = Appointment.objects.count()
    with pytest.raises(DomainError) as refusal:
        act(*args, **kwargs)
    assert Appointment.objects.count() == before
    return refusal.value.code


# --- booking ----------------------------------------------------------------------------------
def test_a_booking_takes_the_chair_and_says_who(
    patient: Patient, chair: Chair, coordinator: User
) -> None:
    appointment = book(patient, chair, at(9), by=coordinator)
    assert (appointment.during.lower, appointment.during.upper) == (at(9), at(12))
    assert (appointment.status, appointment.version, appointment.site) == (
        "booked", 1, patient.site,
    )  # fmt: skip
    step = appointment.transitions.get()
    assert (step.from_status, step.to_status, step.by, step.at) == ("", "booked", coordinator, NOW)
    event = AuditEvent.objects.get(event="appointment.booked")
    assert (event.actor, event.subject_id, event.patient_id) == (
        coordinator, appointment.pk, patient.pk,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("starts_at", "hours", "code"),
    [
        (NOW, 1, "in_past"),
        (NOW - timedelta(seconds=1), 1, "in_past"),
        (at(9), 0, "too_short"),
        (at(9), -1, "too_short"),
        (at(7, 45), 3, "outside_hours"),
        (at(18), 3, "outside_hours"),
        (at(21), 1, "outside_hours"),
    ],
)
def test_a_time_that_cannot_be_is_refused(
    patient: Patient, chair: Chair, starts_at: datetime, hours: float, code: str
) -> None:
    assert code_of(book, patient, chair, starts_at, hours) == code


def test_the_whole_of_the_opening_may_be_used(patient: Patient, chair: Chair) -> None:
    assert book(patient, chair, at(8), 12).during.upper == at(20)


def test_a_lunch_break_is_not_bridged(site: Site, patient: Patient, chair: Chair) -> None:
    OpeningHours.objects.filter(site=site).delete()
    weekday = DAY.isoweekday()
    OpeningHours.objects.create(site=site, weekday=weekday, opens=time(8), closes=time(12))
    OpeningHours.objects.create(site=site, weekday=weekday, opens=time(13), closes=time(20))
    assert code_of(book, patient, chair, at(10), 4) == "outside_hours"
    assert book(patient, chair, at(13), 3).status == "booked"


def test_a_closure_is_said_with_its_reason(site: Site, patient: Patient, chair: Chair) -> None:
    ClosureFactory.create(site=site)
    for day in (25, 26):
        with pytest.raises(Refused) as refusal:
            book(patient, chair, at(9, day=date(2026, 12, day)))
        assert refusal.value.code == "closed_day"
        assert refusal.value.message == "The site is closed that day: Holiday."
    assert book(patient, chair, at(9, day=date(2026, 12, 24)))
    assert book(patient, chair, at(9, day=date(2026, 12, 27)))


def test_the_closure_of_another_site_closes_nothing_here(
    other_site: Site, patient: Patient, chair: Chair
) -> None:
    ClosureFactory.create(site=other_site, starts_on=DAY, ends_on=DAY)
    assert book(patient, chair, at(9))


def test_a_chair_out_of_use_is_not_booked(patient: Patient, chair: Chair) -> None:
    chair.is_active = False
    chair.save()
    assert code_of(book, patient, chair, at(9)) == "chair_not_in_use"


def test_nobody_who_is_gone_is_booked(patient: Patient, chair: Chair) -> None:
    patient.deceased_on = date(2026, 11, 20)
    patient.save()
    assert code_of(book, patient, chair, at(9)) == "not_here"


# --- overlaps ---------------------------------------------------------------------------------
def test_a_taken_chair_is_refused_with_the_nearest_free_times(
    patient: Patient, chair: Chair, site: Site
) -> None:
    book(patient, chair, at(10))
    with pytest.raises(Conflict) as refusal:
        book(PatientFactory.create(site=site), chair, at(9), 3)
    # Ten to one is taken: three hours fit from one o'clock on, and at eight they would not.
    assert refusal.value.code == "chair_taken"
    assert refusal.value.details == {"free": ["13:00", "13:15", "13:30"]}
    assert refusal.value.message == (
        "Chair A is taken at that time. Free that day: 13:00, 13:15, 13:30."
    )


def test_a_full_day_says_so(patient: Patient, chair: Chair, site: Site) -> None:
    book(patient, chair, at(8), 12)
    with pytest.raises(Conflict) as refusal:
        book(PatientFactory.create(site=site), chair, at(9))
    assert refusal.value.message == "Chair A is taken at that time. It is full that day."


def test_one_after_the_other_touches_nothing(patient: Patient, chair: Chair, site: Site) -> None:
    book(patient, chair, at(9))
    assert book(PatientFactory.create(site=site), chair, at(12))
    assert book(PatientFactory.create(site=site), chair, at(8), 1)


def test_nobody_sits_in_two_chairs(patient: Patient, chair: Chair, site: Site) -> None:
    book(patient, chair, at(9))
    with pytest.raises(Conflict) as refusal:
        book(patient, ChairFactory.create(site=site), at(11))
    assert (refusal.value.code, refusal.value.field) == ("patient_busy", "patient")


@pytest.mark.parametrize("gone", ["cancelled", "no_show"])
def test_a_chair_given_back_is_free(
    patient: Patient, chair: Chair, site: Site, nurse: User, gone: str
) -> None:
    set_appointment_status(appointment=book(patient, chair, at(9)), to=gone, by=nurse)
    assert book(PatientFactory.create(site=site), chair, at(9))


# --- staff ------------------------------------------------------------------------------------
def test_one_nurse_watches_two_at_a_time_and_not_three(
    site: Site, chair: Chair, patient: Patient, nurse: User
) -> None:
    assert site.patients_per_nurse == 2
    book(patient, chair, at(9), staff=nurse)
    second = ChairFactory.create(site=site)
    book(PatientFactory.create(site=site), second, at(11), staff=nurse)
    third, other = ChairFactory.create(site=site), PatientFactory.create(site=site)
    with pytest.raises(Refused) as refusal:
        book(other, third, at(10), staff=nurse)
    assert refusal.value.code == "staff_full"
    assert refusal.value.message == "Nils Nurse already watches 2 patients then."
    # At twelve the first has gone.
    assert book(other, third, at(12), staff=nurse)


def test_two_short_visits_inside_a_long_one_are_two_at_a_time(
    site: Site, chair: Chair, patient: Patient, nurse: User
) -> None:
    book(patient, chair, at(9), 1, staff=nurse)
    book(PatientFactory.create(site=site), chair, at(10), 1, staff=nurse)
    other = PatientFactory.create(site=site)
    assert book(other, ChairFactory.create(site=site), at(9), 3, staff=nurse)


def test_who_does_not_work_here_watches_nobody(
    site: Site, patient: Patient, chair: Chair, stranger: User, nurse: User
) -> None:
    assert code_of(book, patient, chair, at(9), staff=stranger) == "staff_not_here"
    nurse.memberships.update(is_active=False)
    assert code_of(book, patient, chair, at(9), staff=nurse) == "staff_not_here"


def test_work_at_another_site_does_not_count_here(
    site: Site, other_site: Site, chair: Chair, patient: Patient, nurse: User
) -> None:
    MembershipFactory.create(site=other_site, user=nurse)
    for _ in range(2):
        there = ChairFactory.create(site=other_site)
        book(PatientFactory.create(site=other_site), there, at(15), staff=nurse)
    assert book(patient, chair, at(15), staff=nurse)


# --- the wall between sites -------------------------------------------------------------------
def test_a_chair_of_another_site_cannot_be_booked(patient: Patient, other_site: Site) -> None:
    theirs = ChairFactory.create(site=other_site)
    with pytest.raises(IntegrityError, match="appointment_same_site_chair"), transaction.atomic():
        book(patient, theirs, at(9))


# --- wall clock -------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("day", "opens_utc"),
    [
        # London leaves summer time on 25 October 2026: eight o'clock is 7:00 and then 8:00 UTC.
        (date(2027, 10, 30), 7),
        (date(2027, 10, 31), 8),
        # and enters it on 28 March 2027.
        (date(2027, 3, 27), 8),
        (date(2027, 3, 28), 7),
    ],
)
def test_opening_hours_follow_the_clock_on_the_wall(
    patient: Patient, chair: Chair, day: date, opens_utc: int
) -> None:
    opens = at(opens_utc, day=day)
    early = opens - timedelta(minutes=15)
    assert code_of(book, patient, chair, early) == "outside_hours"
    assert book(patient, chair, opens)


def test_the_hours_are_the_sites_not_the_servers(other_site: Site) -> None:
    patient, chair = PatientFactory.create(site=other_site), ChairFactory.create(site=other_site)
    # Eight to eight in New York is 13:00 to 01:00 UTC.
    assert code_of(book, patient, chair, at(12, 45)) == "outside_hours"
    assert book(patient, chair, at(22), 3).during.upper == at(1, day=DAY + timedelta(days=1))


def test_free_times_are_told_by_the_clock_on_the_wall(other_site: Site) -> None:
    chair = ChairFactory.create(site=other_site, name="N")
    book(PatientFactory.create(site=other_site), chair, at(14), 9)
    with pytest.raises(Conflict) as refusal:
        book(PatientFactory.create(site=other_site), chair, at(14), 1)
    assert refusal.value.details == {"free": ["08:00", "18:00", "18:15"]}


# --- moving -----------------------------------------------------------------------------------
def move(appointment: Appointment, by: User, **other: Any) -> Appointment:
    wanted: dict[str, Any] = {
        "chair": appointment.chair,
        "starts_at": at(13),
        "ends_at": at(16),
        "staff": None,
        "version": appointment.version,
    }
    return move_appointment(appointment=appointment, by=by, **wanted | other)


def test_a_visit_moves_and_its_version_grows(
    patient: Patient, chair: Chair, coordinator: User
) -> None:
    moved = move(book(patient, chair, at(9)), coordinator)
    assert (moved.during.lower, moved.version) == (at(13), 2)
    assert AuditEvent.objects.get(event="appointment.moved").actor == coordinator


def test_a_visit_may_overlap_where_it_was_itself(
    patient: Patient, chair: Chair, coordinator: User, nurse: User, site: Site
) -> None:
    site.patients_per_nurse = 1
    site.save()
    appointment = book(patient, chair, at(9), staff=nurse)
    later = {"starts_at": at(10), "ends_at": at(13), "staff": nurse}
    assert move(appointment, coordinator, **later).during.lower == at(10)


def test_who_looked_at_an_old_state_is_told(
    patient: Patient, chair: Chair, coordinator: User
) -> None:
    appointment = book(patient, chair, at(9))
    move(appointment, coordinator)
    with pytest.raises(Conflict) as refusal:
        move(appointment, coordinator, starts_at=at(9), ends_at=at(12), version=1)
    assert refusal.value.code == "stale"
    appointment.refresh_from_db()
    assert appointment.during.lower == at(13)


def test_a_move_is_held_to_the_same_rules(
    patient: Patient, chair: Chair, coordinator: User, site: Site
) -> None:
    appointment = book(patient, chair, at(9))
    book(PatientFactory.create(site=site), chair, at(14))
    assert code_of(move, appointment, coordinator) == "chair_taken"
    late = {"starts_at": at(19), "ends_at": at(21)}
    assert code_of(move, appointment, coordinator, **late) == "outside_hours"
    past = {"starts_at": NOW - HOURS, "ends_at": NOW + HOURS}
    assert code_of(move, appointment, coordinator, **past) == "in_past"


def test_what_has_begun_stays_where_it_is(
    patient: Patient, chair: Chair, coordinator: User, nurse: User
) -> None:
    appointment = book(patient, chair, at(9))
    arrived = set_appointment_status(appointment=appointment, to="arrived", by=nurse)
    assert code_of(move, arrived, coordinator) == "not_booked"


# --- the visit's steps ------------------------------------------------------------------------
def test_a_cancellation_needs_a_reason(patient: Patient, chair: Chair, coordinator: User) -> None:
    appointment = book(patient, chair, at(9))
    assert code_of(
        cancel_appointment, appointment=appointment, reason=" ", by=coordinator
    ) == "reason_missing"  # fmt: skip
    cancelled = cancel_appointment(appointment=appointment, reason="Flu", by=coordinator)
    assert (cancelled.status, cancelled.status_reason) == ("cancelled", "Flu")
    assert appointment.status == "cancelled"


def test_every_step_is_a_row(patient: Patient, chair: Chair, nurse: User) -> None:
    appointment = book(patient, chair, at(9))
    for to in ("arrived", "in_treatment", "observing", "fulfilled"):
        set_appointment_status(appointment=appointment, to=to, by=nurse, at=at(9))
    assert list(appointment.transitions.order_by("id").values_list("from_status", "to_status")) == [
        ("", "booked"),
        ("booked", "arrived"),
        ("arrived", "in_treatment"),
        ("in_treatment", "observing"),
        ("observing", "fulfilled"),
    ]


@pytest.mark.parametrize("to", AppointmentStatus.values)
@pytest.mark.parametrize("before", AppointmentStatus.values)
def test_no_step_beyond_the_table(
    patient: Patient, chair: Chair, nurse: User, before: str, to: str
) -> None:
    appointment = book(patient, chair, at(9))
    Appointment.objects.filter(pk=appointment.pk).update(status=before)
    if to in MOVES[before]:
        assert set_appointment_status(appointment=appointment, to=to, by=nurse).status == to
    else:
        assert (
            code_of(set_appointment_status, appointment=appointment, to=to, by=nurse)
            == "illegal_move"
        )


def test_the_table_of_moves_is_whole() -> None:
    assert set(MOVES) == set(AppointmentStatus.values)
    # Who was treated did come; what is cancelled is booked anew, with a row that says so.
    assert "no_show" not in MOVES["in_treatment"] | MOVES["observing"]
    assert MOVES["cancelled"] == frozenset()


def test_a_no_show_that_came_after_all_needs_a_free_chair(
    patient: Patient, chair: Chair, site: Site, nurse: User
) -> None:
    appointment = book(patient, chair, at(9))
    set_appointment_status(appointment=appointment, to="no_show", by=nurse)
    book(PatientFactory.create(site=site), chair, at(9))
    assert (
        code_of(set_appointment_status, appointment=appointment, to="booked", by=nurse)
        == "chair_taken"
    )


def test_london_and_new_york_are_what_they_seem(site: Site, other_site: Site) -> None:
    assert (site.zone, other_site.zone) == (ZoneInfo("Europe/London"), ZoneInfo("America/New_York"))
    assert member(SiteFactory.create(), Role.NURSE).memberships.count() == 1
