"""A form is scored or kept as a draft; a safety answer makes a task in the same transaction."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction

from clinic.errors import DomainError, Invalid, Refused
from clinic.models import AuditEvent, Chair, Patient, Site, User
from clinic.queries import current
from clinic.rules.errors import RuleError
from courses.actions import assessments
from courses.actions.assessments import (
    correct_assessment,
    record_assessment,
    withdraw_assessment,
)
from courses.actions.courses import stop_course
from courses.actions.sessions import end_infusion
from courses.models import Assessment, Course, Scale
from labs.models import Task
from tests.factories import AssessmentFactory, PatientFactory
from tests.integration.courses.scene import (
    FIRST,
    at,
    attended,
    due,
    given,
    phq9,
    planned,
    screened,
    session,
    started,
)

pytestmark = pytest.mark.django_db

EIGHT = [2, 2, 2, 2, 2, 2, 2, 2]
MORNING = at(date(2026, 11, 25), 9)


@pytest.fixture(autouse=True)
def frozen(clock: time_machine.Traveller) -> None:
    """Thursday 26 November, eight o'clock."""


def recorded(patient: Patient, by: User, items: list[int | None], **more: Any) -> Assessment:
    given: dict[str, Any] = {"scale": current(Scale, "phq9"), "taken_at": MORNING, "functional": 1}
    return record_assessment(patient=patient, items=items, by=by, **given | more)


# --- scoring ----------------------------------------------------------------------------------
def test_a_whole_form_has_a_total_and_a_band(patient: Patient, nurse: User) -> None:
    form = recorded(patient, nurse, [*EIGHT, 0])
    assert (form.status, form.total, form.band) == ("final", 16, "moderately_severe")
    assert (form.taken_on, form.recorded_by) == (date(2026, 11, 25), nurse)
    assert (form.hours_since_infusion, form.tags, form.alerts, form.course) == (None, [], [], None)
    event = AuditEvent.objects.get(event="assessment.recorded")
    # Neither answers nor total stand in the audit.
    assert event.change == {"scale": "phq9"}


@pytest.mark.parametrize(
    ("items", "functional"),
    [([*EIGHT, None], 1), ([None, *EIGHT], 1), ([None] * 9, None), ([*EIGHT, 0], None)],
)
def test_an_unfinished_form_has_no_total(
    patient: Patient, nurse: User, items: list[int | None], functional: int | None
) -> None:
    form = recorded(patient, nurse, items, functional=functional)
    assert (form.status, form.total, form.band) == ("draft", None, "")


def test_the_database_refuses_a_total_of_a_draft(patient: Patient) -> None:
    with (
        pytest.raises(IntegrityError, match="incomplete_is_never_a_total"),
        transaction.atomic(),
    ):
        AssessmentFactory.create(patient=patient, status="draft", total=12)


@pytest.mark.parametrize(
    ("items", "band", "level"),
    [
        ([1, 0, None, None, None, 0, None], "low", None),
        ([1, 1, 1, 0, 0, 0, None], "moderate", False),
        ([1, 1, 0, 1, 0, 0, None], "high", True),
        ([0, 0, None, None, None, 1, 1], "high", True),
        ([0, 0, None, None, None, 1, 0], "moderate", False),
    ],
)
def test_a_screener_has_a_risk_and_no_total(
    patient: Patient, nurse: User, items: list[int | None], band: str, level: bool | None
) -> None:
    screener = current(Scale, "cssrs_screener")
    form = recorded(patient, nurse, items, scale=screener, functional=None)
    assert (form.status, form.total, form.band) == ("final", None, band)
    assert [task.is_urgent for task in Task.objects.filter(subject_id=form.pk)] == (
        [] if level is None else [level]
    )


@pytest.mark.parametrize(
    ("items", "code"),
    [
        ([*EIGHT, 4], "item_out_of_range"),
        ([*EIGHT, -1], "item_out_of_range"),
        (EIGHT, "wrong_count"),
    ],
)
def test_answers_that_cannot_be(patient: Patient, nurse: User, items: Any, code: str) -> None:
    with pytest.raises(RuleError) as refusal:
        recorded(patient, nurse, items)
    assert refusal.value.code == code
    assert not Assessment.objects.exists()


# --- safety -----------------------------------------------------------------------------------
@pytest.mark.parametrize("answer", [1, 2, 3])
def test_a_safety_answer_makes_an_urgent_task(patient: Patient, nurse: User, answer: int) -> None:
    form = recorded(patient, nurse, [0, 0, 0, 0, 0, 0, 0, 0, answer])
    task = Task.objects.get()
    assert (task.kind, task.role, task.is_urgent, task.status) == (
        "safety_answer", "prescriber", True, "open",
    )  # fmt: skip
    assert (task.subject_id, task.patient, task.title) == (
        form.pk, patient, "Safety answer to review",
    )  # fmt: skip
    assert form.alerts == [{"item": "9", "answer": answer, "level": "immediate"}]


