"""Moving, cancelling and not keeping a booked visit: the same effects from every door.

An appointment knows nothing of doses. These actions do what its own do, and carry the dose along.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from clinic.actions.appointments import (
    cancel_appointment,
    move_appointment,
    set_appointment_status,
)
from clinic.models import Appointment, AppointmentStatus, Chair, User
from courses.actions.monitoring import sync_patient
from courses.actions.moves import hold_course, hold_session, move_session
from courses.actions.sessions import mark_no_show
from courses.models import Session, SessionStatus


@transaction.atomic
def move_visit(
    *,
    appointment: Appointment,
    chair: Chair,
    starts_at: datetime,
    ends_at: datetime,
    staff: User | None,
    version: int,
    by: User,
) -> Appointment:
    """To another time, chair or person; what is due moves with the dose.

    Raises as `clinic.actions.appointments.move_appointment`.
    """
    session = _session_of(appointment)
    moved = move_appointment(
        appointment=appointment,
        chair=chair,
        starts_at=starts_at,
        ends_at=ends_at,
        staff=staff,
        version=version,
        by=by,
    )
    if session:
        sync_patient(patient_id=moved.patient_id)
    return moved


@transaction.atomic
def cancel_visit(*, appointment: Appointment, reason: str, by: User) -> Appointment:
    """Free the chair; the dose still waits and can be booked again.

    To leave the dose out as well: `courses.actions.sessions.cancel_session`.
    Raises Refused (`reason_missing`, `illegal_move`).
    """
    session = _session_of(appointment)
    cancelled = cancel_appointment(appointment=appointment, reason=reason, by=by)
    if session and session.status == SessionStatus.BOOKED:
        session.appointment = None
        move_session(session, SessionStatus.PLANNED, by=by, at=timezone.now(), reason=reason)
        sync_patient(patient_id=cancelled.patient_id)
    return cancelled


@transaction.atomic
def visit_not_kept(*, appointment: Appointment, by: User, at: datetime | None = None) -> None:
    """The patient did not come; a dose booked for it is missed. Raises Refused `illegal_move`."""
    session = _session_of(appointment)
    if session and session.status == SessionStatus.BOOKED:
        mark_no_show(session=session, by=by, at=at)
    else:
        set_appointment_status(appointment=appointment, to=AppointmentStatus.NO_SHOW, by=by, at=at)


def _session_of(appointment: Appointment) -> Session | None:
    """The dose it was booked for, held with its course; courses are always held first."""
    session = Session.objects.filter(appointment=appointment).select_related("course").first()
    if session is None:
        return None
    hold_course(session.course)
    return hold_session(session)
