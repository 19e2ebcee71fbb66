"""A course begins, rests, goes on and ends. Every move by the table, with a row that says who."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from clinic.actions.appointments import cancel_appointment
from clinic.actions.audit import record
from clinic.errors import Conflict, Refused
from clinic.models import Patient, User
from clinic.rules.dates import today_local
from courses.actions.monitoring import sync
from courses.models import (
    Course,
    CourseStatus,
    CourseTransition,
    Protocol,
    Scale,
    Session,
    SessionStatus,
    SessionTransition,
    StopReason,
)
from courses.rules import dosing, transitions
from courses.rules.protocols import PlannedSession, parse_protocol, plan_sessions
from courses.rules.scales import parse_scale


@transaction.atomic
def plan_course(
    *,
    patient: Patient,
    protocol: Protocol,
    primary_scale: Scale,
    prescriber: User,
    mg_per_kg: Decimal,
    planned_count: int,
    first_on: date,
    weekdays: Sequence[int],
    by: User | None,
) -> Course:
    """A planned course with its sessions and their windows; chairs are booked afterwards.

    Raises Refused (`not_here`, `not_orderable`, `not_an_outcome_scale`, or the code of what stands
    against the dose), Conflict `course_under_way`, RuleError for count and weekdays.
    """
    # The patient's row first, so that two people starting a course take turns.
    Patient.objects.select_for_update(no_key=True).get(pk=patient.pk)
    if patient.standing != "here":
        raise Refused("not_here", f"This patient is {patient.standing}.", "patient")
    if Course.objects.for_patient(patient.pk).under_way().exists():
        raise Conflict("course_under_way", "This patient already has a course under way.")
    rules = parse_protocol(protocol.content)
    if not rules.orderable:
        raise Refused("not_orderable", f"{rules.title} cannot be booked.", "protocol")
    if not parse_scale(primary_scale.content).is_outcome:
        raise Refused(
            "not_an_outcome_scale",
            f"Response is not defined on {primary_scale.title}.",
            "primary_scale",
        )
    found = dosing.worst(dosing.check_order(rules, mg_per_kg=mg_per_kg))
    if found.status == dosing.BLOCK:
        raise Refused(found.reason, found.sentence, "mg_per_kg")
    planned = plan_sessions(rules, first_on=first_on, weekdays=weekdays, count=planned_count)
    course = Course.objects.create(
        site_id=patient.site_id,
        patient=patient,
        number=_next_number(patient),
        protocol=protocol,
        primary_scale=primary_scale,
        prescriber=prescriber,
        planned_count=planned_count,
        mg_per_kg=mg_per_kg,
        infusion_minutes=rules.dose.minutes or 0,
        planned_start_on=planned[0].ideal_on,
    )
    _course_step(course, "", by=by, at=timezone.now())
    for session in planned:
        _plan_session(course, session, by=by)
    record("course.planned", by=by, subject=course)
    sync(course=course)
    return course


def _next_number(patient: Patient) -> int:
    last = Course.objects.for_patient(patient.pk).aggregate(last=Max("number"))["last"]
    return int(last or 0) + 1


def _plan_session(course: Course, planned: PlannedSession, *, by: User | None) -> Session:
    session = Session.objects.create(
        site_id=course.site_id,
        course=course,
        number=planned.number,
        earliest_on=planned.earliest_on,
        ideal_on=planned.ideal_on,
        latest_on=planned.latest_on,
    )
    session_step(session, "", by=by, at=timezone.now())
    return session


def session_step(
    session: Session, before: str, *, by: User | None, at: datetime, reason: str = ""
) -> None:
    """One row of a session's life."""
    SessionTransition.objects.create(
        site_id=session.site_id,
        session=session,
        from_status=before,
        to_status=session.status,
        at=at,
        by=by,
        reason=reason.strip(),
    )


def move_session(
    session: Session, to: str, *, by: User | None, at: datetime, reason: str = ""
) -> None:
    """Along the table, or RuleError `illegal_move`. The caller holds the transaction."""
    before = session.status
    transitions.require_move(transitions.SESSION, before, to)
    session.status = to
    session.version += 1
    session.save()
    session_step(session, before, by=by, at=at, reason=reason)


def _course_step(
    course: Course, before: str, *, by: User | None, at: datetime, reason: str = ""
) -> None:
    CourseTransition.objects.create(
        site_id=course.site_id,
        course=course,
        from_status=before,
        to_status=course.status,
        at=at,
        by=by,
        reason=reason.strip(),
    )


