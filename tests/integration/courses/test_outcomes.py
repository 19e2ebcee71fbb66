"""How a course goes is written with the fact that changes it, under versions that are kept."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
import time_machine

from clinic.actions.policies import set_policy
from clinic.models import Chair, User
from clinic.queries import current
from clinic.rules.dates import today_local
from courses.actions.assessments import correct_assessment, withdraw_assessment
from courses.actions.monitoring import reconcile_all
from courses.actions.outcomes import follow_outcomes, judge_patient
from courses.actions.sessions import withdraw_infusion
from courses.models import Assessment, Course, CourseOutcome, CourseRule, Scale
from courses.queries.chart import chart
from tests.integration.courses.scene import FIRST, at, attended, calm, checked, phq9, session

pytestmark = pytest.mark.django_db

FRIDAY = date(2026, 11, 27)
TUESDAY = date(2026, 12, 1)
LATER = at(date(2026, 12, 20), 12)


@pytest.fixture
def dosed(course: Course, chair: Chair, nurse: User, clock: time_machine.Traveller) -> Course:
    """Baseline 18 on Friday; dose 1 on Monday; the clock is far later."""
    clock.move_to(LATER)
    phq9(course.patient, 18, at(FRIDAY, 10), nurse)
    attended(course, 1, FIRST, chair, nurse)
    course.refresh_from_db()
    return course


def put(course: Course, by: User, section: str, values: dict[str, str], base: int = 0) -> None:
    set_policy(
        site=course.site,
        section=section,
        values=values,
        effective_from=today_local(LATER, course.site.zone),
        reason="Agreed at the clinical meeting.",
        by=by,
        base_version=base,
    )


def outcome(course: Course) -> CourseOutcome:
    return CourseOutcome.objects.get(course=course)


def again(form: Assessment) -> Assessment:
    return Assessment.objects.get(pk=form.pk)


def test_a_planned_course_has_no_baseline_and_says_so(course: Course) -> None:
    found = outcome(course)
    assert found.state == "no_baseline"
    assert found.rule == current(CourseRule, "response")
    assert found.why["sentence"] == ("No complete PHQ-9 in the 14 days before the first infusion.")


def test_a_score_is_judged_when_it_is_recorded(dosed: Course, nurse: User) -> None:
    assert outcome(dosed).state == "no_score"
    form = again(phq9(dosed.patient, 8, at(TUESDAY, 12), nurse))
    assert (form.outcome, form.is_remission) == ("response", False)
    assert form.improvement_percent == Decimal("55.6")
    assert form.baseline is not None
    assert (form.baseline.total, form.policy_version) == (18, 0)
    assert form.why["sentence"] == (
        "PHQ-9 8 after 18 on Fri 27 Nov 2026, 55.6 % better: a response, not remission (4 or less)."
    )
    found = outcome(dosed)
    assert (found.state, found.response_on, found.days_to_response) == ("response", TUESDAY, 1)
    assert (found.latest, found.baseline) == (form, form.baseline)


def test_the_baseline_itself_has_no_outcome(dosed: Course) -> None:
    form = dosed.patient.assessments.get(total=18)
    assert (form.outcome, form.baseline, form.is_remission, form.why) == ("", None, None, {})


def test_a_corrected_baseline_judges_the_later_scores_anew(dosed: Course, nurse: User) -> None:
    form = phq9(dosed.patient, 8, at(TUESDAY, 12), nurse)
    first = dosed.patient.assessments.get(total=18)
    correct_assessment(
        assessment=first, items=[1] * 9, functional=1, reason="Typed wrongly", by=nurse
    )
    form = again(form)
    assert (form.outcome, form.improvement_percent) == ("none", Decimal("11.1"))
    assert outcome(dosed).state == "none"


def test_what_was_withdrawn_counts_no_more(dosed: Course, nurse: User) -> None:
    form = phq9(dosed.patient, 8, at(TUESDAY, 12), nurse)
    withdraw_assessment(assessment=form, reason="Another patient's", by=nurse)
    found = outcome(dosed)
    assert (found.state, found.latest, found.response_on) == ("no_score", None, None)


def test_without_its_infusion_a_score_has_nothing_to_be_later_than(
    dosed: Course, nurse: User, prescriber: User
) -> None:
    form = phq9(dosed.patient, 8, at(TUESDAY, 12), nurse)
    [infusion] = dosed.infusions.all()
    withdraw_infusion(infusion=infusion, reason="Never given", by=prescriber)
    form = again(form)
    assert (form.outcome, form.baseline, form.improvement_percent, form.why) == ("", None, None, {})
    assert outcome(dosed).state == "no_score"


def test_judging_again_changes_nothing(dosed: Course, nurse: User) -> None:
    phq9(dosed.patient, 8, at(TUESDAY, 12), nurse)
    assert judge_patient(patient_id=dosed.patient_id) == 0
    assert reconcile_all().total == 0


def test_a_course_follows_the_policy_and_a_score_keeps_what_it_was_judged_by(
    dosed: Course, nurse: User, lead: User
) -> None:
    form = phq9(dosed.patient, 13, at(TUESDAY, 12), nurse)
    assert (again(form).outcome, outcome(dosed).state) == ("partial", "partial")
    put(dosed, lead, "scale:phq9", {"partial_percent": "30"})
    assert follow_outcomes(site=dosed.site) == 1
    assert (outcome(dosed).state, outcome(dosed).scale_policy_version) == ("none", 1)
    assert (again(form).outcome, again(form).policy_version) == ("partial", 0)
    assert chart(patient=dosed.patient, at=LATER).courses[0].response.state == "none"
    newer = again(phq9(dosed.patient, 13, at(TUESDAY + timedelta(days=1), 12), nurse))
    assert (newer.outcome, newer.policy_version) == ("none", 1)


def test_following_twice_finds_nothing(dosed: Course, lead: User) -> None:
    put(dosed, lead, "course_rule:response", {"baseline_from_days": "10"})
    assert [follow_outcomes(site=dosed.site) for _ in range(2)] == [1, 0]
    assert outcome(dosed).policy_version == 1
    assert outcome(dosed).why["policy_version"] == 1


def test_a_course_that_was_never_judged_is_found(dosed: Course) -> None:
    patient_id = dosed.patient_id
    other = Course.objects.create(
        site=dosed.site, patient=dosed.patient, number=2, protocol=dosed.protocol,
        primary_scale=current(Scale, "madrs"), prescriber=dosed.prescriber, status="stopped",
        stop_reason="other", planned_count=6, mg_per_kg=Decimal("0.5"), infusion_minutes=40,
        planned_start_on=FIRST,
    )  # fmt: skip
    shown = chart(patient=dosed.patient, at=LATER).courses[0]
    assert (shown.response.state, shown.why) == ("no_baseline", {})
    assert follow_outcomes(site=dosed.site) == 1
    assert outcome(other).state == "no_baseline"
    assert judge_patient(patient_id=patient_id) == 0


def test_a_gate_and_a_dose_keep_the_policies_they_were_decided_by(
    dosed: Course, nurse: User, lead: User
) -> None:
    put(dosed, lead, "course_rule:gate", {"blood_pressure.hold_from_sbp": "165"})
    put(dosed, lead, "protocol:trd_standard", {"gaps.missed_after_days": "6"})
    check = checked(session(dosed, 2), nurse, LATER, calm(sbp=162, weighed_on=LATER.date()))
    assert check.policy_version == 1
    assert "bp_hold_recheck" not in {line["code"] for line in check.lines}
    assert "bp_elevated" in {line["code"] for line in check.lines}
    [infusion] = dosed.infusions.all()
    assert infusion.preparation == current(CourseRule, "preparation")
    assert infusion.policy_version == 0