def test_a_safety_answer_on_an_unfinished_form_counts(patient: Patient, nurse: User) -> None:
    form = recorded(patient, nurse, [None] * 8 + [1], functional=None)
    assert form.status == "draft"
    assert Task.objects.get().is_urgent


def test_no_safety_answer_no_task(patient: Patient, nurse: User) -> None:
    recorded(patient, nurse, [3, 3, 3, 3, 3, 3, 3, 3, 0])
    assert not Task.objects.exists()


def test_without_its_task_the_form_is_not_kept(
    patient: Patient, nurse: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(**_: object) -> None:
        raise RuntimeError("no task")

    monkeypatch.setattr(assessments, "open_task", broken)
    with pytest.raises(RuntimeError, match="no task"):
        recorded(patient, nurse, [*EIGHT, 1])
    assert not Assessment.objects.exists()


# --- when and whose ---------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("moment", "code"),
    [
        (at(date(2026, 11, 26), 8, 1), "in_future"),
        (at(date(1985, 4, 11), 12), "before_birth"),
    ],
)
def test_a_time_that_cannot_be(patient: Patient, nurse: User, moment: Any, code: str) -> None:
    with pytest.raises(Invalid) as refusal:
        recorded(patient, nurse, [*EIGHT, 0], taken_at=moment)
    assert (refusal.value.code, refusal.value.field) == (code, "taken_at")


def test_the_day_is_the_sites(other_site: Site, nurse: User) -> None:
    patient = PatientFactory.create(site=other_site)
    form = recorded(patient, nurse, [*EIGHT, 0], taken_at=at(date(2026, 11, 25), 3))
    assert form.taken_on == date(2026, 11, 24)


def test_a_dose_of_another_patient_is_refused(course: Course, nurse: User) -> None:
    other = PatientFactory.create(site=course.site)
    with pytest.raises(Refused) as refusal:
        recorded(other, nurse, [*EIGHT, 0], session=session(course))
    assert refusal.value.code == "other_patient"


def test_a_dose_of_another_site_is_refused_by_the_database(
    course: Course, other_site: Site
) -> None:
    with pytest.raises(IntegrityError, match="assessment_same_site_session"), transaction.atomic():
        AssessmentFactory.create(
            patient=PatientFactory.create(site=other_site), session=session(course)
        )


@pytest.mark.parametrize(
    ("minutes", "hours", "tags"),
    [
        (0, "0.0", []),
        (17 * 60 + 56, "17.9", []),
        (18 * 60, "18.0", ["day_after"]),
        (24 * 60, "24.0", ["day_after"]),
        (36 * 60, "36.0", ["day_after"]),
        (36 * 60 + 6, "36.1", []),
    ],
)
def test_hours_since_the_end_of_the_last_dose(
    course: Course,
    chair: Chair,
    nurse: User,
    clock: Any,
    *,
    minutes: int,
    hours: str,
    tags: list[str],
) -> None:
    clock.move_to(at(date(2026, 12, 2), 12))
    ended_at = attended(course, 1, FIRST, chair, nurse).ended_at
    assert ended_at == at(FIRST, 9, 55)
    form = phq9(course.patient, 9, ended_at + timedelta(minutes=minutes), nurse)
    assert (form.hours_since_infusion, form.tags) == (Decimal(hours), tags)
    assert (form.course, form.total) == (course, 9)


def test_before_the_dose_is_said_of_the_dose(course: Course, nurse: User, clock: Any) -> None:
    clock.move_to(at(FIRST, 12))
    form = phq9(course.patient, 18, at(FIRST, 9), nurse, session=session(course))
    assert (form.session, form.tags) == (session(course), ["pre_infusion"])
    given(session(course), nurse, at(FIRST, 10))
    later = phq9(course.patient, 9, at(FIRST, 11), nurse, session=session(course))
    assert "pre_infusion" not in later.tags


@pytest.mark.parametrize(("days", "overlaps"), [(13, True), (14, False)])
def test_days_asked_about_twice_are_told(
    patient: Patient, nurse: User, days: int, overlaps: bool
) -> None:
    phq9(patient, 18, MORNING - timedelta(days=days), nurse)
    assert phq9(patient, 9, MORNING, nurse).tags == (["overlapping_recall"] if overlaps else [])


