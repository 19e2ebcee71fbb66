"""Booking a whole course: shown in words first, then all of it or nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest
from django.db import IntegrityError, transaction

from clinic.errors import Conflict, Refused
from clinic.models import Appointment, AuditEvent, Chair, Patient, Site, User
from clinic.rules.errors import RuleError
from courses.actions.series import attach_appointment, book_series, propose_series
from courses.models import Course
from labs.models import MonitoringSubject
from tests.factories import AppointmentFactory, ChairFactory, ClosureFactory, PatientFactory
from tests.integration.courses.scene import at, booked, planned, session, visit

pytestmark = pytest.mark.django_db

NINE = time(9)
THURSDAY = date(2026, 12, 3)


def test_a_proposal_shows_every_dose_and_takes_nothing(
    course: Course, chair: Chair, nurse: User
) -> None:
    proposal = propose_series(course=course, at_time=NINE, chair=chair, staff=nurse)
    assert [(slot.number, slot.starts_at, slot.conflict) for slot in proposal.slots] == [
        (1, at(date(2026, 11, 30), 9), ""),
        (2, at(THURSDAY, 9), ""),
        (3, at(date(2026, 12, 7), 9), ""),
        (4, at(date(2026, 12, 10), 9), ""),
        (5, at(date(2026, 12, 14), 9), ""),
        (6, at(date(2026, 12, 17), 9), ""),
    ]
    # 15 minutes of preparation, 40 of infusion, 120 of observation.
    assert proposal.slots[0].ends_at == at(date(2026, 11, 30), 11, 55)
    assert (proposal.is_bookable, proposal.chair_id, proposal.staff_id) == (
        True,
        chair.pk,
        nurse.pk,
    )
    assert not Appointment.objects.exists()
    assert not AuditEvent.objects.filter(event="appointment.booked").exists()


def test_conflicts_are_told_in_words_beside_their_dose(
    course: Course, chair: Chair, site: Site
) -> None:
    ClosureFactory.create(site=site, starts_on=date(2026, 12, 7), ends_on=date(2026, 12, 7))
    AppointmentFactory.create(
        patient=PatientFactory.create(site=site), chair=chair, starts_at=at(THURSDAY, 11)
    )
    proposal = propose_series(course=course, at_time=NINE, chair=chair, staff=None)
    assert [slot.conflict for slot in proposal.slots] == [
        "",
        "Chair A is taken at that time. Free that day: 08:00, 14:00, 14:15.",
        "The site is closed that day: Holiday.",
        "",
        "",
        "",
    ]
    assert not proposal.is_bookable


def test_a_course_is_booked_as_it_was_shown(
    course: Course, chair: Chair, coordinator: User, nurse: User
) -> None:
    shown = propose_series(course=course, at_time=NINE, chair=chair, staff=nurse)
    made = book_series(course=course, at_time=NINE, chair=chair, staff=nurse, by=coordinator)
    assert [row.during.lower for row in made] == [slot.starts_at for slot in shown.slots]
    assert {row.staff for row in made} == {nurse}
    rows = course.sessions.order_by("number")
    assert [(row.status, row.appointment_id) for row in rows] == [
        ("booked", appointment.pk) for appointment in made
    ]
    assert AuditEvent.objects.get(event="course.booked").change == {"sessions": 6}


def test_one_that_cannot_be_booked_undoes_all(
    course: Course, chair: Chair, coordinator: User, site: Site
) -> None:
    ClosureFactory.create(site=site, starts_on=date(2026, 12, 14), ends_on=date(2026, 12, 14))
    with pytest.raises(Refused) as refusal:
        booked(course, chair, coordinator)
    assert refusal.value.code == "closed_day"
    assert refusal.value.message == ("Dose 5 on Mon 14 Dec: The site is closed that day: Holiday.")
    assert not Appointment.objects.exists()
    assert {row.status for row in course.sessions.all()} == {"planned"}


def test_a_chair_taken_meanwhile_undoes_all(
    course: Course, chair: Chair, coordinator: User, site: Site
) -> None:
    other = PatientFactory.create(site=site)
    AppointmentFactory.create(patient=other, chair=chair, starts_at=at(date(2026, 12, 17), 9))
    with pytest.raises(Conflict) as refusal:
        booked(course, chair, coordinator)
    assert refusal.value.code == "chair_taken"
    assert refusal.value.message.startswith("Dose 6 on Thu 17 Dec: Chair A is taken")
    assert Appointment.objects.get().patient == other


def test_the_rest_is_booked_and_nothing_twice(
    course: Course, chair: Chair, coordinator: User
) -> None:
    visit(course, 1, date(2026, 11, 30), chair, coordinator)
    assert len(booked(course, chair, coordinator)) == 5
    with pytest.raises(Refused) as refusal:
        booked(course, chair, coordinator)
    assert refusal.value.code == "nothing_to_book"


def test_nine_on_the_wall_stays_nine_over_the_clock_change(
    clock: object, patient: Patient, prescriber: User, chair: Chair
) -> None:
    """London enters summer time on Sunday 28 March 2027."""
    course = planned(patient, prescriber, first_on=date(2027, 3, 22))
    made = booked(course, chair, prescriber)
    assert [row.during.lower for row in made] == [
        datetime(2027, 3, 22, 9, tzinfo=UTC),
        datetime(2027, 3, 25, 9, tzinfo=UTC),
        datetime(2027, 3, 29, 8, tzinfo=UTC),
        datetime(2027, 4, 1, 8, tzinfo=UTC),
        datetime(2027, 4, 5, 8, tzinfo=UTC),
        datetime(2027, 4, 8, 8, tzinfo=UTC),
    ]
    walls = {row.during.lower.astimezone(row.site.zone).time() for row in made}
    assert walls == {time(9)}
    # The chair is taken for as many minutes as on any other day.
    lengths = {(row.during.upper - row.during.lower).total_seconds() for row in made}
    assert lengths == {175 * 60}


# --- one appointment for one dose -------------------------------------------------------------
def test_a_booked_day_is_the_day_that_is_due(course: Course, chair: Chair, nurse: User) -> None:
    visit(course, 1, date(2026, 12, 1), chair, nurse)
    facts = MonitoringSubject.objects.get(subject_id=course.pk).facts
    days = {row["session"]: row["on"] for row in facts["sessions"]}
    assert days[str(session(course).pk)] == "2026-12-01"


def test_anothers_appointment_is_not_this_patients_dose(
    course: Course, site: Site, nurse: User
) -> None:
    theirs = AppointmentFactory.create(patient=PatientFactory.create(site=site))
    with pytest.raises(Refused) as refusal:
        attach_appointment(session=session(course), appointment=theirs, by=nurse)
    assert refusal.value.code == "other_patient"


def test_a_dose_has_one_chair(course: Course, chair: Chair, nurse: User) -> None:
    visit(course, 1, date(2026, 11, 30), chair, nurse)
    with pytest.raises(RuleError) as refusal:
        visit(course, 1, THURSDAY, chair, nurse)
    assert refusal.value.code == "illegal_move"


def test_a_chair_of_another_site_is_refused_by_the_database(
    course: Course, other_site: Site, nurse: User
) -> None:
    theirs = ChairFactory.create(site=other_site)
    with pytest.raises(IntegrityError, match="appointment_same_site_chair"), transaction.atomic():
        booked(course, theirs, nurse)
    assert not Appointment.objects.exists()
