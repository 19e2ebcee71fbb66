"""Booking a whole course at once: proposed in words first, then all or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from clinic.actions.appointments import book_appointment
from clinic.actions.audit import record
from clinic.errors import DomainError, Refused
from clinic.models import Appointment, Chair, Patient, User
from clinic.rules.dates import to_utc
from courses.actions.courses import plan_course
from courses.actions.monitoring import sync
from courses.actions.moves import hold_course, move_session
from courses.models import Course, Protocol, Scale, Session, SessionStatus
from courses.queries.counting import protocol_rules


@dataclass(frozen=True, slots=True)
class ProposedSlot:
    """One session with its time; `conflict` is a sentence, empty where it can be booked."""

    session_id: UUID
    number: int
    day: date
    starts_at: datetime
    ends_at: datetime
    conflict: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """Every waiting session of a course at one time of day in one chair."""

    course_id: UUID
    chair_id: UUID
    staff_id: UUID | None
    slots: tuple[ProposedSlot, ...]

    @property
    def is_bookable(self) -> bool:
        return bool(self.slots) and not any(slot.conflict for slot in self.slots)


def propose_series(*, course: Course, at_time: time, chair: Chair, staff: User | None) -> Proposal:
    """What booking would say of each session, without booking anything."""
    slots = []
    for session in _waiting(course):
        starts_at, ends_at = _times(course, session, at_time)
        conflict = _conflict(course, chair, staff, starts_at, ends_at)
        slots.append(
            ProposedSlot(session.pk, session.number, session.ideal_on, starts_at, ends_at, conflict)
        )
    return Proposal(course.pk, chair.pk, staff.pk if staff else None, tuple(slots))


@transaction.atomic
def book_series(
    *, course: Course, at_time: time, chair: Chair, staff: User | None, by: User
) -> list[Appointment]:
    """Book every waiting session, or none. Raises what `book_appointment` raises for the first
    that cannot be booked, naming the dose."""
    held = hold_course(course)
    booked = []
    for session in _waiting(held):
        starts_at, ends_at = _times(held, session, at_time)
        try:
            appointment = book_appointment(
                patient=held.patient,
                chair=chair,
                staff=staff,
                starts_at=starts_at,
                ends_at=ends_at,
                by=by,
            )
        except DomainError as error:
            error.message = f"Dose {session.number} on {session.ideal_on:%a %d %b}: {error.message}"
            raise
        _attach(session, appointment, by=by)
        booked.append(appointment)
    if not booked:
        raise Refused("nothing_to_book", "Every dose of this course has a chair already.")
    record("course.booked", by=by, subject=held, change={"sessions": len(booked)})
    sync(course=held)
    return booked


@transaction.atomic
def attach_appointment(*, session: Session, appointment: Appointment, by: User) -> Session:
    """This appointment is for this dose. Raises Refused `other_patient`, RuleError by the table."""
    held = hold_course(session.course)
    session = Session.objects.select_for_update(no_key=True).get(pk=session.pk)
    if appointment.patient_id != held.patient_id:
        raise Refused("other_patient", "This dose belongs to another patient.", "session")
    _attach(session, appointment, by=by)
    sync(course=held)
    return session


def _attach(session: Session, appointment: Appointment, *, by: User) -> None:
    session.appointment = appointment
    move_session(session, SessionStatus.BOOKED, by=by, at=timezone.now())


def _waiting(course: Course) -> list[Session]:
    return list(course.sessions.filter(status=SessionStatus.PLANNED).order_by("number"))


def _times(course: Course, session: Session, at_time: time) -> tuple[datetime, datetime]:
    """Wall-clock start on the ideal day; the chair is taken for elapsed minutes."""
    starts_at = to_utc(session.ideal_on, at_time, course.site.zone)
    minutes = protocol_rules(course).chair_minutes
    return starts_at, starts_at + timedelta(minutes=minutes)


class _OnlyAsking(Exception):
    """Ends the attempt of a booking that was only to be tried."""


def _conflict(
    course: Course, chair: Chair, staff: User | None, starts_at: datetime, ends_at: datetime
) -> str:
    """What the very action would say; tried in a savepoint that is always rolled back."""
    try:
        with transaction.atomic():
            book_appointment(
                patient=course.patient,
                chair=chair,
                staff=staff,
                starts_at=starts_at,
                ends_at=ends_at,
                by=None,
            )
            raise _OnlyAsking
    except _OnlyAsking:
        return ""
    except DomainError as error:
        return error.message


@dataclass(frozen=True, slots=True)
class CourseWish:
    """A whole course as a person asks for it."""

    patient: Patient
    protocol: Protocol
    primary_scale: Scale
    prescriber: User
    second_prescriber: User | None
    mg_per_kg: Decimal
    planned_count: int
    first_on: date
    weekdays: tuple[int, ...]
    at_time: time
    chair: Chair
    staff: User | None


def propose_course(wish: CourseWish, *, by: User) -> Proposal:
    """What planning and booking this would give; nothing stays. Raises as `plan_course`."""
    proposal: Proposal | None = None
    try:
        with transaction.atomic():
            course = _planned(wish, by=by)
            proposal = propose_series(
                course=course, at_time=wish.at_time, chair=wish.chair, staff=wish.staff
            )
            raise _OnlyAsking
    except _OnlyAsking:
        pass
    if proposal is None:
        raise Refused("nothing_to_book", "There is nothing to book.")
    return proposal


@transaction.atomic
def book_course(wish: CourseWish, *, by: User) -> Course:
    """Plan the course and book every dose, or nothing at all."""
    course = _planned(wish, by=by)
    book_series(course=course, at_time=wish.at_time, chair=wish.chair, staff=wish.staff, by=by)
    return course


def _planned(wish: CourseWish, *, by: User) -> Course:
    return plan_course(
        patient=wish.patient,
        protocol=wish.protocol,
        primary_scale=wish.primary_scale,
        prescriber=wish.prescriber,
        second_prescriber=wish.second_prescriber,
        mg_per_kg=wish.mg_per_kg,
        planned_count=wish.planned_count,
        first_on=wish.first_on,
        weekdays=wish.weekdays,
        by=by,
    )
