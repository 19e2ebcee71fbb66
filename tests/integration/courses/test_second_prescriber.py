"""The high-dose course needs two who agree; any other may have two."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from clinic.errors import Refused
from clinic.models import Patient, User
from courses.actions.courses import plan_course
from courses.models import Course
from tests.factories import member, protocol, scale


def plan(patient: Patient, code: str, first: User, second: User | None) -> Course:
    return plan_course(
        patient=patient,
        protocol=protocol(code),
        primary_scale=scale("madrs"),
        prescriber=first,
        second_prescriber=second,
        mg_per_kg=Decimal("0.75" if code == "trd_high_dose" else "0.5"),
        planned_count=10,
        first_on=date(2031, 3, 3),
        weekdays=[1, 4],
        by=first,
    )


def test_the_high_dose_is_refused_with_one(patient: Patient, prescriber: User) -> None:
    for second in (None, prescriber):
        with pytest.raises(Refused) as refusal:
            plan(patient, "trd_high_dose", prescriber, second)
        assert refusal.value.code == "second_prescriber_missing"
        assert refusal.value.field == "second_prescriber"
    assert not Course.objects.exists()


def test_the_high_dose_is_planned_with_two(patient: Patient, prescriber: User, lead: User) -> None:
    course = plan(patient, "trd_high_dose", prescriber, lead)
    assert (course.prescriber, course.second_prescriber) == (prescriber, lead)


def test_a_nurse_or_a_stranger_cannot_be_the_second(
    patient: Patient, prescriber: User, nurse: User, stranger: User
) -> None:
    for second in (nurse, stranger, member(stranger.memberships.get().site, "prescriber")):
        with pytest.raises(Refused) as refusal:
            plan(patient, "trd_high_dose", prescriber, second)
        assert refusal.value.code == "prescriber_not_here"
        assert refusal.value.field == "second_prescriber"


def test_the_standard_course_needs_one(patient: Patient, prescriber: User) -> None:
    assert plan(patient, "trd_standard", prescriber, None).second_prescriber is None


def test_the_database_wants_two_people(patient: Patient, prescriber: User) -> None:
    course = plan(patient, "trd_standard", prescriber, None)
    with pytest.raises(IntegrityError, match="two_prescribers_are_two"), transaction.atomic():
        Course.objects.filter(pk=course.pk).update(second_prescriber=prescriber)


def test_a_course_stopped_on_the_day_of_an_early_first_dose_ends(
    patient: Patient, prescriber: User
) -> None:
    course = plan(patient, "trd_standard", prescriber, None)
    early = date(2031, 3, 2)
    Course.objects.filter(pk=course.pk).update(
        status="stopped", stop_reason="other", started_on=early, ended_on=early
    )
    with pytest.raises(IntegrityError, match="course_ends_after_start"), transaction.atomic():
        Course.objects.filter(pk=course.pk).update(ended_on=date(2031, 3, 1))
