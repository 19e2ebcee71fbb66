"""Infusions of the demo clinic: those given before today, and today's board."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from clinic.actions.appointments import book_appointment
from clinic.models import Appointment, Chair
from clinic.queries import current
from courses.actions.assessments import record_assessment
from courses.actions.dose import Mixture
from courses.actions.gate import GateFacts, check_gate
from courses.actions.monitoring import told_once
from courses.actions.series import attach_appointment
from courses.actions.sessions import (
    discharge,
    end_infusion,
    mark_arrived,
    mark_no_show,
    start_infusion,
)
from courses.demo.stories import Story
from courses.models import Course, CourseStatus, Infusion, Scale, Session, SessionStatus
from courses.rules.protocols import parse_protocol

if TYPE_CHECKING:
    from courses.demo.writer import House

NO: Final = [0, 0, None, None, None, 0, None]
PREPARATION: Final = timedelta(minutes=20)
MIXTURE: Final = Mixture(Decimal(50), Decimal(2), Decimal(0), "", Decimal(100))
GRID: Final = (time(7, 30), time(8, 30), time(10), time(11, 15), time(12, 30), time(13, 45),
               time(15), time(16, 15))  # fmt: skip


def give(house: House, story: Story, course: Course, number: int, day: date) -> None:
    """One dose of the past, from arrival to leaving."""
    session = Session.objects.select_related("course__site").get(course=course, number=number)
    chair = house.chairs[story.number % len(house.chairs)]
    starts_at = house.at(day, 8 + 4 * (story.number // len(house.chairs) % 3))
    infusion_minutes = timedelta(minutes=course.infusion_minutes)
    nurse = house.people["nurse"]
    with told_once():
        _past_visit(house, session, chair, starts_at)
        mark_arrived(session=session, by=nurse, at=starts_at)
        _screen(house, session, starts_at)
    weight_kg = Decimal(story.weight_kg)
    check = check_gate(
        session=session,
        facts=facts(weight_kg, day, sbp=112 + story.number % 25, dbp=70 + story.number % 12),
        by=nurse,
        at=starts_at + PREPARATION / 2,
    )
    begun = starts_at + PREPARATION
    ended = begun + infusion_minutes
    with told_once():
        infusion = start_infusion(
            session=session, gate_check=check, mixture=MIXTURE, by=nurse, at=begun
        )
        end_infusion(infusion=infusion, by=nurse, at=ended)
        session.refresh_from_db()
        discharge(session=session, by=nurse, at=ended + timedelta(hours=2))


def facts(weight_kg: Decimal, weighed_on: date, *, sbp: int, dbp: int) -> GateFacts:
    """A calm patient who kept to everything."""
    return GateFacts(
        sbp=sbp,
        dbp=dbp,
        spo2=98,
        pregnancy="not_applicable",
        fasting_kept=True,
        airway_equipment=True,
        capnography=True,
        escort=True,
        weight_kg=weight_kg,
        weighed_on=weighed_on,
    )


def _past_visit(house: House, session: Session, chair: Chair, starts_at: datetime) -> None:
    """A booked visit of the past; booking itself refuses what has passed."""
    length = timedelta(minutes=parse_protocol(session.course.protocol.content).chair_minutes)
    appointment = Appointment.objects.create(
        site=house.site,
        patient_id=session.course.patient_id,
        chair=_free_chair(house, chair, starts_at, starts_at + length),
        staff=house.people["nurse"],
        during=(starts_at, starts_at + length),
    )
    attach_appointment(session=session, appointment=appointment, by=house.people["coordinator"])
    session.refresh_from_db()


def _free_chair(house: House, wished: Chair, starts_at: datetime, ends_at: datetime) -> Chair:
    taken = set(
        Appointment.objects.of_site(house.site.pk)
        .occupying()
        .overlapping(starts_at, ends_at)
        .values_list("chair_id", flat=True)
    )
    return next((c for c in (wished, *house.chairs) if c.pk not in taken), wished)


def _screen(house: House, session: Session, at: datetime) -> None:
    record_assessment(
        patient=session.course.patient,
        scale=current(Scale, "cssrs_screener"),
        items=NO,
        taken_at=at,
        session=session,
        by=house.people["nurse"],
    )


def give_today(house: House) -> None:
    """Today's board: as far along as the clock on the wall says."""
    waiting = (
        Session.objects.filter(
            site=house.site,
            course__status__in=(CourseStatus.PLANNED, CourseStatus.ACTIVE),
            status=SessionStatus.PLANNED,
        )
        .select_related("course__site", "course__patient", "course__protocol")
        .order_by("course__patient__record_number", "number")
    )
    first: dict[object, Session] = {}
    for session in waiting:
        first.setdefault(session.course_id, session)
    todays = [s for s in first.values() if s.earliest_on <= house.today <= s.latest_on]
    for place, session in enumerate(todays[: len(GRID)]):
        _today(house, session, place)
    for session in waiting.filter(ideal_on__gt=house.today):
        _book_ahead(house, session)


