"""Facts of courses reach what is due at once; a full recomputation finds nothing to mend."""

from __future__ import annotations

from datetime import date

import pytest
import time_machine
from django.core.management import CommandError, call_command

from clinic.actions.patients import change_patient
from clinic.models import Appointment, AuditEvent, Chair, Patient, User
from courses.actions.courses import complete_course, pause_course, resume_course, stop_course
from courses.actions.monitoring import patient_changed, reconcile_all
from courses.actions.sessions import withdraw_infusion
from courses.models import Course
from courses.tasks import reconcile
from labs.models import MonitoringSubject, Requirement
from tests.factories import AppointmentFactory, PatientFactory
from tests.integration.courses.scene import (
    FIRST,
    at,
    attended,
    baselines,
    booked,
    phq9,
    planned,
    session,
    visit,
)

pytestmark = pytest.mark.django_db


def test_a_life_of_two_courses_leaves_nothing_to_repair(
    course: Course, chair: Chair, prescriber: User, clock: time_machine.Traveller
) -> None:
    """Every step is followed by a full recomputation, which must mend nothing."""
    patient = course.patient
    assert reconcile_all().total == 0
    clock.move_to(at(FIRST, 12))
    attended(course, 1, FIRST, chair, prescriber)
    assert reconcile_all().total == 0
    booked(course, chair, prescriber)
    pause_course(course=course, reason="Holiday", by=prescriber)
    assert reconcile_all().total == 0
    resume_course(course=course, reason="Back", by=prescriber)
    third = date(2026, 12, 3)
    clock.move_to(at(third, 12))
    second = attended(course, 2, third, chair, prescriber)
    phq9(patient, 9, at(third, 11), prescriber)
    withdraw_infusion(infusion=second, reason="Not given", by=prescriber)
    assert reconcile_all().total == 0
    complete_course(course=course, by=prescriber)
    planned(patient, prescriber, first_on=date(2026, 12, 14))
    assert reconcile_all().total == 0
    # A score after the second course began counts for what the first still owed.
    clock.move_to(at(date(2026, 12, 10), 12))
    phq9(patient, 8, at(date(2026, 12, 10), 9), prescriber)
    found = reconcile_all()
    assert (found.courses, found.total) == (2, 0)


def test_a_fact_that_passed_by_is_found_and_mended(
    course: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    Course.objects.filter(pk=course.pk).update(planned_start_on=date(2026, 12, 7))
    with pytest.raises(CommandError):
        call_command("reconcile")
    assert "1 courses read, 1 repaired" in capsys.readouterr().out
    facts = MonitoringSubject.objects.get().facts
    assert facts["planned_start_on"] == "2026-12-07"
    call_command("reconcile")
    assert "1 courses read, 0 repaired" in capsys.readouterr().out


def test_the_task_repairs_as_well(course: Course) -> None:
    Requirement.objects.filter(kind="weight").update(next_due_on=date(2027, 1, 1))
    reconcile()
    assert Requirement.objects.get(kind="weight").next_due_on == FIRST


def test_a_course_without_facts_is_given_them(course: Course, prescriber: User) -> None:
    other = PatientFactory.create(site=course.site)
    from_elsewhere = Course.objects.create(
        site=course.site,
        patient=other,
        number=1,
        protocol=course.protocol,
        primary_scale=course.primary_scale,
        prescriber=prescriber,
        planned_count=6,
        mg_per_kg=course.mg_per_kg,
        infusion_minutes=40,
        planned_start_on=FIRST,
    )
    assert reconcile_all().stale_facts == 1
    assert MonitoringSubject.objects.filter(subject_id=from_elsewhere.pk).exists()


@pytest.mark.parametrize(
    ("field", "standing"),
    [
        ("deceased_on", "deceased"),
        ("transferred_on", "transferred"),
        ("consent_withdrawn_on", "withdrawn"),
    ],
)
def test_of_one_who_is_gone_nothing_is_due_and_no_chair_is_kept(
    course: Course, chair: Chair, prescriber: User, *, field: str, standing: str
) -> None:
    taken = booked(course, chair, prescriber)
    call = AppointmentFactory.create(
        patient=course.patient, chair=chair, starts_at=at(date(2026, 12, 4), 9)
    )
    gone = change_patient(patient=course.patient, by=prescriber, **{field: date(2026, 11, 26)})
    patient_changed(patient=gone, by=prescriber)
    assert not Requirement.objects.exclude(status="closed").exists()
    assert set(Requirement.objects.values_list("subject_state", flat=True)) == {standing}
    rows = Appointment.objects.filter(pk__in=[call.pk, *(row.pk for row in taken)])
    assert {(row.status, row.status_reason) for row in rows} == {
        ("cancelled", f"Patient {standing}")
    }
    assert AuditEvent.objects.get(event="patient.standing").change == {"standing": standing}
    assert reconcile_all().total == 0


def test_a_slip_is_undone(course: Course, chair: Chair, prescriber: User) -> None:
    booked(course, chair, prescriber)
    gone = change_patient(patient=course.patient, by=prescriber, deceased_on=date(2026, 11, 26))
    patient_changed(patient=gone, by=prescriber)
    back = change_patient(patient=gone, by=prescriber, deceased_on=None)
    patient_changed(patient=back, by=prescriber)
    assert Requirement.objects.get(kind="weight").status == "open"
    assert {row.status for row in course.sessions.all()} == {"planned"}
    assert len(booked(course, chair, prescriber)) == 6


def test_visits_of_the_past_stay_as_they_were(
    patient: Patient, chair: Chair, prescriber: User, clock: time_machine.Traveller
) -> None:
    past = AppointmentFactory.create(
        patient=patient, chair=chair, starts_at=at(date(2026, 11, 20), 9)
    )
    gone = change_patient(patient=patient, by=prescriber, transferred_on=date(2026, 11, 26))
    patient_changed(patient=gone, by=prescriber)
    past.refresh_from_db()
    assert past.status == "booked"


def test_a_pregnancy_test_and_a_weight_live_with_their_course(
    course: Course, chair: Chair, prescriber: User, clock: time_machine.Traveller
) -> None:
    clock.move_to(at(FIRST, 12))
    attended(course, 1, FIRST, chair, prescriber)
    facts = MonitoringSubject.objects.get().facts
    assert {row["measure"] for row in facts["completions"]} == {
        "bp", "weight", "pregnancy", "uds", "cssrs",
    }  # fmt: skip
    assert [row["given_on"] for row in facts["infusions"]] == ["2026-11-30"]
    assert (facts["state"], facts["started_on"]) == ("active", "2026-11-30")


def test_two_patients_do_not_touch_each_other(
    course: Course, chair: Chair, prescriber: User, clock: time_machine.Traveller
) -> None:
    other = PatientFactory.create(site=course.site)
    baselines(other)
    second = planned(other, prescriber)
    before = list(Requirement.objects.filter(subject_id=second.pk).order_by("id").values())
    clock.move_to(at(FIRST, 12))
    visit(course, 1, FIRST, chair, prescriber)
    stop_course(course=course, reason="other", by=prescriber)
    assert list(Requirement.objects.filter(subject_id=second.pk).order_by("id").values()) == before
    assert session(second).status == "planned"