def test_an_end_that_is_entered_later_tells_earlier_forms_their_hours(
    course: Course, nurse: User, clock: time_machine.Traveller
) -> None:
    clock.move_to(at(date(2026, 12, 1), 12))
    infusion = started(session(course), nurse, at(FIRST, 10))
    form = phq9(course.patient, 9, at(date(2026, 12, 1), 10, 40), nurse)
    assert form.hours_since_infusion is None
    end_infusion(infusion=infusion, by=nurse, at=at(FIRST, 10, 40))
    told = Assessment.objects.get(pk=form.pk)
    assert (told.hours_since_infusion, told.tags) == (Decimal("24.0"), ["day_after"])


# --- corrections ------------------------------------------------------------------------------
def test_a_correction_keeps_both(patient: Patient, nurse: User) -> None:
    wrong = phq9(patient, 18, MORNING, nurse)
    right = correct_assessment(
        assessment=wrong, items=[*EIGHT, 0], functional=1, reason="Read wrongly", by=nurse
    )
    wrong.refresh_from_db()
    assert (wrong.status, wrong.total) == ("superseded", 18)
    assert (right.status, right.total, right.replaces) == ("corrected", 16, wrong)
    assert right.taken_at == MORNING
    assert AuditEvent.objects.get(event="assessment.superseded").change == {
        "reason": "Read wrongly"
    }
    # What was replaced does not overlap with what replaced it.
    assert right.tags == []


def test_a_draft_that_is_finished_is_final_and_not_corrected(patient: Patient, nurse: User) -> None:
    draft = recorded(patient, nurse, [*EIGHT, None])
    whole = correct_assessment(
        assessment=draft, items=[*EIGHT, 0], functional=1, reason="Finished", by=nurse
    )
    assert (whole.status, whole.total, whole.replaces) == ("final", 16, draft)


def test_a_correction_may_bring_a_safety_answer(patient: Patient, nurse: User) -> None:
    wrong = phq9(patient, 18, MORNING, nurse)
    right = correct_assessment(
        assessment=wrong, items=[*EIGHT, 2], functional=1, reason="Turned the page", by=nurse
    )
    assert Task.objects.get().subject_id == right.pk


@pytest.mark.parametrize("act", ["correct", "withdraw"])
def test_only_what_counts_is_replaced_and_only_with_a_reason(
    patient: Patient, nurse: User, act: str
) -> None:
    form = phq9(patient, 18, MORNING, nurse)

    def do(reason: str) -> object:
        if act == "correct":
            return correct_assessment(
                assessment=form, items=[*EIGHT, 0], functional=1, reason=reason, by=nurse
            )
        return withdraw_assessment(assessment=form, reason=reason, by=nurse)

    with pytest.raises(DomainError) as missing:
        do(" ")
    assert missing.value.code == "reason_missing"
    do("Wrong patient")
    with pytest.raises(DomainError) as again:
        do("Once more")
    assert again.value.code == "not_current"


def test_a_withdrawn_form_opens_what_it_had_done(
    course: Course, chair: Chair, nurse: User, clock: time_machine.Traveller
) -> None:
    clock.move_to(at(date(2026, 12, 1), 12))
    attended(course, 1, FIRST, chair, nurse)
    cycle = str(session(course).pk)
    assert due(course, "scale_24h", cycle).status == "open"
    form = phq9(course.patient, 9, at(date(2026, 12, 1), 10), nurse)
    assert due(course, "scale_24h", cycle).status == "closed"
    withdraw_assessment(assessment=form, reason="Wrong patient", by=nurse)
    assert due(course, "scale_24h", cycle).status == "open"


def test_a_withdrawn_screener_blocks_again(course: Course, nurse: User, clock: Any) -> None:
    clock.move_to(at(FIRST, 10))
    cycle = str(session(course).pk)
    form = screened(course.patient, at(FIRST, 9), nurse)
    assert due(course, "cssrs", cycle).status == "closed"
    withdraw_assessment(assessment=form, reason="Wrong patient", by=nurse)
    assert due(course, "cssrs", cycle).status == "open"


def test_a_form_belongs_to_the_newest_course_unless_its_dose_says_otherwise(
    course: Course, chair: Chair, prescriber: User, clock: time_machine.Traveller
) -> None:
    clock.move_to(at(FIRST, 12))
    attended(course, 1, FIRST, chair, prescriber)
    assessments_of = [phq9(course.patient, 9, at(FIRST, 11), prescriber).course]
    clock.move_to(at(date(2026, 12, 1), 9))
    from_old = session(course)
    stop_course(course=course, reason="other", by=prescriber)
    second = planned(course.patient, prescriber, first_on=date(2026, 12, 14))
    assessments_of.append(phq9(course.patient, 9, at(date(2026, 12, 1), 8), prescriber).course)
    assessments_of.append(
        phq9(course.patient, 9, at(date(2026, 12, 1), 8, 30), prescriber, session=from_old).course
    )
    assert assessments_of == [course, second, course]
