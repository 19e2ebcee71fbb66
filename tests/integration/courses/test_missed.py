"""What the calendar does by itself: windows pass, courses are interrupted, nobody is forgotten."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import time_machine

from clinic.actions.appointments import set_appointment_status
from clinic.models import Chair, Patient, User
from clinic.rules.errors import RuleError
from courses.actions import missed
from courses.actions.courses import pause_course, resume_course
from courses.actions.missed import mark_missed
from courses.actions.monitoring import reconcile_all
from courses.actions.reflow import lay_out_anew
from courses.models import Course
from courses.tasks import mark_missed_sessions
from tests.factories import PatientFactory, member
from tests.integration.courses.scene import (
    FIRST,
    at,
    attended,
    booked,
    planned,
    session,
    visit,
)

pytestmark = pytest.mark.django_db


def statuses(course: Course) -> list[str]:
    return list(course.sessions.order_by("number").values_list("status", flat=True))


@pytest.fixture
def begun(course: Course, chair: Chair, nurse: User, clock: time_machine.Traveller) -> Course:
    """Dose 1 is given on Monday 30 November; dose 2 may be given until Friday 4 December."""
    clock.move_to(at(FIRST, 14))
    attended(course, 1, FIRST, chair, nurse)
    course.refresh_from_db()
    return course


@pytest.mark.parametrize(
    ("day", "is_missed"),
    [
        (date(2026, 12, 4), False),
        # The window is over, but five days after dose 1 it can still be given.
        (date(2026, 12, 5), False),
        (date(2026, 12, 6), True),
    ],
)
def test_a_dose_is_missed_when_window_and_gap_are_over(
    begun: Course, clock: time_machine.Traveller, day: date, is_missed: bool
) -> None:
    clock.move_to(at(day, 12))
    assert mark_missed() == is_missed
    assert session(begun, 2).status == ("missed" if is_missed else "planned")
    assert session(begun, 3).status == "planned"
    assert mark_missed() == 0
    assert reconcile_all().total == 0


def test_a_first_dose_is_missed_with_its_window(
    course: Course, clock: time_machine.Traveller
) -> None:
    clock.move_to(at(date(2026, 12, 1), 23))
    assert mark_missed() == 0
    clock.move_to(at(date(2026, 12, 2), 1))
    mark_missed_sessions()
    assert statuses(course)[:2] == ["missed", "planned"]
    step = session(course).transitions.order_by("-id")[0]
    assert (step.by, step.reason) == (None, "Window is over")


def test_the_day_is_over_by_the_clock_of_the_site(
    other_site: object, nurse: User, clock: time_machine.Traveller
) -> None:
    patient = PatientFactory.create(site=other_site)
    course = planned(patient, _prescriber(patient))
    # One in the morning in London is the evening before in New York.
    clock.move_to(at(date(2026, 12, 2), 1))
    assert mark_missed() == 0
    clock.move_to(at(date(2026, 12, 2), 6))
    assert mark_missed() == 1
    assert statuses(course)[0] == "missed"


def _prescriber(patient: Patient) -> User:
    return member(patient.site, "prescriber")


def test_a_visit_booked_later_on_purpose_is_waited_for(
    begun: Course, chair: Chair, nurse: User, clock: time_machine.Traveller
) -> None:
    appointment = visit(begun, 2, date(2026, 12, 8), chair, nurse)
    clock.move_to(at(date(2026, 12, 8), 8))
    mark_missed()
    assert session(begun, 2).status == "booked"
    clock.move_to(at(date(2026, 12, 9), 8))
    mark_missed()
    assert session(begun, 2).status == "missed"
    appointment.refresh_from_db()
    assert appointment.status == "no_show"


def test_who_is_in_the_house_is_not_missed(
    begun: Course, chair: Chair, nurse: User, clock: time_machine.Traveller
) -> None:
    appointment = visit(begun, 2, date(2026, 12, 3), chair, nurse)
    set_appointment_status(appointment=appointment, to="arrived", by=nurse)
    clock.move_to(at(date(2026, 12, 7), 8))
    mark_missed()
    assert session(begun, 2).status == "booked"


def test_a_no_show_marked_on_the_visit_alone_is_caught_up(
    begun: Course, chair: Chair, nurse: User, clock: time_machine.Traveller
) -> None:
    appointment = visit(begun, 2, date(2026, 12, 3), chair, nurse)
    set_appointment_status(appointment=appointment, to="no_show", by=nurse)
    clock.move_to(at(date(2026, 12, 6), 8))
    mark_missed()
    assert session(begun, 2).status == "missed"


@pytest.mark.parametrize(("days", "status"), [(14, "active"), (15, "interrupted")])
def test_a_course_without_a_dose_for_too_long_is_interrupted(
    begun: Course, clock: time_machine.Traveller, days: int, status: str
) -> None:
    clock.move_to(at(FIRST + timedelta(days=days), 12))
    mark_missed()
    begun.refresh_from_db()
    assert begun.status == status


def test_a_pause_that_lasts_too_long_is_an_interruption(
    begun: Course, prescriber: User, clock: time_machine.Traveller
) -> None:
    pause_course(course=begun, reason="Holiday", by=prescriber)
    clock.move_to(at(FIRST + timedelta(days=15), 12))
    mark_missed()
    begun.refresh_from_db()
    assert begun.status == "interrupted"
    # While it rested nothing was expected, so nothing was missed.
    assert statuses(begun) == ["completed", *["planned"] * 5]


def test_a_resumed_course_is_not_interrupted_again_at_once(
    begun: Course, prescriber: User, clock: time_machine.Traveller
) -> None:
    resumed_on = FIRST + timedelta(days=16)
    clock.move_to(at(resumed_on, 9))
    mark_missed()
    resume_course(course=begun, reason="Screened again", by=prescriber)
    lay_out_anew(course=begun, first_on=resumed_on, weekdays=(3, 6), by=prescriber)
    mark_missed()
    begun.refresh_from_db()
    assert begun.status == "active"
    assert session(begun, 2).status == "planned"
    clock.move_to(at(resumed_on + timedelta(days=15), 9))
    mark_missed()
    begun.refresh_from_db()
    assert begun.status == "interrupted"


def test_one_broken_course_does_not_stop_the_others(
    begun: Course,
    prescriber: User,
    clock: time_machine.Traveller,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    other = planned(PatientFactory.create(site=begun.site), prescriber)
    clock.move_to(at(date(2026, 12, 6), 12))
    real = missed._move_on

    def broken(course: Course, moment: object) -> int:
        if course.pk == begun.pk:
            raise RuleError("content_broken", "gaps", "No gaps.")
        return real(course, moment)  # type: ignore[arg-type]

    monkeypatch.setattr(missed, "_move_on", broken)
    assert mark_missed() == 2
    assert statuses(other)[:3] == ["missed", "missed", "planned"]
    assert "cannot be moved on: content_broken" in caplog.text


def test_of_one_who_is_gone_nothing_is_missed(
    course: Course, chair: Chair, nurse: User, clock: time_machine.Traveller
) -> None:
    booked(course, chair, nurse)
    course.patient.deceased_on = FIRST
    course.patient.save()
    clock.move_to(at(date(2026, 12, 20), 12))
    assert mark_missed() == 0
