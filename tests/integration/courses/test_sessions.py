"""A dose from arrival to leaving, with the numbers of the guideline; doses that are not given."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine

from clinic.errors import DomainError, Invalid, Refused
from clinic.models import AuditEvent, Chair, Patient, Site, User
from clinic.rules.errors import RuleError
from courses.actions.dose import plan_dose
from courses.actions.sessions import (
    cancel_session,
    discharge,
    earliest_leave,
    end_infusion,
    mark_arrived,
    mark_no_show,
    start_infusion,
    withdraw_infusion,
)
from courses.models import Course, Infusion
from labs.models import Requirement
from tests.factories import PatientFactory, member
from tests.integration.courses.scene import (
    FIRST,
    MIXTURE,
    at,
    attended,
    baselines,
    calm,
    checked,
    due,
    given,
    phq9,
    planned,
    screened,
    session,
    started,
    visit,
)

pytestmark = pytest.mark.django_db

TEN = at(FIRST, 10)
SECOND = date(2026, 12, 3)
FIFTY = replace(MIXTURE, stock_mg_per_ml=Decimal(50), stock_ml=Decimal(2), diluent_ml=Decimal(0))


def code_of(act: Any, **given: Any) -> str:
    with pytest.raises((DomainError, RuleError)) as refusal:
        act(**given)
    return str(refusal.value.code)  # type: ignore[attr-defined]


# --- dose arithmetic --------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("weight_kg", "mixture", "dose_mg", "drug_ml", "rate"),
    [
        # 70 kg x 0.5 mg/kg; 100 mg/mL diluted 1:1 is 50 mg/mL; made up to 100 mL over 40 minutes.
        ("70", MIXTURE, "35.0", "0.70", "150.0"),
        ("70", replace(MIXTURE, total_volume_ml=Decimal(50)), "35.0", "0.70", "75.0"),
        ("82.4", FIFTY, "41.2", "0.82", "150.0"),
        # 31.65 is rounded half up.
        ("63.3", FIFTY, "31.7", "0.63", "150.0"),
    ],
)
def test_how_much_and_how_fast(
    course: Course, weight_kg: str, mixture: Any, dose_mg: str, drug_ml: str, rate: str
) -> None:
    dose = plan_dose(course=course, weight_kg=Decimal(weight_kg), mixture=mixture)
    assert str(dose.dose_mg) == dose_mg
    assert str(dose.drug_volume_ml) == drug_ml
    assert str(dose.rate_ml_per_h) == rate
    assert (dose.concentration_mg_per_ml, dose.minutes) == (Decimal(50), 40)


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"diluent_ml": Decimal(0)}, "undiluted_100", "diluent_ml"),
        ({"diluent_ml": Decimal("0.49")}, "less_than_equal_volume", "diluent_ml"),
        ({"diluent": "Ringer"}, "diluent_not_listed", "diluent_ml"),
        (
            {"stock_ml": Decimal("0.34"), "diluent_ml": Decimal("0.34")},
            "too_little_drawn",
            "stock_ml",
        ),
        ({"total_volume_ml": Decimal("0.6")}, "volume_too_small", "total_volume_ml"),
        ({"total_volume_ml": Decimal(0)}, "volume_too_small", "total_volume_ml"),
        ({"stock_ml": Decimal(0)}, "not_positive", "stock_ml"),
    ],
)
def test_a_mixture_that_may_not_be_given(
    course: Course, change: dict[str, Any], code: str, field: str
) -> None:
    with pytest.raises((Refused, RuleError)) as refusal:
        plan_dose(course=course, weight_kg=Decimal(70), mixture=replace(MIXTURE, **change))
    assert (refusal.value.code, refusal.value.field) == (code, field)  # type: ignore[attr-defined]


# --- a whole dose -----------------------------------------------------------------------------
def test_a_dose_from_arrival_to_leaving(
    course: Course, chair: Chair, nurse: User, clock: time_machine.Traveller
) -> None:
    clock.move_to(at(FIRST, 14))
    appointment = visit(course, 1, FIRST, chair, nurse)
    dose = session(course)

    mark_arrived(session=dose, by=nurse, at=at(FIRST, 9))
    appointment.refresh_from_db()
    assert appointment.status == "arrived"

    infusion = started(dose, nurse, TEN)
    assert (infusion.dose_mg, infusion.drug_volume_ml) == (Decimal("35.0"), Decimal("0.70"))
    assert (infusion.rate_ml_per_h, infusion.weight_kg) == (Decimal("150.0"), Decimal(70))
    assert (infusion.given_on, infusion.started_by) == (FIRST, nurse)
    course.refresh_from_db()
    assert (course.status, course.started_on) == ("active", FIRST)
    assert session(course).status == "running"
    appointment.refresh_from_db()
    assert appointment.status == "in_treatment"

    ended = end_infusion(infusion=infusion, by=nurse, at=at(FIRST, 10, 40))
    assert (ended.given_mg, ended.ended_by) == (Decimal("35.0"), nurse)
    assert session(course).status == "completed"
    appointment.refresh_from_db()
    assert appointment.status == "observing"
    assert earliest_leave(ended) == at(FIRST, 12, 40)

    with pytest.raises(Refused) as refusal:
        discharge(session=session(course), by=nurse, at=at(FIRST, 12, 39))
    assert (refusal.value.code, refusal.value.message) == (
        "too_early", "Observation lasts until 12:40.",
    )  # fmt: skip
    discharge(session=dose, by=nurse, at=at(FIRST, 12, 40))
    appointment.refresh_from_db()
    assert appointment.status == "fulfilled"
    steps = session(course).transitions.order_by("id").values_list("to_status", flat=True)
    assert list(steps) == ["planned", "booked", "running", "completed"]
    told = AuditEvent.objects.filter(patient_id=course.patient_id)
    acts = {"infusion.started", "infusion.ended", "session.discharged", "course.active"}
    assert acts <= set(told.values_list("event", flat=True))


def test_the_day_of_a_dose_is_the_sites(
    other_site: Site, nurse: User, clock: time_machine.Traveller
) -> None:
    """Eight in the evening in New York is the next day in London."""
    from_elsewhere = _course_at(other_site)
    clock.move_to(at(date(2026, 12, 1), 2))
    infusion = started(session(from_elsewhere), nurse, at(date(2026, 12, 1), 1))
    assert infusion.given_on == date(2026, 11, 30)


def _course_at(site: Site) -> Course:
    patient = PatientFactory.create(site=site)
    baselines(patient)
    return planned(patient, member(site, "prescriber"))


def test_a_stopped_dose_says_why_and_how_much(
    course: Course, nurse: User, clock: time_machine.Traveller
) -> None:
    clock.move_to(at(FIRST, 12))
    infusion = started(session(course), nurse, TEN)
    stopping: dict[str, Any] = {
        "infusion": infusion,
        "by": nurse,
        "at": at(FIRST, 10, 20),
        "stop_reason": "Nausea",
    }
    # Half of the time is not half of the dose for certain: the amount is asked, never guessed.
    assert code_of(end_infusion, **stopping) == "given_missing"
    assert code_of(end_infusion, **stopping, given_mg=Decimal("35.1")) == "given_above_dose"
    assert code_of(end_infusion, **stopping, given_mg=Decimal("-1")) == "given_above_dose"
    ended = end_infusion(**stopping, given_mg=Decimal("17.5"))
    assert (ended.given_mg, ended.stop_reason) == (Decimal("17.5"), "Nausea")
    assert session(course).status == "stopped"
    assert code_of(end_infusion, **stopping, given_mg=Decimal(1)) == "not_running"


def test_an_infusion_ends_after_it_began_and_not_tomorrow(
    course: Course, nurse: User, clock: time_machine.Traveller
) -> None:
    clock.move_to(at(FIRST, 11))
    infusion = started(session(course), nurse, TEN)
    assert code_of(end_infusion, infusion=infusion, by=nurse, at=TEN) == "ends_before_start"
    with pytest.raises(Invalid) as refusal:
        end_infusion(infusion=infusion, by=nurse, at=at(FIRST, 11, 1))
    assert (refusal.value.code, refusal.value.field) == ("in_future", "ended_at")


def test_a_dose_does_not_begin_in_the_future(
    course: Course, nurse: User, clock: time_machine.Traveller
) -> None:
    clock.move_to(TEN)
    screened(course.patient, at(FIRST, 9), nurse)
    check = checked(session(course), nurse, TEN)
    later = at(FIRST, 10, 1)
    assert (
        code_of(
            start_infusion,
            session=session(course),
            gate_check=check,
            mixture=MIXTURE,
            by=nurse,
            at=later,
        )
        == "in_future"
    )
    assert not Infusion.objects.exists()


def test_a_dose_is_given_once(course: Course, nurse: User, clock: time_machine.Traveller) -> None:
    clock.move_to(at(FIRST, 12))
    screened(course.patient, at(FIRST, 9), nurse)
    check = checked(session(course), nurse, TEN)
    start: dict[str, Any] = {
        "session": session(course),
        "gate_check": check,
        "mixture": MIXTURE,
        "by": nurse,
        "at": TEN,
    }
    start_infusion(**start)
    assert code_of(start_infusion, **start) == "illegal_move"
    assert Infusion.objects.count() == 1


def test_nobody_leaves_before_the_infusion_has_ended(
    course: Course, nurse: User, clock: time_machine.Traveller
) -> None:
    clock.move_to(at(FIRST, 12))
    assert code_of(discharge, session=session(course), by=nurse) == "not_given"
    infusion = started(session(course), nurse, TEN)
    assert earliest_leave(infusion) is None
    assert code_of(discharge, session=session(course), by=nurse) == "not_given"


# --- what a dose moves ------------------------------------------------------------------------
def test_doses_move_what_is_due(
    course: Course, chair: Chair, nurse: User, clock: time_machine.Traveller
) -> None:
    clock.move_to(at(FIRST, 12))
    assert not Requirement.objects.filter(kind="lft_periodic").exists()
    attended(course, 1, FIRST, chair, nurse)
    liver = due(course, "lft_periodic")
    # The sixth dose after the panel of 20 November falls on 17 December, before the 28 days.
    assert (liver.last_done_on, liver.next_due_on) == (date(2026, 11, 20), date(2026, 12, 17))
    assert due(course, "lft_baseline").status == "closed"
    after = due(course, "scale_24h", cycle=str(session(course).pk))
    assert (after.status, after.next_due_on) == ("open", date(2026, 12, 1))
    screener = due(course, "cssrs", cycle=str(session(course, 2).pk))
    assert (screener.status, screener.next_due_on) == ("open", SECOND)


def test_weight_and_pregnancy_are_done_at_the_gate(
    course: Course, nurse: User, clock: time_machine.Traveller
) -> None:
    clock.move_to(TEN)
    assert due(course, "weight").last_done_on is None
    checked(session(course), nurse, TEN, calm(pregnancy="negative", weighed_on=date(2026, 11, 28)))
    assert due(course, "weight").last_done_on == date(2026, 11, 28)
    assert due(course, "pregnancy").last_done_on == FIRST


def test_an_unknown_pregnancy_is_still_due(
    course: Course, nurse: User, clock: time_machine.Traveller
) -> None:
    clock.move_to(TEN)
    checked(session(course), nurse, TEN, calm(pregnancy="unknown"))
    assert due(course, "pregnancy").last_done_on is None


def test_a_withdrawn_infusion_counts_no_more(
    course: Course, chair: Chair, nurse: User, clock: time_machine.Traveller
) -> None:
    clock.move_to(at(FIRST, 12))
    infusion = attended(course, 1, FIRST, chair, nurse)
    after = phq9(course.patient, 12, at(FIRST, 11, 55), nurse)
    assert after.hours_since_infusion == Decimal("2.0")
    withdrawn = withdraw_infusion(infusion=infusion, reason="Wrong patient", by=nurse)
    assert withdrawn.entered_in_error_at == at(FIRST, 12)
    assert session(course).status == "entered_in_error"
    assert not course.infusions.given().exists()
    course.refresh_from_db()
    assert (course.status, course.started_on) == ("active", None)
    # What the infusion had moved moves back, and the form no longer tells hours since it.
    assert due(course, "lft_baseline").status in {"open", "closed"}
    assert not Requirement.objects.filter(kind="scale_24h", status="open").exists()
    after.refresh_from_db()
    assert after.hours_since_infusion is None
    event = AuditEvent.objects.get(event="infusion.withdrawn")
    assert event.change == {"reason": "Wrong patient"}
    assert code_of(withdraw_infusion, infusion=infusion, reason="x", by=nurse) == "illegal_move"
    assert code_of(withdraw_infusion, infusion=infusion, reason=" ", by=nurse) == "reason_missing"


def test_a_withdrawn_running_infusion_frees_its_chair(
    course: Course, chair: Chair, nurse: User, clock: time_machine.Traveller
) -> None:
    clock.move_to(at(FIRST, 12))
    appointment = visit(course, 1, FIRST, chair, nurse)
    mark_arrived(session=session(course), by=nurse, at=at(FIRST, 9))
    infusion = started(session(course), nurse, TEN)
    withdraw_infusion(infusion=infusion, reason="Wrong dose", by=nurse)
    appointment.refresh_from_db()
    assert appointment.status == "fulfilled"


# --- doses that are not given -----------------------------------------------------------------
def test_a_no_show_is_missed_and_the_course_stays(
    course: Course, chair: Chair, nurse: User, clock: time_machine.Traveller
) -> None:
    clock.move_to(at(FIRST, 11))
    appointment = visit(course, 1, FIRST, chair, nurse)
    mark_no_show(session=session(course), by=nurse)
    appointment.refresh_from_db()
    assert (appointment.status, session(course).status) == ("no_show", "missed")
    course.refresh_from_db()
    assert course.status == "planned"
    # The next dose is the first that is asked for.
    screener = Requirement.objects.get(kind="cssrs", status="open")
    assert screener.cycle == str(session(course, 2).pk)


def test_who_has_arrived_did_come(
    course: Course, chair: Chair, nurse: User, clock: time_machine.Traveller
) -> None:
    clock.move_to(at(FIRST, 11))
    visit(course, 1, FIRST, chair, nurse)
    mark_arrived(session=session(course), by=nurse)
    assert code_of(mark_no_show, session=session(course), by=nurse) == "illegal_move"
    assert session(course).status == "booked"


def test_a_cancelled_dose_frees_its_chair_and_leaves_the_rest(
    course: Course, chair: Chair, nurse: User
) -> None:
    appointment = visit(course, 4, date(2026, 12, 10), chair, nurse)
    assert code_of(cancel_session, session=session(course, 4), reason="", by=nurse) == (
        "reason_missing"
    )
    cancel_session(session=session(course, 4), reason="Surgery", by=nurse)
    appointment.refresh_from_db()
    assert (appointment.status, appointment.status_reason) == ("cancelled", "Surgery")
    assert [s.status for s in course.sessions.order_by("number")] == [
        "planned", "planned", "planned", "cancelled", "planned", "planned",
    ]  # fmt: skip


def test_without_an_appointment_nobody_arrives(course: Course, nurse: User) -> None:
    assert code_of(mark_arrived, session=session(course), by=nurse) == "no_appointment"


def test_a_dose_may_be_given_without_a_booked_chair(
    course: Course, nurse: User, patient: Patient, clock: time_machine.Traveller
) -> None:
    clock.move_to(at(FIRST, 14))
    given(session(course), nurse, TEN)
    discharge(session=session(course), by=nurse, at=TEN + timedelta(minutes=160))
    assert session(course).status == "completed"
    assert not patient.appointments.exists()
