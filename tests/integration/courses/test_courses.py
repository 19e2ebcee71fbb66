"""A course is planned, rests, goes on and ends: by the table, with rows, with what is due."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import time_machine

from clinic.errors import Conflict, DomainError, Refused
from clinic.models import AuditEvent, Chair, Patient, User
from clinic.queries import current
from clinic.rules.errors import RuleError
from courses.actions.courses import (
    complete_course,
    pause_course,
    reopen_course,
    resume_course,
    stop_course,
)
from courses.models import Course, Protocol, Scale
from labs.models import MonitoringSubject, Requirement
from tests.factories import PatientFactory
from tests.integration.courses.scene import FIRST, at, attended, booked, planned, session, started

pytestmark = pytest.mark.django_db


def steps(course: Course) -> list[tuple[str, str]]:
    return list(course.transitions.order_by("at", "id").values_list("from_status", "to_status"))


def on(day: int, month: int = 12) -> date:
    return date(2026, month, day)


# --- planning ---------------------------------------------------------------------------------
def test_sessions_stand_on_the_wished_weekdays_with_windows(course: Course) -> None:
    rows = course.sessions.order_by("number").values_list(
        "number", "earliest_on", "ideal_on", "latest_on", "status"
    )
    assert list(rows) == [
        (1, FIRST, FIRST, on(1), "planned"),
        (2, on(2), on(3), on(4), "planned"),
        (3, on(6), on(7), on(8), "planned"),
        (4, on(9), on(10), on(11), "planned"),
        (5, on(13), on(14), on(15), "planned"),
        (6, on(16), on(17), on(18), "planned"),
    ]
    assert (course.number, course.status, course.infusion_minutes) == (1, "planned", 40)
    assert course.planned_start_on == FIRST


def test_planning_says_who_and_asks_for_what_is_due(course: Course, prescriber: User) -> None:
    step = course.transitions.get()
    assert (step.from_status, step.to_status, step.by) == ("", "planned", prescriber)
    assert AuditEvent.objects.get(event="course.planned").actor == prescriber
    assert MonitoringSubject.objects.get().subject_id == course.pk
    baseline = Requirement.objects.get(kind="lft_baseline")
    assert (baseline.status, baseline.last_done_on) == ("closed", on(20, 11))


@pytest.mark.parametrize(
    ("wish", "code", "field"),
    [
        ({"mg_per_kg": Decimal("0.51")}, "above_protocol_range", "mg_per_kg"),
        ({"planned_count": 5}, "count_out_of_range", "planned_count"),
        ({"planned_count": 11}, "count_out_of_range", "planned_count"),
        ({"weekdays": (1,)}, "wrong_weekdays", "weekdays"),
        ({"weekdays": (1, 2)}, "wrong_weekdays", "weekdays"),
        ({"protocol": "trd_prolonged_96h"}, "not_orderable", "protocol"),
        ({"primary_scale": "gad7"}, "not_an_outcome_scale", "primary_scale"),
        ({"primary_scale": "cssrs_screener"}, "not_an_outcome_scale", "primary_scale"),
    ],
)
@pytest.mark.usefixtures("clock")
def test_what_the_protocol_does_not_allow_is_refused_beside_its_field(
    patient: Patient, prescriber: User, wish: dict[str, Any], code: str, field: str
) -> None:
    if isinstance(wish.get("protocol"), str):
        wish = wish | {"protocol": current(Protocol, wish["protocol"])}
    if "primary_scale" in wish:
        wish = wish | {"primary_scale": current(Scale, wish["primary_scale"])}
    with pytest.raises((DomainError, RuleError)) as refusal:
        planned(patient, prescriber, **wish)
    assert (refusal.value.code, refusal.value.field) == (code, field)  # type: ignore[attr-defined]
    assert not Course.objects.exists()


@pytest.mark.usefixtures("clock")
def test_ten_doses_are_the_most(patient: Patient, prescriber: User) -> None:
    course = planned(patient, prescriber, planned_count=10)
    assert course.sessions.count() == 10
    assert session(course, 10).ideal_on == on(31)


@pytest.mark.parametrize("who", ["nurse", "coordinator", "stranger"])
@pytest.mark.usefixtures("clock")
def test_only_who_prescribes_here_may_be_the_prescriber(
    patient: Patient, request: pytest.FixtureRequest, who: str
) -> None:
    with pytest.raises(Refused) as refusal:
        planned(patient, request.getfixturevalue(who))
    assert refusal.value.code == "prescriber_not_here"


@pytest.mark.parametrize("field", ["deceased_on", "transferred_on", "consent_withdrawn_on"])
@pytest.mark.usefixtures("clock")
def test_nobody_who_is_gone_starts_a_course(patient: Patient, prescriber: User, field: str) -> None:
    setattr(patient, field, on(20, 11))
    patient.save()
    with pytest.raises(Refused) as refusal:
        planned(patient, prescriber)
    assert refusal.value.code == "not_here"


def test_one_course_at_a_time(course: Course, patient: Patient, prescriber: User) -> None:
    with pytest.raises(Conflict) as refusal:
        planned(patient, prescriber)
    assert refusal.value.code == "course_under_way"


def test_the_next_course_is_number_two_and_takes_over(
    course: Course, patient: Patient, prescriber: User
) -> None:
    stop_course(course=course, reason="patient_choice", by=prescriber)
    second = planned(patient, prescriber, first_on=on(14))
    assert (second.number, second.planned_start_on) == (2, on(14))
    # The facts of the first say so in the same transaction.
    facts = MonitoringSubject.objects.get(subject_id=course.pk).facts
    assert facts["next_course_on"] == "2026-12-14"


# --- rest and end -----------------------------------------------------------------------------
def test_a_pause_frees_the_chairs_and_suspends_what_is_due(
    course: Course, chair: Chair, prescriber: User, clock: time_machine.Traveller
) -> None:
    clock.move_to(at(FIRST, 12))
    attended(course, 1, FIRST, chair, prescriber)
    taken = booked(course, chair, prescriber)
    pause_course(course=course, reason="Holiday", by=prescriber)
    course.refresh_from_db()
    assert course.status == "paused"
    assert [s.status for s in course.sessions.order_by("number")] == ["completed", *["planned"] * 5]
    for appointment in taken:
        appointment.refresh_from_db()
        assert (appointment.status, appointment.status_reason) == ("cancelled", "Course paused")
    open_or_resting = Requirement.objects.exclude(status="closed").values_list("status", flat=True)
    assert set(open_or_resting) == {"suspended"}


def test_going_on_opens_what_rested(
    course: Course, chair: Chair, prescriber: User, clock: time_machine.Traveller
) -> None:
    clock.move_to(at(FIRST, 12))
    attended(course, 1, FIRST, chair, prescriber)
    pause_course(course=course, reason="Holiday", by=prescriber)
    resume_course(course=course, reason="Back home", by=prescriber)
    assert steps(course) == [
        ("", "planned"), ("planned", "active"), ("active", "paused"), ("paused", "active"),
    ]  # fmt: skip
    liver = Requirement.objects.get(kind="lft_periodic")
    # The sixth dose after the panel of 20 November, a day before its 28 days are over.
    assert (liver.status, liver.next_due_on) == ("open", on(17))


def test_a_pause_beyond_the_limit_ends_in_an_interruption_first(
    course: Course, chair: Chair, prescriber: User, clock: time_machine.Traveller
) -> None:
    clock.move_to(at(FIRST, 12))
    attended(course, 1, FIRST, chair, prescriber)
    pause_course(course=course, reason="Holiday", by=prescriber)
    clock.move_to(at(on(15), 9))
    resume_course(course=course, reason="Screened again", by=prescriber)
    assert steps(course)[-2:] == [("paused", "interrupted"), ("interrupted", "active")]


@pytest.mark.parametrize("reason", ["", "   "])
def test_a_pause_needs_a_reason(course: Course, prescriber: User, reason: str) -> None:
    with pytest.raises(Refused) as refusal:
        pause_course(course=course, reason=reason, by=prescriber)
    assert (refusal.value.code, refusal.value.field) == ("reason_missing", "reason")


def test_what_has_not_begun_cannot_rest(course: Course, prescriber: User) -> None:
    with pytest.raises(RuleError) as refusal:
        pause_course(course=course, reason="Holiday", by=prescriber)
    assert refusal.value.code == "illegal_move"
    with pytest.raises(Refused) as never:
        resume_course(course=course, reason="Go", by=prescriber)
    assert never.value.code == "never_started"


def test_stopping_cancels_what_waits_and_closes_what_is_due(
    course: Course, chair: Chair, prescriber: User
) -> None:
    taken = booked(course, chair, prescriber)
    stop_course(course=course, reason="patient_choice", note="Moving away", by=prescriber)
    course.refresh_from_db()
    assert (course.status, course.stop_reason, course.note) == (
        "stopped", "patient_choice", "Moving away",
    )  # fmt: skip
    assert course.ended_on == on(26, 11)
    assert {s.status for s in course.sessions.all()} == {"cancelled"}
    # The link stays: which chair it would have been is part of the story.
    assert session(course).appointment_id == taken[0].pk
    taken[0].refresh_from_db()
    assert taken[0].status == "cancelled"
    assert not Requirement.objects.filter(status="open").exists()


@pytest.mark.parametrize("reason", ["", "bored"])
def test_a_stop_needs_a_coded_reason(course: Course, prescriber: User, reason: str) -> None:
    with pytest.raises(Refused) as refusal:
        stop_course(course=course, reason=reason, by=prescriber)
    assert refusal.value.code == "reason_missing"


MOVES: dict[str, Callable[[Course, User], object]] = {
    "pause": lambda course, by: pause_course(course=course, reason="Holiday", by=by),
    "stop": lambda course, by: stop_course(course=course, reason="adverse_event", by=by),
    "complete": lambda course, by: complete_course(course=course, by=by),
}


@pytest.mark.parametrize("move", MOVES)
def test_nothing_ends_under_a_running_infusion(
    course: Course, prescriber: User, clock: time_machine.Traveller, move: str
) -> None:
    clock.move_to(at(FIRST, 10))
    started(session(course), prescriber, at(FIRST, 10))
    with pytest.raises(Refused) as refusal:
        MOVES[move](course, prescriber)
    assert refusal.value.code == "infusion_running"


def test_completing_leaves_what_is_owed_after_the_course(
    course: Course, chair: Chair, prescriber: User, clock: time_machine.Traveller
) -> None:
    clock.move_to(at(FIRST, 12))
    attended(course, 1, FIRST, chair, prescriber)
    complete_course(course=course, by=prescriber)
    course.refresh_from_db()
    assert (course.status, course.ended_on) == ("completed", FIRST)
    after = Requirement.objects.get(kind="lft_post")
    # 14 days after the last infusion.
    assert (after.status, after.next_due_on) == ("open", on(14))
    assert Requirement.objects.get(kind="lft_periodic").status == "closed"


def test_a_course_closed_by_mistake_is_opened_again(
    course: Course, chair: Chair, prescriber: User, clock: time_machine.Traveller
) -> None:
    clock.move_to(at(FIRST, 12))
    attended(course, 1, FIRST, chair, prescriber)
    stop_course(course=course, reason="other", by=prescriber)
    reopen_course(course=course, reason="Wrong patient", by=prescriber)
    course.refresh_from_db()
    assert (course.status, course.ended_on, course.stop_reason) == ("active", None, "")


def test_a_plan_that_was_stopped_is_made_anew_not_opened(course: Course, prescriber: User) -> None:
    stop_course(course=course, reason="other", by=prescriber)
    with pytest.raises(Refused) as refusal:
        reopen_course(course=course, reason="Mistake", by=prescriber)
    assert refusal.value.code == "never_started"


def test_a_course_is_not_opened_beside_another(
    course: Course, chair: Chair, patient: Patient, prescriber: User, clock: time_machine.Traveller
) -> None:
    clock.move_to(at(FIRST, 12))
    attended(course, 1, FIRST, chair, prescriber)
    stop_course(course=course, reason="other", by=prescriber)
    planned(patient, prescriber, first_on=on(14))
    with pytest.raises(Conflict) as refusal:
        reopen_course(course=course, reason="Mistake", by=prescriber)
    assert refusal.value.code == "course_under_way"


def test_two_patients_have_a_first_course_each(course: Course, prescriber: User) -> None:
    other = planned(PatientFactory.create(site=course.site), prescriber)
    assert (course.number, other.number) == (1, 1)
