"""A course at Riverside, London, as the tests of courses need it: Monday and Thursday at nine.

The clock is set by the tests. Everything is done through the actions, as in the clinic.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from clinic.models import Appointment, Chair, Patient, User
from clinic.queries import current
from courses.actions.assessments import record_assessment
from courses.actions.courses import plan_course
from courses.actions.dose import Mixture
from courses.actions.gate import GateFacts, check_gate
from courses.actions.series import attach_appointment, book_series
from courses.actions.sessions import end_infusion, mark_arrived, start_infusion
from courses.models import Assessment, Course, GateCheck, Infusion, Protocol, Scale, Session
from labs.models import LabRule, Requirement, UrinaryCheck
from tests.factories import AppointmentFactory, ReportFactory

# A Monday, and a morning of the week before it on which the course is planned.
FIRST = date(2026, 11, 30)
BEFORE = datetime(2026, 11, 26, 8, tzinfo=UTC)
NO_RISK = (0, 0, None, None, None, 0, None)
MIXTURE = Mixture(
    stock_mg_per_ml=Decimal(100),
    stock_ml=Decimal("0.5"),
    diluent_ml=Decimal("0.5"),
    diluent="NS",
    total_volume_ml=Decimal(100),
)


def at(day: date, hour: int, minute: int = 0) -> datetime:
    """UTC, which is also London's clock from November to March."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)


def baselines(patient: Patient, day: date = date(2026, 11, 20)) -> None:
    """A whole liver panel and a urinary check without symptoms."""
    ReportFactory.create(patient=patient, collected_at=at(day, 9), collected_on=day)
    UrinaryCheck.objects.create(
        site=patient.site,
        patient=patient,
        checked_on=day,
        checked_at=at(day, 9),
        level=0,
        rule=current(LabRule, "levels"),
    )


def planned(patient: Patient, prescriber: User, **wishes: Any) -> Course:
    """Six doses of 0.5 mg/kg on Mondays and Thursdays from 30 November, on PHQ-9."""
    given: dict[str, Any] = {
        "protocol": current(Protocol, "trd_standard"),
        "primary_scale": current(Scale, "phq9"),
        "mg_per_kg": Decimal("0.5"),
        "planned_count": 6,
        "first_on": FIRST,
        "weekdays": (1, 4),
        "by": prescriber,
    }
    return plan_course(patient=patient, prescriber=prescriber, **given | wishes)


def booked(course: Course, chair: Chair, by: User) -> list[Appointment]:
    return book_series(course=course, at_time=time(9), chair=chair, staff=None, by=by)


def session(course: Course, number: int = 1) -> Session:
    """The newest session of that number."""
    return course.sessions.filter(number=number).order_by("-created_at")[0]


def visit(course: Course, number: int, day: date, chair: Chair, by: User) -> Appointment:
    """A chair on a day of the tests' own, past or to come, for one dose."""
    starts_at = at(day, 9)
    appointment: Appointment = AppointmentFactory.create(
        patient=course.patient,
        chair=chair,
        during=(starts_at, starts_at + timedelta(minutes=175)),
    )
    attach_appointment(session=session(course, number), appointment=appointment, by=by)
    return appointment


def calm(**other: Any) -> GateFacts:
    """A patient of 70 kg who kept to everything."""
    facts: dict[str, Any] = {
        "sbp": 124,
        "dbp": 78,
        "spo2": 98,
        "pregnancy": "negative",
        "fasting_kept": True,
        "airway_equipment": True,
        "capnography": True,
        "escort": True,
        "weight_kg": Decimal(70),
        "weighed_on": FIRST,
        "drug_screen_on": FIRST,
    }
    return GateFacts(**facts | other)


def screened(patient: Patient, moment: datetime, by: User) -> Assessment:
    """A C-SSRS screener without risk."""
    return record_assessment(
        patient=patient,
        scale=current(Scale, "cssrs_screener"),
        items=NO_RISK,
        taken_at=moment,
        by=by,
    )


def checked(dose: Session, by: User, moment: datetime, facts: GateFacts | None = None) -> GateCheck:
    return check_gate(session=dose, facts=facts or calm(), by=by, at=moment)


def started(dose: Session, by: User, moment: datetime, **facts: Any) -> Infusion:
    """Screened and checked ten minutes before, then begun."""
    before = moment - timedelta(minutes=10)
    screened(dose.course.patient, before, by)
    check = checked(dose, by, before, calm(**facts))
    return start_infusion(session=dose, gate_check=check, mixture=MIXTURE, by=by, at=moment)


def given(dose: Session, by: User, moment: datetime) -> Infusion:
    """Begun and run to its end after 40 minutes."""
    infusion = started(dose, by, moment)
    return end_infusion(infusion=infusion, by=by, at=moment + timedelta(minutes=40))


def attended(course: Course, number: int, day: date, chair: Chair, by: User) -> Infusion:
    """A whole dose with its visit, from ten past nine."""
    visit(course, number, day, chair, by)
    dose = session(course, number)
    mark_arrived(session=dose, by=by, at=at(day, 9))
    return given(dose, by, at(day, 9, 15))


def phq9(patient: Patient, total: int, moment: datetime, by: User, **more: Any) -> Assessment:
    """Answers that add up to `total`, without the safety item."""
    answers = [min(3, max(0, total - 3 * place)) for place in range(8)]
    return record_assessment(
        patient=patient,
        scale=current(Scale, "phq9"),
        items=[*answers, 0],
        functional=1,
        taken_at=moment,
        by=by,
        **more,
    )


def due(course: Course, kind: str, cycle: str = "") -> Requirement:
    return Requirement.objects.get(subject_id=course.pk, kind=kind, cycle=cycle)
