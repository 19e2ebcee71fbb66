"""Is this patient better? The chart answers in one sentence and shows what it stands on."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinic.models import Chair, Patient, User
from clinic.queries import current
from courses.actions.assessments import correct_assessment, record_assessment, withdraw_assessment
from courses.actions.courses import stop_course
from courses.actions.sessions import start_infusion, withdraw_infusion
from courses.models import Course, Scale
from courses.queries.chart import Chart, chart
from tests.factories import PatientFactory, TaskFactory
from tests.integration.courses.scene import (
    FIRST,
    MIXTURE,
    at,
    attended,
    baselines,
    calm,
    checked,
    phq9,
    planned,
    screened,
    session,
    visit,
)

pytestmark = pytest.mark.django_db

FRIDAY = date(2026, 11, 27)
TUESDAY = date(2026, 12, 1)
LATER = at(date(2026, 12, 20), 12)


@pytest.fixture
def dosed(course: Course, chair: Chair, nurse: User, clock: time_machine.Traveller) -> Course:
    """Baseline 18 on Friday; dose 1 on Monday, ended at five to ten; the clock is far later."""
    clock.move_to(LATER)
    phq9(course.patient, 18, at(FRIDAY, 10), nurse)
    attended(course, 1, FIRST, chair, nurse)
    course.refresh_from_db()
    return course


def of(patient: Patient) -> Chart:
    return chart(patient=patient, at=LATER)


# --- the sentence -----------------------------------------------------------------------------
def test_without_a_course_there_is_nothing_to_answer(patient: Patient) -> None:
    found = of(patient)
    assert (found.headline, found.now, found.age) == ("No course yet.", None, 41)
    assert (found.scores, found.doses, found.liver, found.due, found.tasks) == ((),) * 5


def test_without_a_baseline_it_says_so(course: Course) -> None:
    assert of(course.patient).headline == "No baseline on PHQ-9 yet."


def test_a_baseline_alone(dosed: Course) -> None:
    assert of(dosed.patient).headline == "Baseline PHQ-9 18; no score since the first dose."


@pytest.mark.parametrize(
    ("total", "headline"),
    [
        (
            8,
            "Response: 56 % better than baseline (PHQ-9 18 → 8), 26 h after dose 1."
            " Not yet remission (4 or less).",
        ),
        (
            9,
            "Response: 50 % better than baseline (PHQ-9 18 → 9), 26 h after dose 1."
            " Not yet remission (4 or less).",
        ),
        (
            10,
            "Partial response: 44 % better than baseline (PHQ-9 18 → 10), 26 h after dose 1."
            " Not yet remission (4 or less).",
        ),
        (
            17,
            "No response yet: 6 % better than baseline (PHQ-9 18 → 17), 26 h after dose 1."
            " Not yet remission (4 or less).",
        ),
        (
            20,
            "Worse than baseline: 11 % worse than baseline (PHQ-9 18 → 20), 26 h after dose 1."
            " Not yet remission (4 or less).",
        ),
        (4, "Remission: 78 % better than baseline (PHQ-9 18 → 4), 26 h after dose 1."),
    ],
)
def test_the_answer_in_one_sentence(dosed: Course, nurse: User, total: int, headline: str) -> None:
    phq9(dosed.patient, total, at(TUESDAY, 11, 55), nurse)
    assert of(dosed.patient).headline == headline


def test_halves_are_rounded_up(
    course: Course, chair: Chair, nurse: User, clock: time_machine.Traveller
) -> None:
    clock.move_to(LATER)
    phq9(course.patient, 16, at(FRIDAY, 10), nurse)
    attended(course, 1, FIRST, chair, nurse)
    # From 16 to 6 is 62.5 %.
    phq9(course.patient, 6, at(TUESDAY, 11, 55), nurse)
    assert of(course.patient).headline.startswith("Response: 63 % better")


def test_after_days_it_counts_in_days(dosed: Course, nurse: User) -> None:
    phq9(dosed.patient, 8, at(date(2026, 12, 3), 9, 40), nurse)
    assert ", 71 h after dose 1." in of(dosed.patient).headline
    phq9(dosed.patient, 8, at(date(2026, 12, 10), 10), nurse)
    assert ", 10 days after dose 1." in of(dosed.patient).headline


def test_response_has_its_dates(dosed: Course, nurse: User) -> None:
    phq9(dosed.patient, 8, at(TUESDAY, 11, 55), nurse)
    phq9(dosed.patient, 8, at(date(2026, 12, 8), 11), nurse)
    view = of(dosed.patient).courses[0]
    found = view.response
    assert (found.state, found.response_on, found.sustained_on) == (
        "sustained", TUESDAY, date(2026, 12, 8),
    )  # fmt: skip
    assert found.days_to_response == 1
    assert found.outcome is not None
    assert (found.outcome.percent, found.outcome.remission) == (Decimal("55.6"), False)
    assert (view.scale.remission_at_most, view.scale.response_percent, view.given) == (
        4, Decimal(50), 1,
    )  # fmt: skip


# --- the evidence -----------------------------------------------------------------------------
def test_scores_tell_their_moment(dosed: Course, nurse: User) -> None:
    phq9(dosed.patient, 8, at(TUESDAY, 11, 55), nurse)
    own = [point for point in of(dosed.patient).scores if point.scale == "phq9"]
    assert [(p.total, p.band, p.hours_since_infusion, p.after_dose) for p in own] == [
        (18, "moderately_severe", None, None),
        (8, "mild", Decimal("26.0"), 1),
    ]
    assert own[1].tags == ("day_after", "overlapping_recall")


def test_doses_tell_what_was_given(dosed: Course) -> None:
    [dose] = of(dosed.patient).doses
    assert (dose.number, dose.of, dose.given_on) == (1, 6, FIRST)
    assert (dose.dose_mg, dose.given_mg, dose.mg_per_kg) == (
        Decimal("35.0"), Decimal("35.0"), Decimal("0.5"),
    )  # fmt: skip


def test_what_does_not_count_is_not_drawn(dosed: Course, nurse: User) -> None:
    wrong = phq9(dosed.patient, 3, at(TUESDAY, 11, 55), nurse)
    answers = [2, 2, 2, 2, 0, 0, 0, 0, 0]
    right = correct_assessment(
        assessment=wrong, items=answers, functional=1, reason="Slip", by=nurse
    )
    assert [p.total for p in of(dosed.patient).scores if p.scale == "phq9"] == [18, 8]
    withdraw_assessment(assessment=right, reason="Wrong patient", by=nurse)
    assert of(dosed.patient).headline == "Baseline PHQ-9 18; no score since the first dose."
    withdraw_infusion(infusion=dosed.infusions.get(), reason="Wrong patient", by=nurse)
    assert of(dosed.patient).doses == ()


def test_a_draft_is_shown_without_a_total_and_changes_no_answer(dosed: Course, nurse: User) -> None:
    before = of(dosed.patient).headline
    record_assessment(
        patient=dosed.patient,
        scale=current(Scale, "phq9"),
        items=[0, 0, 0, 0, 0, 0, 0, 0, None],
        taken_at=at(TUESDAY, 12),
        by=nurse,
    )
    found = of(dosed.patient)
    assert (found.scores[-1].status, found.scores[-1].total) == ("draft", None)
    assert found.headline == before


def test_another_scale_changes_no_answer(dosed: Course, nurse: User) -> None:
    before = of(dosed.patient).headline
    record_assessment(
        patient=dosed.patient,
        scale=current(Scale, "madrs"),
        items=[0] * 10,
        taken_at=at(TUESDAY, 12),
        by=nurse,
    )
    assert of(dosed.patient).headline == before


def test_a_baseline_belongs_to_its_course(
    dosed: Course, chair: Chair, prescriber: User, clock: time_machine.Traveller
) -> None:
    """The second course starts from its own score, not from the first ever."""
    stop_course(course=dosed, reason="other", by=prescriber, at=at(TUESDAY, 9))
    new_year = date(2027, 1, 11)
    clock.move_to(at(new_year, 14))
    baselines(dosed.patient, date(2027, 1, 7))
    second = planned(dosed.patient, prescriber, first_on=new_year)
    phq9(dosed.patient, 12, at(date(2027, 1, 8), 10), prescriber)
    _dose(second, new_year, chair, prescriber)
    found = chart(patient=dosed.patient, at=at(new_year, 14))
    assert [view.course.number for view in found.courses] == [2, 1]
    assert [view.response.baseline.total for view in found.courses if view.response.baseline] == [
        12, 18,
    ]  # fmt: skip


def _dose(course: Course, day: date, chair: Chair, by: User) -> None:
    visit(course, 1, day, chair, by)
    screened(course.patient, at(day, 9), by)
    check = checked(session(course), by, at(day, 9, 5), calm(weighed_on=day, drug_screen_on=day))
    start_infusion(
        session=session(course), gate_check=check, mixture=MIXTURE, by=by, at=at(day, 9, 15)
    )


def test_what_is_due_and_asked_stands_beside_it(dosed: Course) -> None:
    task = TaskFactory.create(patient=dosed.patient)
    TaskFactory.create(
        patient=dosed.patient, status="done", done_at=LATER, done_by=dosed.prescriber
    )
    TaskFactory.create(patient=PatientFactory.create(site=dosed.site))
    found = of(dosed.patient)
    assert found.tasks == (task,)
    liver = next(status for status in found.due if status.kind == "lft_periodic")
    # Due with dose 6 on 17 December, three days ago.
    assert (liver.state, liver.due_on, liver.lateness_days) == ("due", date(2026, 12, 17), 3)


def test_a_long_record_takes_the_queries_of_a_short_one(
    dosed: Course, chair: Chair, nurse: User, clock: time_machine.Traveller
) -> None:
    def queries(patient: Patient) -> int:
        fresh = Patient.objects.select_related("site").get(pk=patient.pk)
        with CaptureQueriesContext(connection) as captured:
            assert chart(patient=fresh, at=LATER).headline
        return len(captured)

    phq9(dosed.patient, 8, at(TUESDAY, 11, 55), nurse)
    short = queries(dosed.patient)
    for number, day in ((2, 3), (3, 7), (4, 10)):
        attended(dosed, number, date(2026, 12, day), chair, nurse)
        baselines(dosed.patient, date(2026, 12, day))
        phq9(dosed.patient, 6, at(date(2026, 12, day), 14), nurse)
    TaskFactory.create_batch(3, patient=dosed.patient)
    assert len(of(dosed.patient).doses) == 4
    assert queries(dosed.patient) == short <= 17


def test_age_is_in_completed_years(patient: Patient, clock: Any) -> None:
    patient.birth_date = date(1985, 12, 20)
    patient.save()
    assert of(patient).age == 41
    assert chart(patient=patient, at=LATER - timedelta(days=1)).age == 40
