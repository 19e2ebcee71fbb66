"""May this infusion go ahead? Every line is kept, the worst decides, and the start obeys it."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import ProgrammingError

from clinic.errors import Refused
from clinic.models import AuditEvent, Chair, Patient, User
from clinic.queries import current
from clinic.rules.errors import RuleError
from courses.actions.assessments import record_assessment
from courses.actions.courses import pause_course, resume_course, stop_course
from courses.actions.missed import mark_missed
from courses.actions.reflow import lay_out_anew
from courses.actions.sessions import start_infusion
from courses.models import Course, CourseRule, GateCheck, Infusion, Scale
from labs.actions.requirements import replan
from labs.actions.tasks import resolve_task
from labs.actions.urinary import record_urinary_check, withdraw_urinary_check
from labs.models import Requirement, Task
from tests.factories import PatientFactory, ReportFactory
from tests.integration.courses import scene
from tests.integration.courses.scene import (
    FIRST,
    MIXTURE,
    at,
    attended,
    calm,
    checked,
    due,
    phq9,
    planned,
    screened,
    session,
)

pytestmark = pytest.mark.django_db

TEN = at(FIRST, 10)


@pytest.fixture(autouse=True)
def first_morning(course: Course, nurse: User, clock: time_machine.Traveller) -> None:
    """The day of dose 1; the screener and the scale are done."""
    clock.move_to(TEN)
    screened(course.patient, at(FIRST, 9), nurse)
    phq9(course.patient, 18, at(FIRST, 9), nurse)


def found(check: GateCheck) -> list[tuple[str, str]]:
    return [(line["code"], line["verdict"]) for line in check.lines]


# --- what is found ----------------------------------------------------------------------------
def test_nothing_against_it(course: Course, nurse: User) -> None:
    check = checked(session(course), nurse, TEN)
    assert (check.decision, found(check)) == ("allow", [])


def test_a_check_is_kept_with_its_facts_and_its_rule(course: Course, nurse: User) -> None:
    check = checked(session(course), nurse, TEN, calm(sbp=165, medications=("lorazepam",)))
    assert check.decision == "hold"
    assert found(check) == [("bp_hold_recheck", "hold"), ("benzodiazepine", "warn")]
    first = check.lines[0]
    assert first["sentence"] == (
        "Blood pressure 165/78: hold at 160/100 or more, measure again in 15 min."
    )
    assert (first["inputs"], first["source"]) == (
        {"sbp": 165, "dbp": 78, "limit": "160/100", "remeasure_minutes": 15, "remeasure_times": 2},
        "EXPERT",
    )
    assert check.facts["weight_kg"] == "70"
    assert check.facts["weighed_on"] == "2026-11-30"
    assert (check.rule, check.by) == (current(CourseRule, "gate"), nurse)
    event = AuditEvent.objects.get(event="gate.checked")
    assert (event.actor, event.patient_id) == (nurse, course.patient_id)


def test_a_check_is_never_changed(course: Course, nurse: User) -> None:
    check = checked(session(course), nurse, TEN, calm(sbp=200))
    check.decision = "allow"
    with pytest.raises(ProgrammingError, match="Cannot update or delete"):
        check.save()


@pytest.mark.parametrize(
    ("facts", "decision", "code"),
    [
        ({"sbp": 140, "dbp": 90}, "allow", None),
        ({"sbp": 141}, "warn", "bp_elevated"),
        ({"dbp": 91}, "warn", "bp_elevated"),
        ({"sbp": 160}, "hold", "bp_hold_recheck"),
        ({"dbp": 100}, "hold", "bp_hold_recheck"),
        ({"sbp": 180}, "block", "uncontrolled_hypertension"),
        ({"dbp": 110}, "block", "uncontrolled_hypertension"),
        ({"spo2": 92}, "allow", None),
        ({"spo2": 91}, "hold", "spo2_low"),
        ({"pregnancy": "positive"}, "block", "pregnancy"),
        ({"pregnancy": "unknown"}, "block", "pregnancy_unknown"),
        ({"pregnancy": "not_applicable"}, "allow", None),
        ({"fasting_kept": False}, "block", "npo_not_followed"),
        ({"airway_equipment": False}, "block", "airway_equipment_missing"),
        ({"capnography": False}, "warn", "capnography_missing"),
        ({"escort": False}, "warn", "escort_missing"),
        ({"conditions": ("elevated_icp",)}, "block", "elevated_icp"),
        ({"medications": ("theophylline",)}, "block", "theophylline_aminophylline"),
        ({"medications": ("tea",)}, "warn", "not_in_catalogue"),
        ({"weighed_on": date(2026, 11, 23)}, "allow", None),
        ({"weighed_on": date(2026, 11, 22)}, "block", "weight_stale"),
        ({"weight_kg": Decimal("39.9")}, "warn", "weight_unusual"),
    ],
)
def test_each_answer_at_both_sides_of_its_bound(
    course: Course, nurse: User, facts: dict[str, Any], decision: str, code: str | None
) -> None:
    check = checked(session(course), nurse, TEN, calm(**facts))
    assert check.decision == decision
    assert found(check) == ([] if code is None else [(code, decision)])


@pytest.mark.parametrize("weight_kg", ["29.9", "250.1"])
def test_what_nobody_weighs_is_asked_again(course: Course, nurse: User, weight_kg: str) -> None:
    with pytest.raises(RuleError) as refusal:
        checked(session(course), nurse, TEN, calm(weight_kg=Decimal(weight_kg)))
    assert (refusal.value.code, refusal.value.field) == ("weight_implausible", "weight_kg")
    assert not GateCheck.objects.exists()


def test_nobody_was_weighed_tomorrow(course: Course, nurse: User) -> None:
    with pytest.raises(Refused) as refusal:
        checked(session(course), nurse, TEN, calm(weighed_on=FIRST + timedelta(days=1)))
    assert refusal.value.code == "weighed_later"


# --- what is due ------------------------------------------------------------------------------
def test_without_baselines_and_screener_nothing_is_given(
    patient: Patient, prescriber: User, nurse: User
) -> None:
    other = PatientFactory.create(site=patient.site, birth_date=date(2008, 12, 1))
    course = planned(other, prescriber)
    check = checked(session(course), nurse, TEN)
    assert check.decision == "block"
    assert found(check) == [
        ("under_age", "block"),
        ("cssrs_due", "block"),
        ("gu_baseline_due", "block"),
        ("lft_baseline_due", "block"),
        ("scale_predose_due", "warn"),
    ]


def test_a_drug_screen_is_asked_for_until_one_is_told(course: Course, nurse: User) -> None:
    check = checked(session(course), nurse, TEN, calm(drug_screen_on=None))
    assert found(check) == [("uds_due", "warn")]
    told = checked(session(course), nurse, TEN, calm(drug_screen_on=date(2026, 11, 27)))
    assert told.decision == "allow"
    # Known from now on, it is not asked for again.
    assert checked(session(course), nurse, TEN, calm(drug_screen_on=None)).decision == "allow"
    assert due(course, "uds").last_done_on == date(2026, 11, 27)
    with pytest.raises(Refused) as refusal:
        checked(session(course), nurse, TEN, calm(drug_screen_on=date(2026, 12, 1)))
    assert refusal.value.code == "screened_later"


def test_a_screener_of_high_risk_warns(course: Course, nurse: User) -> None:
    record_assessment(
        patient=course.patient,
        scale=current(Scale, "cssrs_screener"),
        items=[1, 1, 0, 1, 0, 0, None],
        taken_at=TEN,
        by=nurse,
    )
    assert ("cssrs_high", "warn") in found(checked(session(course), nurse, TEN))


def test_a_urinary_finding_holds_until_a_prescriber_decides(
    course: Course, nurse: User, prescriber: User
) -> None:
    urinary = record_urinary_check(
        patient=course.patient,
        checked_at=at(FIRST, 8),
        severities={},
        visible_haematuria=True,
        retention=False,
        infection_suspected=False,
        by=nurse,
    )
    assert urinary.level == 4
    held = checked(session(course), nurse, TEN)
    assert held.decision == "hold"
    [line] = [line for line in held.lines if line["verdict"] == "hold"]
    assert line["sentence"].endswith(": a prescriber decides first.")
    resolve_task(task=Task.objects.get(subject_id=urinary.pk), by=prescriber, outcome="Go on")
    assert checked(session(course), nurse, TEN).decision != "hold"


def test_a_withdrawn_finding_holds_nothing(course: Course, nurse: User) -> None:
    urinary = record_urinary_check(
        patient=course.patient,
        checked_at=at(FIRST, 8),
        severities={},
        visible_haematuria=True,
        retention=False,
        infection_suspected=False,
        by=nurse,
    )
    withdraw_urinary_check(check=urinary, reason="Other patient", by=nurse)
    assert Task.objects.filter(subject_id=urinary.pk, status="open").exists()
    assert checked(session(course), nurse, TEN).decision == "allow"


# --- spacing ----------------------------------------------------------------------------------
def gap_lines(course: Course, by: User, day: date, number: int = 2) -> list[tuple[str, str]]:
    check = checked(session(course, number), by, at(day, 10), calm(weighed_on=FIRST))
    codes = {"min_gap_2d", "more_than_2_in_7d", "session_missed", "course_interrupted"}
    return [line for line in found(check) if line[0] in codes]


@pytest.mark.parametrize(
    ("days", "lines"),
    [
        (1, [("min_gap_2d", "block")]),
        (2, []),
        (5, []),
        (6, [("session_missed", "warn")]),
        (14, [("session_missed", "warn")]),
        (15, [("course_interrupted", "block")]),
    ],
)
def test_days_between_two_doses(
    course: Course, chair: Chair, nurse: User, clock: Any, days: int, lines: list[tuple[str, str]]
) -> None:
    clock.move_to(at(FIRST, 12))
    attended(course, 1, FIRST, chair, nurse)
    day = FIRST + timedelta(days=days)
    clock.move_to(at(day, 10))
    assert gap_lines(course, nurse, day) == lines


def test_a_third_dose_within_a_week_is_one_too_many(
    course: Course, chair: Chair, nurse: User, clock: time_machine.Traveller
) -> None:
    clock.move_to(at(FIRST, 12))
    attended(course, 1, FIRST, chair, nurse)
    clock.move_to(at(date(2026, 12, 3), 12))
    attended(course, 2, date(2026, 12, 3), chair, nurse)
    sixth, seventh = date(2026, 12, 6), date(2026, 12, 7)
    clock.move_to(at(sixth, 10))
    assert gap_lines(course, nurse, sixth, 3) == [("more_than_2_in_7d", "block")]
    clock.move_to(at(seventh, 10))
    assert gap_lines(course, nurse, seventh, 3) == []


def test_after_an_interruption_the_course_is_resumed_first(
    course: Course, chair: Chair, prescriber: User, clock: time_machine.Traveller
) -> None:
    clock.move_to(at(FIRST, 12))
    attended(course, 1, FIRST, chair, prescriber)
    day = FIRST + timedelta(days=15)
    clock.move_to(at(day, 9))
    mark_missed()
    course.refresh_from_db()
    assert course.status == "interrupted"
    resume_course(course=course, reason="Screened again", by=prescriber)
    [again, *_] = lay_out_anew(course=course, first_on=day, weekdays=(2, 5), by=prescriber)
    check = checked(again, prescriber, at(day, 9), calm(weighed_on=day))
    assert ("course_interrupted", "warn") in found(check)
    assert ("course_interrupted", "block") not in found(check)


# --- who may be asked about -------------------------------------------------------------------
def test_a_resting_course_is_not_checked(
    course: Course, chair: Chair, prescriber: User, clock: time_machine.Traveller
) -> None:
    clock.move_to(at(FIRST, 12))
    attended(course, 1, FIRST, chair, prescriber)
    pause_course(course=course, reason="Holiday", by=prescriber)
    with pytest.raises(Refused) as refusal:
        checked(session(course, 2), prescriber, at(FIRST, 12))
    assert refusal.value.code == "course_resting"


def test_a_cancelled_dose_is_not_checked_from_an_old_page(course: Course, prescriber: User) -> None:
    old = session(course)
    stop_course(course=course, reason="other", by=prescriber)
    assert old.status == "planned"
    with pytest.raises(Refused) as refusal:
        checked(old, prescriber, TEN)
    assert refusal.value.code == "not_waiting"


def test_nobody_who_is_gone_is_checked(course: Course, patient: Patient, nurse: User) -> None:
    patient.deceased_on = FIRST
    patient.save()
    with pytest.raises(Refused) as refusal:
        checked(session(course), nurse, TEN)
    assert refusal.value.code == "not_here"


# --- the start obeys --------------------------------------------------------------------------
def start(course: Course, check: GateCheck, by: User, minute: int = 10) -> Infusion:
    return start_infusion(
        session=session(course),
        gate_check=check,
        mixture=MIXTURE,
        by=by,
        at=at(FIRST, 10, minute),
    )


@pytest.mark.parametrize("facts", [{"sbp": 165}, {"sbp": 180}, {"fasting_kept": False}])
def test_hold_and_block_refuse_with_their_reasons(
    course: Course, nurse: User, clock: Any, facts: dict[str, Any]
) -> None:
    check = checked(session(course), nurse, TEN, calm(**facts))
    clock.move_to(at(FIRST, 11))
    with pytest.raises(Refused) as refusal:
        start(course, check, nurse)
    assert refusal.value.code == "gate_blocks"
    assert refusal.value.message == check.lines[0]["sentence"]
    assert not Infusion.objects.exists()


def test_a_warning_does_not_refuse(course: Course, nurse: User, clock: Any) -> None:
    check = checked(session(course), nurse, TEN, calm(escort=False))
    clock.move_to(at(FIRST, 11))
    assert start(course, check, nurse).gate_check == check


@pytest.mark.parametrize(("minute", "is_fresh"), [(0, True), (60, True), (61, False)])
def test_a_check_holds_for_an_hour(
    course: Course, nurse: User, clock: Any, minute: int, is_fresh: bool
) -> None:
    check = checked(session(course), nurse, TEN)
    clock.move_to(at(FIRST, 12))
    moment = TEN + timedelta(minutes=minute)
    given: dict[str, Any] = {"session": session(course), "gate_check": check, "by": nurse}
    if is_fresh:
        assert start_infusion(mixture=MIXTURE, at=moment, **given).started_at == moment
        return
    with pytest.raises(Refused) as refusal:
        start_infusion(mixture=MIXTURE, at=moment, **given)
    assert refusal.value.code == "gate_too_old"


def test_a_dose_does_not_begin_before_its_check(course: Course, nurse: User) -> None:
    check = checked(session(course), nurse, TEN)
    with pytest.raises(Refused) as refusal:
        start_infusion(
            session=session(course),
            gate_check=check,
            mixture=MIXTURE,
            by=nurse,
            at=at(FIRST, 9, 59),
        )
    assert refusal.value.code == "gate_too_old"


def test_only_the_newest_check_counts(course: Course, nurse: User, clock: Any) -> None:
    good = checked(session(course), nurse, TEN)
    checked(session(course), nurse, at(FIRST, 10, 5), calm(sbp=180))
    clock.move_to(at(FIRST, 11))
    with pytest.raises(Refused) as refusal:
        start(course, good, nurse)
    assert refusal.value.code == "gate_too_old"


def test_a_check_of_another_dose_is_not_this_ones(course: Course, nurse: User, clock: Any) -> None:
    check = checked(session(course, 2), nurse, TEN)
    clock.move_to(at(FIRST, 11))
    with pytest.raises(Refused) as refusal:
        start(course, check, nurse)
    assert refusal.value.code == "gate_of_another"


def test_what_came_after_the_check_counts_too(course: Course, nurse: User, clock: Any) -> None:
    check = checked(session(course), nurse, TEN)
    assert check.decision == "allow"
    clock.move_to(at(FIRST, 11))
    record_urinary_check(
        patient=course.patient,
        checked_at=at(FIRST, 10, 5),
        severities={},
        visible_haematuria=False,
        retention=True,
        infection_suspected=False,
        by=nurse,
    )
    with pytest.raises(Refused) as refusal:
        start(course, check, nurse)
    assert refusal.value.code == "gate_blocks"
    assert refusal.value.message.startswith("Since the check: ")


def test_a_course_paused_after_the_check_gives_nothing(
    course: Course, chair: Chair, prescriber: User, clock: time_machine.Traveller
) -> None:
    clock.move_to(at(FIRST, 12))
    attended(course, 1, FIRST, chair, prescriber)
    third = date(2026, 12, 3)
    clock.move_to(at(third, 10))
    screened(course.patient, at(third, 9), prescriber)
    check = checked(session(course, 2), prescriber, at(third, 10))
    assert check.decision in {"allow", "warn"}
    pause_course(course=course, reason="Fell ill", by=prescriber)
    with pytest.raises(Refused) as refusal:
        start_infusion(session=session(course, 2), gate_check=check, mixture=MIXTURE, by=prescriber)
    assert refusal.value.code == "course_resting"


def test_a_panel_that_ages_blocks_again(course: Course, nurse: User, clock: Any) -> None:
    """31 days before the first dose is one day too old for a baseline."""
    other = PatientFactory.create(site=course.site)
    late = date(2026, 12, 21)
    scene.baselines(other, date(2026, 11, 20))
    second = planned(other, course.prescriber, first_on=late)
    clock.move_to(at(late, 10))
    codes = [code for code, _ in found(checked(session(second), nurse, at(late, 10)))]
    assert "lft_baseline_due" in codes
    ReportFactory.create(patient=other, collected_at=at(late, 8), collected_on=late)
    replan(patient_id=other.pk)
    codes = [code for code, _ in found(checked(session(second), nurse, at(late, 10)))]
    assert "lft_baseline_due" not in codes
    assert Requirement.objects.get(subject_id=second.pk, kind="lft_baseline").last_done_on == late
