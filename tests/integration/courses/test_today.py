"""The board of a day: one line a visit, in words, in the same few queries for any number."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinic.models import Chair, Patient, Site, User
from courses.actions.sessions import discharge, end_infusion, mark_arrived, mark_no_show
from courses.models import Course
from courses.queries.today import BoardLine, TodayBoard, today
from tests.factories import AppointmentFactory, ChairFactory, PatientFactory, TaskFactory
from tests.integration.courses.scene import (
    FIRST,
    at,
    baselines,
    booked,
    calm,
    checked,
    phq9,
    planned,
    screened,
    session,
    started,
    visit,
)

pytestmark = pytest.mark.django_db


def board(user: User, site: Site, moment: datetime, on: date = FIRST) -> TodayBoard:
    return today(user=user, site=site, on=on, at=moment)


def line(user: User, site: Site, moment: datetime) -> BoardLine:
    [only] = board(user, site, moment).lines
    return only


def told(user: User, site: Site, moment: datetime) -> tuple[str, str, str]:
    found = line(user, site, moment)
    return found.state, found.next_step, found.step


def test_a_visit_from_the_door_to_the_door(
    course: Course, chair: Chair, nurse: User, site: Site, clock: time_machine.Traveller
) -> None:
    clock.move_to(at(FIRST, 14))
    visit(course, 1, FIRST, chair, nurse)
    dose = session(course)

    def now(hour: int, minute: int = 0) -> tuple[str, str, str]:
        return told(nurse, site, at(FIRST, hour, minute))

    assert now(9) == ("Expected", "", "arrive")
    assert now(9, 25) == ("Expected 25 min ago", "", "arrive")
    assert now(10, 5) == ("Expected 1 h 05 min ago", "", "arrive")
    mark_arrived(session=dose, by=nurse, at=at(FIRST, 9))
    assert now(9, 5) == ("Arrived", "Check before the dose", "gate")
    checked(dose, nurse, at(FIRST, 9, 10), calm(sbp=164))
    # The blood pressure holds and the screener blocks.
    assert now(9, 11) == ("Arrived, block", "2 reasons against", "gate")
    screened(course.patient, at(FIRST, 9, 12), nurse)
    checked(dose, nurse, at(FIRST, 9, 15), calm(sbp=164))
    assert now(9, 16) == ("Arrived, hold", "1 reason against", "gate")
    checked(dose, nurse, at(FIRST, 9, 30))
    assert now(9, 31) == ("Ready", "Start the infusion", "gate")
    infusion = started(dose, nurse, at(FIRST, 10))
    assert now(10, 5) == ("Infusion running", "35 min left", "end")
    assert now(10, 52) == ("Infusion running", "12 min over: end it", "end")
    end_infusion(infusion=infusion, by=nurse, at=at(FIRST, 10, 40))
    assert now(11, 20) == ("Observing", "may leave in 1 h 20 min", "leave")
    assert now(12, 40) == ("Observing", "may leave", "leave")
    discharge(session=dose, by=nurse, at=at(FIRST, 12, 45))
    assert now(13) == ("Gone home", "", "")


def test_a_line_says_who_where_and_which_dose(
    course: Course, chair: Chair, nurse: User, site: Site
) -> None:
    appointment = booked(course, chair, nurse)[0]
    found = line(nurse, site, at(FIRST, 8))
    assert (found.appointment_id, found.session_id) == (appointment.pk, session(course).pk)
    assert (found.patient_name, found.record_number) == (
        "Okafor, Ngozi", course.patient.record_number,
    )  # fmt: skip
    assert (found.chair, found.staff, found.dose, found.of) == ("A", "", 1, 6)
    assert (found.starts_at, found.ends_at) == (at(FIRST, 9), at(FIRST, 11, 55))


def test_who_did_not_come_stays_on_the_board_and_who_cancelled_does_not(
    course: Course, chair: Chair, nurse: User, site: Site, clock: time_machine.Traveller
) -> None:
    clock.move_to(at(FIRST, 11))
    visit(course, 1, FIRST, chair, nurse)
    other = PatientFactory.create(site=site)
    AppointmentFactory.create(
        patient=other, chair=chair, starts_at=at(FIRST, 13), status="cancelled"
    )
    mark_no_show(session=session(course), by=nurse)
    assert told(nurse, site, at(FIRST, 11)) == ("Did not come", "", "")


def test_a_visit_without_a_dose_has_a_line(
    patient: Patient, chair: Chair, nurse: User, site: Site
) -> None:
    AppointmentFactory.create(patient=patient, chair=chair, starts_at=at(FIRST, 9))
    found = line(nurse, site, at(FIRST, 8))
    assert (found.session_id, found.dose, found.of, found.step) == (None, None, None, "arrive")


def test_what_stands_against_a_dose_is_on_its_line(
    patient: Patient, prescriber: User, nurse: User, chair: Chair, site: Site, clock: Any
) -> None:
    """Nothing was done before the first dose. What is asked at the chair is left to the gate."""
    course = planned(patient, prescriber)
    clock.move_to(at(FIRST, 8))
    visit(course, 1, FIRST, chair, nurse)
    kinds = [(check.kind, check.state) for check in line(nurse, site, at(FIRST, 8)).checks]
    assert sorted(kinds) == [("gu_baseline", "due"), ("lft_baseline", "due")]


def test_the_counts_of_the_site(course: Course, nurse: User, site: Site, other_site: Site) -> None:
    TaskFactory.create(patient=course.patient, is_urgent=True)
    TaskFactory.create(patient=course.patient, is_urgent=False)
    TaskFactory.create(patient=PatientFactory.create(site=other_site), is_urgent=True)
    shown = board(nurse, site, at(FIRST, 8), on=date(2026, 12, 2))
    assert shown.urgent_tasks == 1
    # What was to be done before Monday's dose: blood pressure, screener, scale, weight, test.
    assert shown.overdue == 5


def test_the_day_is_the_sites(other_site: Site, stranger: User) -> None:
    chair = ChairFactory.create(site=other_site)
    for hours, name in ((4, "Late"), (5, "Early")):
        # Midnight of 30 November in New York is five o'clock UTC.
        AppointmentFactory.create(
            patient=PatientFactory.create(site=other_site, family_name=name),
            chair=chair,
            during=(at(FIRST, hours), at(FIRST, hours) + timedelta(minutes=30)),
        )
    shown = board(stranger, other_site, at(FIRST, 12))
    assert [found.patient_name for found in shown.lines] == ["Early, Ngozi"]
    assert shown.zone == "America/New_York"


def test_a_stranger_sees_an_empty_board(
    course: Course, chair: Chair, nurse: User, stranger: User, site: Site
) -> None:
    booked(course, chair, nurse)
    shown = board(stranger, site, at(FIRST, 8))
    assert (shown.lines, shown.overdue, shown.urgent_tasks) == ((), 0, 0)


def test_twelve_visits_take_the_queries_of_one(
    course: Course, nurse: User, prescriber: User, site: Site, clock: time_machine.Traveller
) -> None:
    clock.move_to(at(FIRST, 14))

    def come(who: Course) -> None:
        visit(who, 1, FIRST, ChairFactory.create(site=site), nurse)
        mark_arrived(session=session(who), by=nurse, at=at(FIRST, 9))
        started(session(who), nurse, at(FIRST, 10))

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            shown = board(nurse, site, at(FIRST, 10, 5))
        assert {found.next_step for found in shown.lines} == {"35 min left"}
        return len(captured)

    come(course)
    one = queries()
    for _ in range(11):
        other = PatientFactory.create(site=site)
        baselines(other)
        come(planned(other, prescriber))
    assert len(board(nurse, site, at(FIRST, 10, 5)).lines) == 12
    assert queries() == one <= 7


def test_those_in_the_house_are_counted(
    course: Course, chair: Chair, nurse: User, site: Site, clock: time_machine.Traveller
) -> None:
    clock.move_to(at(FIRST, 14))
    visit(course, 1, FIRST, chair, nurse)
    assert board(nurse, site, at(FIRST, 9)).present == 0
    mark_arrived(session=session(course), by=nurse, at=at(FIRST, 9))
    phq9(course.patient, 18, at(FIRST, 9), nurse)
    assert board(nurse, site, at(FIRST, 9)).present == 1
