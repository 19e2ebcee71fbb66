"""What the calendar does by itself: windows pass, and a course without a dose is interrupted."""

from __future__ import annotations

import logging
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone

from clinic.errors import DomainError
from clinic.models import AppointmentStatus
from clinic.rules.dates import today_local
from clinic.rules.errors import RuleError
from courses.actions.monitoring import session_day, sync
from courses.actions.moves import hold_course, move_course
from courses.actions.sessions import leave_out
from courses.models import Course, CourseStatus, Session, SessionStatus
from courses.queries.counting import protocol_rules
from courses.rules import windows
from courses.rules.protocols import Gaps

log = logging.getLogger(__name__)

HERE = (
    AppointmentStatus.ARRIVED,
    AppointmentStatus.IN_TREATMENT,
    AppointmentStatus.OBSERVING,
    AppointmentStatus.FULFILLED,
)


def mark_missed(at: datetime | None = None) -> int:
    """Sessions whose window is over become missed, courses without a dose too long interrupted.

    How many rows moved. Each course in a transaction of its own; one that cannot be moved is
    logged and does not keep the others waiting.
    """
    moment = at or timezone.now()
    return sum(_moved(course, moment) for course in Course.objects.under_way())


def _moved(course: Course, at: datetime) -> int:
    try:
        return _move_on(course, at)
    except (DomainError, RuleError) as fault:
        log.error("Course %s cannot be moved on: %s", course.pk, fault.code)
        return 0


@transaction.atomic
def _move_on(course: Course, at: datetime) -> int:
    held = hold_course(course)
    gaps = protocol_rules(held, at).gaps
    if gaps is None or held.patient.standing != "here":
        return 0
    on = today_local(at, held.site.zone)
    last_on = (
        held.infusions.given().order_by("-given_on").values_list("given_on", flat=True).first()
    )
    return _miss(held, on, last_on, gaps, at) + _interrupt(held, on, last_on, gaps, at)


def _miss(course: Course, on: date, last_on: date | None, gaps: Gaps, at: datetime) -> int:
    # While a course rests nothing is expected, so nothing is missed.
    if course.status not in (CourseStatus.PLANNED, CourseStatus.ACTIVE):
        return 0
    over = [
        session
        for session in course.sessions.waiting().select_related("appointment", "site")
        if _is_over(session, on, last_on, gaps)
    ]
    for session in over:
        leave_out(session, SessionStatus.MISSED, "Window is over", by=None, at=at)
    return len(over)


def _is_over(session: Session, on: date, last_on: date | None, gaps: Gaps) -> bool:
    visit = session.appointment
    if visit and visit.status in HERE:
        return False
    # Booked later on purpose: the chair's day counts.
    booked = visit is not None and visit.status == AppointmentStatus.BOOKED
    latest_on = max(session.latest_on, session_day(session)) if booked else session.latest_on
    return windows.is_missed(latest_on=latest_on, last_given_on=last_on, on=on, gaps=gaps)


def _interrupt(course: Course, on: date, last_on: date | None, gaps: Gaps, at: datetime) -> int:
    if course.status not in (CourseStatus.ACTIVE, CourseStatus.PAUSED):
        return 0
    since = max(filter(None, (last_on, _resumed_on(course))), default=None)
    if not windows.is_interrupted(last_given_on=since, on=on, gaps=gaps):
        return 0
    move_course(course, CourseStatus.INTERRUPTED, by=None, at=at, reason="No dose for too long")
    sync(course=course)
    return 1


def _resumed_on(course: Course) -> date | None:
    """Going on after an interruption starts the count anew, else it would end at once."""
    step = (
        course.transitions.filter(
            from_status=CourseStatus.INTERRUPTED, to_status=CourseStatus.ACTIVE
        )
        .order_by("-at", "-id")
        .first()
    )
    return today_local(step.at, course.site.zone) if step else None
