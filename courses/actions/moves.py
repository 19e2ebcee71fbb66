"""Legal moves of courses and sessions, each a row that says who and when.

Steps of other actions: the caller holds the transaction and hands the facts down afterwards.
"""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from clinic.actions.appointments import cancel_appointment
from clinic.actions.audit import record
from clinic.models import Patient, User
from courses.models import Course, CourseTransition, Session, SessionStatus, SessionTransition
from courses.rules import transitions


def hold_course(course: Course) -> Course:
    """The course's row, locked until the transaction ends, after its patient's."""
    Patient.objects.select_for_update(no_key=True).get(pk=course.patient_id)
    return (
        Course.objects.select_for_update(no_key=True, of=("self",))
        .select_related("site", "patient", "protocol")
        .get(pk=course.pk)
    )


def hold_session(session: Session) -> Session:
    """The session's row as it stands now. Hold its course first."""
    return Session.objects.select_for_update(no_key=True).get(pk=session.pk)


def move_course(
    course: Course, to: str, *, by: User | None, at: datetime, reason: str = ""
) -> None:
    """Along the table, or RuleError `illegal_move`."""
    before = course.status
    transitions.require_move(transitions.COURSE, before, to)
    course.status = to
    course.version += 1
    course.save()
    course_step(course, before, by=by, at=at, reason=reason)
    record(f"course.{to}", by=by, subject=course)


def course_step(
    course: Course, before: str, *, by: User | None, at: datetime, reason: str = ""
) -> None:
    """One row of a course's life."""
    CourseTransition.objects.create(
        site_id=course.site_id,
        course=course,
        from_status=before,
        to_status=course.status,
        at=at,
        by=by,
        reason=reason.strip(),
    )


def move_session(
    session: Session, to: str, *, by: User | None, at: datetime, reason: str = ""
) -> None:
    """Along the table, or RuleError `illegal_move`."""
    before = session.status
    transitions.require_move(transitions.SESSION, before, to)
    session.status = to
    session.version += 1
    session.save()
    session_step(session, before, by=by, at=at, reason=reason)


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


def free_chairs(course: Course, *, by: User | None, reason: str, to: str) -> None:
    """Give back the chairs of what waits. `to` planned: it still waits; cancelled: it does not."""
    for session in course.sessions.waiting().select_related("appointment", "site"):
        appointment = session.appointment
        if session.status != to:
            session.appointment = None if to == SessionStatus.PLANNED else appointment
            move_session(session, to, by=by, at=timezone.now(), reason=reason)
        if appointment and appointment.status in ("booked", "arrived"):
            cancel_appointment(appointment=appointment, reason=reason, by=by)