def move_course(
    course: Course, to: str, *, by: User | None, at: datetime, reason: str = ""
) -> None:
    """Along the table, or RuleError `illegal_move`. The caller holds the transaction and syncs."""
    before = course.status
    transitions.require_move(transitions.COURSE, before, to)
    course.status = to
    course.version += 1
    course.save()
    _course_step(course, before, by=by, at=at, reason=reason)
    record(f"course.{to}", by=by, subject=course)


def hold_course(course: Course) -> Course:
    """The course's row, locked until the transaction ends, after its patient's."""
    Patient.objects.select_for_update(no_key=True).get(pk=course.patient_id)
    return Course.objects.select_for_update(no_key=True).select_related("site").get(pk=course.pk)


@transaction.atomic
def pause_course(*, course: Course, reason: str, by: User, at: datetime | None = None) -> Course:
    """Rest. Booked chairs are freed, sessions stay planned, reminders stop, time goes on."""
    held = hold_course(course)
    _require_reason(reason)
    move_course(held, CourseStatus.PAUSED, by=by, at=at or timezone.now(), reason=reason)
    _free_chairs(held, by=by, reason="Course paused", to=SessionStatus.PLANNED)
    sync(course=held)
    return held


@transaction.atomic
def resume_course(*, course: Course, reason: str, by: User, at: datetime | None = None) -> Course:
    """Go on after a pause or an interruption; the gate asks again before the next dose."""
    held = hold_course(course)
    _require_reason(reason)
    if not held.infusions.given().exists():
        raise Refused("never_started", "No infusion was given yet: book the first one.")
    move_course(held, CourseStatus.ACTIVE, by=by, at=at or timezone.now(), reason=reason)
    sync(course=held)
    return held


@transaction.atomic
def stop_course(
    *, course: Course, reason: str, by: User, note: str = "", at: datetime | None = None
) -> Course:
    """End early, with a coded reason. What waits is cancelled and its chairs are freed."""
    held = hold_course(course)
    if reason not in StopReason.values:
        raise Refused("reason_missing", "Choose why it is stopped.", "reason")
    moment = at or timezone.now()
    held.stop_reason, held.note = reason, note.strip()
    held.ended_on = today_local(moment, held.site.zone)
    move_course(held, CourseStatus.STOPPED, by=by, at=moment, reason=StopReason(reason).label)
    _free_chairs(held, by=by, reason="Course stopped", to=SessionStatus.CANCELLED)
    sync(course=held)
    return held


@transaction.atomic
def complete_course(*, course: Course, by: User, at: datetime | None = None) -> Course:
    """All that was planned is given, or enough; what still waits is cancelled."""
    held = hold_course(course)
    moment = at or timezone.now()
    if held.sessions.filter(status=SessionStatus.RUNNING).exists():
        raise Refused("infusion_running", "An infusion is running. End it first.")
    held.ended_on = today_local(moment, held.site.zone)
    move_course(held, CourseStatus.COMPLETED, by=by, at=moment)
    _free_chairs(held, by=by, reason="Course completed", to=SessionStatus.CANCELLED)
    sync(course=held)
    return held


@transaction.atomic
def reopen_course(*, course: Course, reason: str, by: User, at: datetime | None = None) -> Course:
    """Closed by mistake: active again. Cancelled sessions stay cancelled."""
    held = hold_course(course)
    _require_reason(reason)
    if Course.objects.for_patient(held.patient_id).under_way().exclude(pk=held.pk).exists():
        raise Conflict("course_under_way", "This patient already has another course under way.")
    held.ended_on, held.stop_reason = None, ""
    move_course(held, CourseStatus.ACTIVE, by=by, at=at or timezone.now(), reason=reason)
    sync(course=held)
    return held


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise Refused("reason_missing", "Give a reason.", "reason")


def _free_chairs(course: Course, *, by: User | None, reason: str, to: str) -> None:
    waiting = course.sessions.filter(
        status__in=(SessionStatus.PLANNED, SessionStatus.BOOKED)
    ).select_related("appointment", "site")
    for session in waiting:
        appointment = session.appointment
        if session.status != to:
            session.appointment = None if to == SessionStatus.PLANNED else appointment
            move_session(session, to, by=by, at=timezone.now(), reason=reason)
        if appointment and appointment.status in ("booked", "arrived"):
            cancel_appointment(appointment=appointment, reason=reason, by=by)
