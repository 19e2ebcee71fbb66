"""A visit moves, is cancelled or not kept: its dose follows, from whatever page it is done."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
import time_machine

from clinic.errors import Conflict, DomainError
from clinic.models import Appointment, Chair, Patient, User
from clinic.rules.errors import RuleError
from courses.actions.courses import pause_course
from courses.actions.monitoring import reconcile_all
from courses.actions.reflow import lay_out_anew
from courses.actions.sessions import cancel_session, mark_no_show, withdraw_infusion
from courses.actions.visits import cancel_visit, move_visit, visit_not_kept
from courses.models import Course
from labs.models import Requirement
from tests.factories import AppointmentFactory
from tests.integration.courses.scene import (
    FIRST,
    at,
    attended,
    booked,
    due,
    phq9,
    session,
    started,
    visit,
)

pytestmark = pytest.mark.django_db

TUESDAY = date(2026, 12, 1)


def moved(appointment: Appointment, day: date, by: User, **other: Any) -> Appointment:
    wanted: dict[str, Any] = {
        "chair": appointment.chair,
        "starts_at": at(day, 9),
        "ends_at": at(day, 12),
        "staff": None,
        "version": appointment.version,
    }
    return move_visit(appointment=appointment, by=by, **wanted | other)


def test_what_is_due_moves_with_the_visit(course: Course, chair: Chair, coordinator: User) -> None:
    first = booked(course, chair, coordinator)[0]
    screener = str(session(course).pk)
    assert due(course, "cssrs", screener).next_due_on == FIRST
    moved(first, TUESDAY, coordinator)
    assert due(course, "cssrs", screener).next_due_on == TUESDAY
    assert reconcile_all().total == 0


def test_a_stale_move_moves_nothing(course: Course, chair: Chair, coordinator: User) -> None:
    first = booked(course, chair, coordinator)[0]
    moved(first, TUESDAY, coordinator)
    with pytest.raises(Conflict) as refusal:
        moved(first, FIRST, coordinator)
    assert refusal.value.code == "stale"


def test_a_visit_without_a_dose_moves_as_well(
    patient: Patient, chair: Chair, coordinator: User, clock: object
) -> None:
    call = AppointmentFactory.create(patient=patient, chair=chair, starts_at=at(FIRST, 9))
    assert moved(call, TUESDAY, coordinator).during.lower == at(TUESDAY, 9)


def test_a_cancelled_visit_leaves_the_dose_to_be_booked_again(
    course: Course, chair: Chair, coordinator: User
) -> None:
    first = booked(course, chair, coordinator)[0]
    moved(first, TUESDAY, coordinator)
    first.refresh_from_db()
    cancel_visit(appointment=first, reason="Bus strike", by=coordinator)
    dose = session(course)
    assert (dose.status, dose.appointment) == ("planned", None)
    # Without a chair it stands on its ideal day again.
    assert due(course, "cssrs", str(dose.pk)).next_due_on == FIRST
    assert len(booked(course, chair, coordinator)) == 1
    assert reconcile_all().total == 0


def test_a_cancelled_visit_needs_a_reason(course: Course, chair: Chair, coordinator: User) -> None:
    first = booked(course, chair, coordinator)[0]
    with pytest.raises(DomainError) as refusal:
        cancel_visit(appointment=first, reason="", by=coordinator)
    assert refusal.value.code == "reason_missing"
    assert session(course).status == "booked"


@pytest.mark.parametrize("door", ["visit", "dose"])
def test_a_no_show_is_the_same_from_both_doors(
    course: Course, chair: Chair, nurse: User, clock: time_machine.Traveller, door: str
) -> None:
    first = booked(course, chair, nurse)[0]
    clock.move_to(at(FIRST, 11))
    if door == "visit":
        visit_not_kept(appointment=first, by=nurse)
    else:
        mark_no_show(session=session(course), by=nurse)
    first.refresh_from_db()
    assert (first.status, session(course).status) == ("no_show", "missed")
    assert Requirement.objects.get(kind="cssrs", status="open").cycle == str(session(course, 2).pk)
    assert reconcile_all().total == 0


def test_a_visit_without_a_dose_is_not_kept_either(
    patient: Patient, chair: Chair, nurse: User, clock: object
) -> None:
    call = AppointmentFactory.create(patient=patient, chair=chair)
    visit_not_kept(appointment=call, by=nurse)
    call.refresh_from_db()
    assert call.status == "no_show"


# --- doses laid out anew ----------------------------------------------------------------------
def days(course: Course) -> list[tuple[int, date, str]]:
    rows = course.sessions.live().order_by("number")
    return [(row.number, row.ideal_on, row.status) for row in rows]


def test_a_cancelled_dose_and_those_after_it_are_laid_out_anew(
    course: Course, chair: Chair, prescriber: User, clock: time_machine.Traveller
) -> None:
    clock.move_to(at(FIRST, 12))
    attended(course, 1, FIRST, chair, prescriber)
    taken = booked(course, chair, prescriber)
    cancel_session(session=session(course, 2), reason="Flu", by=prescriber)
    lay_out_anew(course=course, first_on=date(2026, 12, 4), weekdays=(2, 5), by=prescriber)
    assert days(course) == [
        (1, FIRST, "completed"),
        (2, date(2026, 12, 4), "planned"),
        (3, date(2026, 12, 8), "planned"),
        (4, date(2026, 12, 11), "planned"),
        (5, date(2026, 12, 15), "planned"),
        (6, date(2026, 12, 18), "planned"),
    ]
    # No dose twice, and the old ones give their chairs back.
    assert course.sessions.count() == 7
    again = session(course, 2)
    assert again.replaces is not None
    assert (again.replaces.status, again.replaces.number) == ("cancelled", 2)
    for appointment in taken:
        appointment.refresh_from_db()
    assert {appointment.status for appointment in taken} == {"cancelled"}
    assert reconcile_all().total == 0


def test_a_withdrawn_dose_is_given_again(
    course: Course, chair: Chair, prescriber: User, clock: time_machine.Traveller
) -> None:
    clock.move_to(at(FIRST, 12))
    withdraw_infusion(
        infusion=attended(course, 1, FIRST, chair, prescriber), reason="Not his", by=prescriber
    )
    lay_out_anew(course=course, first_on=TUESDAY, weekdays=(2, 5), by=prescriber)
    assert days(course)[0] == (1, TUESDAY, "planned")
    clock.move_to(at(TUESDAY, 12))
    phq9(course.patient, 18, at(TUESDAY, 9), prescriber)
    started(session(course), prescriber, at(TUESDAY, 10))
    course.refresh_from_db()
    assert course.started_on == TUESDAY


@pytest.mark.parametrize(
    ("first_on", "weekdays", "code"),
    [
        (TUESDAY, (2, 5), "min_gap_2d"),
        (date(2026, 11, 29), (1, 4), "in_past"),
        (date(2026, 12, 3), (3, 4), "wrong_weekdays"),
        (date(2026, 12, 3), (4,), "wrong_weekdays"),
    ],
)
def test_what_cannot_be_laid_out(
    course: Course,
    chair: Chair,
    prescriber: User,
    clock: time_machine.Traveller,
    *,
    first_on: date,
    weekdays: tuple[int, ...],
    code: str,
) -> None:
    clock.move_to(at(FIRST, 12))
    attended(course, 1, FIRST, chair, prescriber)
    before = days(course)
    with pytest.raises((DomainError, RuleError)) as refusal:
        lay_out_anew(course=course, first_on=first_on, weekdays=weekdays, by=prescriber)
    assert refusal.value.code == code  # type: ignore[attr-defined]
    assert days(course) == before


def test_a_resting_course_is_not_laid_out(
    course: Course, chair: Chair, prescriber: User, clock: time_machine.Traveller
) -> None:
    clock.move_to(at(FIRST, 12))
    attended(course, 1, FIRST, chair, prescriber)
    pause_course(course=course, reason="Holiday", by=prescriber)
    with pytest.raises(DomainError) as refusal:
        lay_out_anew(course=course, first_on=date(2026, 12, 3), weekdays=(1, 4), by=prescriber)
    assert refusal.value.code == "course_resting"


def test_when_all_are_given_nothing_is_laid_out(
    course: Course, chair: Chair, prescriber: User, clock: time_machine.Traveller
) -> None:
    course.sessions.filter(number__gt=1).update(status="completed")
    clock.move_to(at(FIRST, 12))
    visit(course, 1, FIRST, chair, prescriber)
    course.sessions.filter(number=1).update(status="completed")
    with pytest.raises(DomainError) as refusal:
        lay_out_anew(
            course=course, first_on=FIRST + timedelta(days=7), weekdays=(1, 4), by=prescriber
        )
    assert refusal.value.code == "nothing_to_plan"
