"""Doses that wait are laid out anew: after a pause, a miss, a withdrawal. None is lost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.db import transaction
from django.utils import timezone

from clinic.actions.appointments import cancel_appointment
from clinic.actions.audit import record
from clinic.errors import Refused
from clinic.models import User
from clinic.rules.dates import today_local
from courses.actions.monitoring import sync
from courses.actions.moves import hold_course, move_session, session_step
from courses.models import Course, CourseStatus, Session, SessionStatus
from courses.queries.counting import protocol_rules
from courses.rules import windows
from courses.rules.protocols import PlannedSession, plan_sessions

REASON = "Laid out anew"


@transaction.atomic
def lay_out_anew(
    *, course: Course, first_on: date, weekdays: Sequence[int], by: User
) -> list[Session]:
    """Every dose still to be given, from `first_on` on the wished weekdays.

    Waiting sessions move and give their chairs back. A number that was missed, cancelled or
    withdrawn gets a new session that says which one it replaces: the count is not lost.
    Raises Refused (`course_resting`, `in_past`, `nothing_to_plan`, or the limit between infusions
    that the first day touches), RuleError for weekdays.
    """
    held = hold_course(course)
    if held.status not in (CourseStatus.PLANNED, CourseStatus.ACTIVE):
        raise Refused("course_resting", f"The course is {held.get_status_display().lower()}.")
    if first_on < today_local(timezone.now(), held.site.zone):
        raise Refused("in_past", "That day has passed.", "first_on")
    numbers = _numbers_to_come(held)
    if not numbers:
        raise Refused("nothing_to_plan", "Every dose of this course is given.")
    planned = _planned(held, numbers, first_on, weekdays)
    _require_gap(held, planned[0].ideal_on)
    waiting = {session.number: session for session in held.sessions.waiting()}
    sessions = [
        _moved(waiting[number], plan, by=by)
        if number in waiting
        else _replaced(held, number, plan, by=by)
        for number, plan in zip(numbers, planned, strict=True)
    ]
    record("course.laid_out", by=by, subject=held, change={"sessions": len(sessions)})
    sync(course=held)
    return sessions


def _numbers_to_come(course: Course) -> list[int]:
    given = set(
        course.sessions.filter(
            status__in=(SessionStatus.RUNNING, SessionStatus.COMPLETED, SessionStatus.STOPPED)
        ).values_list("number", flat=True)
    )
    return [number for number in range(1, course.planned_count + 1) if number not in given]


def _planned(
    course: Course, numbers: Sequence[int], first_on: date, weekdays: Sequence[int]
) -> list[PlannedSession]:
    """Windows as at the start of a course, for as many doses as are left."""
    rules = protocol_rules(course)
    whole = plan_sessions(rules, first_on=first_on, weekdays=weekdays, count=course.planned_count)
    return list(whole[: len(numbers)])


def _require_gap(course: Course, first_on: date) -> None:
    gaps = protocol_rules(course).gaps
    given = course.infusions.given().values_list("given_on", flat=True)
    if gaps is None or not given:
        return
    found = windows.check_gap(given, first_on, gaps)
    # An interruption was answered by resuming the course; the gate asks again.
    if found.status == windows.BLOCK and found.reason != "course_interrupted":
        raise Refused(found.reason, found.sentence, "first_on")


def _moved(session: Session, plan: PlannedSession, *, by: User) -> Session:
    visit = session.appointment
    session.earliest_on, session.ideal_on, session.latest_on = (
        plan.earliest_on,
        plan.ideal_on,
        plan.latest_on,
    )
    if session.status == SessionStatus.BOOKED:
        session.appointment = None
        move_session(session, SessionStatus.PLANNED, by=by, at=timezone.now(), reason=REASON)
    else:
        session.version += 1
        session.save()
    if visit and visit.status in ("booked", "arrived"):
        cancel_appointment(appointment=visit, reason=REASON, by=by)
    return session


def _replaced(course: Course, number: int, plan: PlannedSession, *, by: User) -> Session:
    session = Session.objects.create(
        site_id=course.site_id,
        course=course,
        number=number,
        earliest_on=plan.earliest_on,
        ideal_on=plan.ideal_on,
        latest_on=plan.latest_on,
        replaces=course.sessions.filter(number=number).order_by("-created_at").first(),
    )
    session_step(session, "", by=by, at=timezone.now(), reason=REASON)
    return session