def _today(house: House, session: Session, place: int) -> None:
    wall = GRID[place]
    starts_at = house.at(house.today, wall.hour, wall.minute)
    chair = house.chairs[place % len(house.chairs)]
    _past_visit(house, session, chair, starts_at)
    elapsed = house.now - starts_at
    if elapsed < timedelta(0):
        return
    nurse = house.people["nurse"]
    if place == 6:
        if elapsed > timedelta(minutes=45):
            mark_no_show(session=session, by=nurse, at=house.now)
        return
    mark_arrived(session=session, by=nurse, at=starts_at)
    _screen(house, session, starts_at)
    if elapsed >= PREPARATION:
        _treat_today(house, session, starts_at, place)


def _treat_today(house: House, session: Session, starts_at: datetime, place: int) -> None:
    """A blood pressure that holds, a baseline that is missing: not every dose begins."""
    nurse = house.people["nurse"]
    held = place == 3
    check = check_gate(
        session=session,
        facts=facts(
            _weight_kg(session, place),
            house.today,
            sbp=164 if held else 124,
            dbp=92 if held else 78,
        ),
        by=nurse,
        at=starts_at + PREPARATION / 2,
    )
    if check.decision not in {"allow", "warn"}:
        return
    begun = starts_at + PREPARATION
    infusion = start_infusion(
        session=session, gate_check=check, mixture=MIXTURE, by=nurse, at=begun
    )
    ends_at = begun + timedelta(minutes=session.course.infusion_minutes)
    if house.now < ends_at:
        return
    end_infusion(infusion=infusion, by=nurse, at=ends_at)
    session.refresh_from_db()
    leaves_at = ends_at + timedelta(minutes=125)
    if house.now >= leaves_at:
        discharge(session=session, by=nurse, at=leaves_at)


def _weight_kg(session: Session, place: int) -> Decimal:
    """As at the last dose; people do not change overnight."""
    last = Infusion.objects.for_patient(session.course.patient_id).order_by("-started_at").first()
    return last.weight_kg if last else Decimal(70 + place)


def _book_ahead(house: House, session: Session) -> None:
    """The rest of each course, in the first chair that is free at an hour of its own."""
    length = timedelta(minutes=parse_protocol(session.course.protocol.content).chair_minutes)
    for hour in (8, 12, 16):
        starts_at = house.at(session.ideal_on, hour)
        chair = _free_chair(house, house.chairs[0], starts_at, starts_at + length)
        taken = Appointment.objects.of_site(house.site.pk).occupying().filter(chair=chair)
        if taken.overlapping(starts_at, starts_at + length).exists():
            continue
        appointment = book_appointment(
            patient=session.course.patient,
            chair=chair,
            starts_at=starts_at,
            ends_at=starts_at + length,
            by=house.people["coordinator"],
        )
        attach_appointment(session=session, appointment=appointment, by=house.people["coordinator"])
        return
