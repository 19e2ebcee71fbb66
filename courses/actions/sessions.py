"""A dose is given: arrival, start, end, leaving; or it is missed, cancelled, withdrawn."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from clinic.actions.appointments import cancel_appointment, set_appointment_status
from clinic.actions.audit import record
from clinic.errors import Invalid, Refused
from clinic.models import AppointmentStatus, User
from clinic.rules.dates import today_local
from courses.actions.assessments import retime_assessments
from courses.actions.dose import Mixture, plan_dose
from courses.actions.gate import rules_of, standing_against
from courses.actions.monitoring import sync
from courses.actions.moves import hold_course, hold_session, move_course, move_session
from courses.models import (
    Course,
    CourseStatus,
    GateCheck,
    Infusion,
    Session,
    SessionStatus,
)
from courses.queries.counting import protocol_rules
from courses.rules import gate, session_monitoring


@transaction.atomic
def start_infusion(
    *,
    session: Session,
    gate_check: GateCheck,
    mixture: Mixture,
    by: User,
    at: datetime | None = None,
) -> Infusion:
    """Begin, on the strength of a fresh gate that allows it.

    Raises Invalid `in_future`, Refused (`gate_of_another`, `gate_blocks`, `gate_too_old`,
    `course_resting`, or a reason of the mixture).
    """
    moment = _past(at, "started_at")
    course = hold_course(session.course)
    session = hold_session(session)
    _require_open_gate(session, gate_check, moment)
    _require_nothing_new(course, moment)
    weight_kg = Decimal(gate_check.facts["weight_kg"])
    dose = plan_dose(course=course, weight_kg=weight_kg, mixture=mixture, at=moment)
    # First, so that a second press of the button meets the table and not a broken key.
    move_session(session, SessionStatus.RUNNING, by=by, at=moment)
    infusion = Infusion.objects.create(
        site_id=course.site_id,
        session=session,
        course=course,
        patient_id=course.patient_id,
        gate_check=gate_check,
        weight_kg=weight_kg,
        weighed_on=date.fromisoformat(gate_check.facts["weighed_on"]),
        mg_per_kg=course.mg_per_kg,
        dose_mg=dose.dose_mg,
        concentration_mg_per_ml=dose.concentration_mg_per_ml,
        drug_volume_ml=dose.drug_volume_ml,
        total_volume_ml=dose.total_volume_ml,
        rate_ml_per_h=dose.rate_ml_per_h,
        preparation=dose.counting.row,
        policy_version=dose.counting.policy_version,
        started_at=moment,
        given_on=today_local(moment, course.site.zone),
        started_by=by,
    )
    _move_visit(session, AppointmentStatus.IN_TREATMENT, by=by, at=moment)
    _begin_course(course, infusion, by=by, at=moment)
    record("infusion.started", by=by, subject=infusion)
    sync(course=course)
    return infusion


def _past(at: datetime | None, field: str) -> datetime:
    now = timezone.now()
    if at is not None and at > now:
        raise Invalid("in_future", "That time lies in the future.", field)
    return at or now


def _begin_course(course: Course, infusion: Infusion, *, by: User, at: datetime) -> None:
    if course.started_on is None:
        course.started_on = infusion.given_on
        course.save()
    if course.status == CourseStatus.PLANNED:
        move_course(course, CourseStatus.ACTIVE, by=by, at=at)


def _require_nothing_new(course: Course, at: datetime) -> None:
    """A result that came after the check can stand against the dose as well."""
    if course.status not in (CourseStatus.PLANNED, CourseStatus.ACTIVE):
        raise Refused("course_resting", f"The course is {course.get_status_display().lower()}.")
    against = standing_against(course, today_local(at, course.site.zone))
    if against:
        raise Refused("gate_blocks", f"Since the check: {', '.join(against)}. Check again.")


def _require_open_gate(session: Session, check: GateCheck, at: datetime) -> None:
    if check.session_id != session.pk:
        raise Refused("gate_of_another", "This check was made for another dose.")
    newest = session.gate_checks.order_by("-at", "-id").first()
    if newest is None or newest.pk != check.pk:
        raise Refused("gate_too_old", "There is a newer check. Look at that one.")
    if check.decision not in (gate.ALLOW, gate.WARN):
        against = [x["sentence"] for x in check.lines if x["verdict"] in (gate.BLOCK, gate.HOLD)]
        raise Refused("gate_blocks", " ".join(against), "", {"decision": check.decision})
    valid = rules_of(check).valid_minutes
    if not timedelta(0) <= at - check.at <= timedelta(minutes=valid):
        raise Refused("gate_too_old", f"The check is older than {valid} minutes: check again.")


def _move_visit(session: Session, to: str, *, by: User | None, at: datetime) -> None:
    """The visit follows the dose; one that was never booked has nothing to follow."""
    if session.appointment and session.appointment.status != to:
        set_appointment_status(appointment=session.appointment, to=to, by=by, at=at)


@transaction.atomic
def end_infusion(
    *,
    infusion: Infusion,
    by: User,
    at: datetime | None = None,
    given_mg: Decimal | None = None,
    stop_reason: str = "",
) -> Infusion:
    """It ran to its end, or was stopped with a reason and the amount that went in.

    Raises Invalid `in_future`, Refused (`not_running`, `ends_before_start`, `given_missing`,
    `given_above_dose`).
    """
    moment = _past(at, "ended_at")
    course = hold_course(infusion.course)
    held = Infusion.objects.select_for_update(no_key=True).get(pk=infusion.pk)
    if held.ended_at is not None:
        raise Refused("not_running", "This infusion has ended.")
    if moment <= held.started_at:
        raise Refused("ends_before_start", "It cannot end before it starts.", "ended_at")
    stopped = bool(stop_reason.strip())
    if stopped and given_mg is None:
        raise Refused("given_missing", "Say how many mg went in.", "given_mg")
    amount = held.dose_mg if given_mg is None else given_mg
    if not 0 <= amount <= held.dose_mg:
        raise Refused("given_above_dose", f"Between 0 and {held.dose_mg} mg.", "given_mg")
    held.ended_at, held.ended_by, held.given_mg = moment, by, amount
    held.stop_reason = stop_reason.strip()
    held.save()
    to = SessionStatus.STOPPED if stopped else SessionStatus.COMPLETED
    move_session(held.session, to, by=by, at=moment, reason=stop_reason)
    _move_visit(held.session, AppointmentStatus.OBSERVING, by=by, at=moment)
    record("infusion.ended", by=by, subject=held, change={"stopped": stopped})
    retime_assessments(patient_id=course.patient_id, since=moment)
    sync(course=course)
    return held


def earliest_leave(infusion: Infusion) -> datetime | None:
    """When the patient may leave; None while the infusion runs."""
    if infusion.ended_at is None:
        return None
    minutes = protocol_rules(infusion.course, infusion.ended_at).observation_minutes
    return session_monitoring.earliest_discharge(infusion.ended_at, minutes)


@transaction.atomic
def discharge(*, session: Session, by: User, at: datetime | None = None) -> Session:
    """The patient leaves. Raises Refused `too_early` with the time, `not_given`."""
    moment = at or timezone.now()
    course = hold_course(session.course)
    session = hold_session(session)
    infusion = getattr(session, "infusion", None)
    leave_at = earliest_leave(infusion) if infusion else None
    if leave_at is None:
        raise Refused("not_given", "The infusion has not ended.")
    if moment < leave_at:
        clock = leave_at.astimezone(session.site.zone)
        raise Refused("too_early", f"Observation lasts until {clock:%H:%M}.")
    _move_visit(session, AppointmentStatus.FULFILLED, by=by, at=moment)
    record("session.discharged", by=by, subject=session, patient_id=course.patient_id)
    return session


@transaction.atomic
def mark_arrived(*, session: Session, by: User, at: datetime | None = None) -> Session:
    """The patient is here. Raises Refused by the table of the visit."""
    if session.appointment is None:
        raise Refused("no_appointment", "This dose has no appointment.")
    set_appointment_status(
        appointment=session.appointment, to=AppointmentStatus.ARRIVED, by=by, at=at
    )
    return session


@transaction.atomic
def mark_no_show(*, session: Session, by: User, at: datetime | None = None) -> Session:
    """The patient did not come: the visit says so, the session is missed, the course stays.

    Raises Refused `illegal_move` for one who has arrived.
    """
    return leave_out(session, SessionStatus.MISSED, "Did not come", by=by, at=at)


@transaction.atomic
def cancel_session(
    *, session: Session, reason: str, by: User, at: datetime | None = None
) -> Session:
    """This dose will not be given; its chair is free."""
    if not reason.strip():
        raise Refused("reason_missing", "Give a reason.", "reason")
    return leave_out(session, SessionStatus.CANCELLED, reason, by=by, at=at)


def leave_out(
    session: Session, to: str, reason: str, *, by: User | None, at: datetime | None
) -> Session:
    """Missed or cancelled, with the visit that was booked for it."""
    moment = at or timezone.now()
    course = hold_course(session.course)
    held = hold_session(session)
    move_session(held, to, by=by, at=moment, reason=reason)
    waiting = (AppointmentStatus.BOOKED, AppointmentStatus.ARRIVED)
    if held.appointment and held.appointment.status in waiting:
        if to == SessionStatus.MISSED:
            _move_visit(held, AppointmentStatus.NO_SHOW, by=by, at=moment)
        else:
            cancel_appointment(appointment=held.appointment, reason=reason, by=by)
    record(f"session.{to}", by=by, subject=held, patient_id=course.patient_id)
    sync(course=course)
    return held


@transaction.atomic
def withdraw_infusion(
    *, infusion: Infusion, reason: str, by: User, at: datetime | None = None
) -> Infusion:
    """Entered in error: it no longer counts, and stays readable. Its chair is free.

    The number is laid out anew by `courses.actions.reflow`. Raises Refused `reason_missing`,
    RuleError `illegal_move` for one that is withdrawn already.
    """
    if not reason.strip():
        raise Refused("reason_missing", "Give a reason.", "reason")
    moment = at or timezone.now()
    course = hold_course(infusion.course)
    held = Infusion.objects.select_for_update(no_key=True).get(pk=infusion.pk)
    move_session(held.session, SessionStatus.ENTERED_IN_ERROR, by=by, at=moment, reason=reason)
    held.entered_in_error_at = moment
    held.save()
    visit = held.session.appointment
    if visit and visit.status in (AppointmentStatus.IN_TREATMENT, AppointmentStatus.OBSERVING):
        _move_visit(held.session, AppointmentStatus.FULFILLED, by=by, at=moment)
    first = course.infusions.given().order_by("given_on").first()
    course.started_on = first.given_on if first else None
    course.save()
    record("infusion.withdrawn", by=by, subject=held, change={"reason": reason.strip()})
    retime_assessments(patient_id=course.patient_id, since=held.started_at)
    sync(course=course)
    return held
