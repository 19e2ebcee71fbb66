"""A course begins, rests, goes on and ends. Every move by the table, with a row that says who."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from clinic.actions.audit import record
from clinic.errors import Conflict, Refused
from clinic.models import Membership, Patient, User
from clinic.queries_policies import site_policies
from clinic.rules.access import roles_with
from clinic.rules.dates import today_local
from courses.actions.monitoring import sync
from courses.actions.moves import course_step, free_chairs, hold_course, move_course, session_step
from courses.models import (
    Course,
    CourseStatus,
    Protocol,
    Scale,
    Session,
    SessionStatus,
    StopReason,
)
from courses.queries.counting import protocol_rules
from courses.rules import orders, windows
from courses.rules.protocols import PlannedSession, parse_protocol, plan_sessions
from courses.rules.protocols import Protocol as ProtocolRules
from courses.rules.scales import Scale as ScaleRules
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
    second_prescriber: User | None = None,
) -> Course:
    """A planned course with its sessions and their windows; chairs are booked afterwards.

    Raises Refused (`not_here`, `prescriber_not_here`, `second_prescriber_missing`, `not_orderable`,
    `not_an_outcome_scale`, or the code of what stands against the dose), Conflict
    `course_under_way`, RuleError for count and weekdays.
    """
    # The patient's row first, so that two people starting a course take turns.
    patient = Patient.objects.select_for_update(no_key=True).get(pk=patient.pk)
    if patient.standing != "here":
        raise Refused("not_here", f"This patient is {patient.standing}.", "patient")
    if Course.objects.for_patient(patient.pk).under_way().exists():
        raise Conflict("course_under_way", "This patient already has a course under way.")
    policies = site_policies(patient.site_id, today_local(timezone.now(), patient.site.zone))
    rules = policies.on(protocol).parsed(parse_protocol)
    _require_prescriber(patient, prescriber, "prescriber")
    _require_second(patient, rules, prescriber, second_prescriber)
    _require_orderable(rules, policies.on(primary_scale).parsed(parse_scale), mg_per_kg)
    planned = plan_sessions(rules, first_on=first_on, weekdays=weekdays, count=planned_count)
    course = Course.objects.create(
        site_id=patient.site_id,
        patient=patient,
        number=_next_number(patient),
        protocol=protocol,
        primary_scale=primary_scale,
        prescriber=prescriber,
        second_prescriber=second_prescriber,
        planned_count=planned_count,
        mg_per_kg=mg_per_kg,
        infusion_minutes=rules.dose.minutes or 0,
        planned_start_on=planned[0].ideal_on,
    )
    course_step(course, "", by=by, at=timezone.now())
    for session in planned:
        _plan_session(course, session, by=by)
    record("course.planned", by=by, subject=course)
    sync(course=course)
    return course


def _require_prescriber(patient: Patient, prescriber: User, field: str) -> None:
    # A user is of no site; only the membership says where a person may prescribe.
    may = Membership.objects.of_site(patient.site_id).filter(
        user=prescriber, is_active=True, role__in=roles_with("courses.change")
    )
    if not may.exists():
        raise Refused("prescriber_not_here", f"{prescriber} does not prescribe here.", field)


def _require_second(
    patient: Patient, rules: ProtocolRules, first: User, second: User | None
) -> None:
    """Some protocols ask for two who agree (rulebook A2)."""
    if second is not None:
        _require_prescriber(patient, second, "second_prescriber")
    if rules.second_prescriber and second in (None, first):
        raise Refused(
            "second_prescriber_missing",
            f"{rules.title} needs a second prescriber who agrees.",
            "second_prescriber",
        )


def _require_orderable(rules: ProtocolRules, scale: ScaleRules, mg_per_kg: Decimal) -> None:
    if not rules.orderable:
        raise Refused("not_orderable", f"{rules.title} cannot be booked.", "protocol")
    if not scale.is_outcome:
        raise Refused(
            "not_an_outcome_scale", f"Response is not defined on {scale.title}.", "primary_scale"
        )
    found = orders.worst(orders.check_order(rules, mg_per_kg=mg_per_kg))
    if found.status == orders.BLOCK:
        raise Refused(found.reason, found.sentence, "mg_per_kg")


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


@transaction.atomic
def pause_course(*, course: Course, reason: str, by: User, at: datetime | None = None) -> Course:
    """Rest. Booked chairs are freed, sessions stay planned, reminders stop, time goes on.

    Raises Refused (`reason_missing`, `infusion_running`), RuleError `illegal_move`.
    """
    held = hold_course(course)
    _require_reason(reason)
    _require_idle(held)
    move_course(held, CourseStatus.PAUSED, by=by, at=at or timezone.now(), reason=reason)
    free_chairs(held, by=by, reason="Course paused", to=SessionStatus.PLANNED)
    sync(course=held)
    return held


@transaction.atomic
def resume_course(*, course: Course, reason: str, by: User, at: datetime | None = None) -> Course:
    """Go on after a pause or an interruption; the gate asks again before the next dose.

    Windows that passed meanwhile are laid out anew by `courses.actions.reflow`.
    Raises Refused (`reason_missing`, `never_started`), RuleError `illegal_move`.
    """
    held = hold_course(course)
    moment = at or timezone.now()
    _require_reason(reason)
    last_on = _last_given_on(held)
    gaps = protocol_rules(held, moment).gaps
    if held.status == CourseStatus.PAUSED and gaps:
        on = today_local(moment, held.site.zone)
        if windows.is_interrupted(last_given_on=last_on, on=on, gaps=gaps):
            # The pause outlasted the limit: screening again is owed, and the history says so.
            words = "No dose for too long"
            move_course(held, CourseStatus.INTERRUPTED, by=None, at=moment, reason=words)
    move_course(held, CourseStatus.ACTIVE, by=by, at=moment, reason=reason)
    sync(course=held)
    return held


def _last_given_on(course: Course) -> date:
    """The day of the last infusion. Raises Refused `never_started`."""
    last = course.infusions.given().aggregate(last=Max("given_on"))["last"]
    if not isinstance(last, date):
        raise Refused("never_started", "No infusion was given yet: book the first one.")
    return last


@transaction.atomic
def stop_course(
    *, course: Course, reason: str, by: User, note: str = "", at: datetime | None = None
) -> Course:
    """End early, with a coded reason. What waits is cancelled and its chairs are freed.

    Raises Refused (`reason_missing`, `infusion_running`), RuleError `illegal_move`.
    """
    held = hold_course(course)
    _require_idle(held)
    if reason not in StopReason.values:
        raise Refused("reason_missing", "Choose why it is stopped.", "reason")
    moment = at or timezone.now()
    held.stop_reason, held.note = reason, note.strip()
    held.ended_on = today_local(moment, held.site.zone)
    move_course(held, CourseStatus.STOPPED, by=by, at=moment, reason=StopReason(reason).label)
    free_chairs(held, by=by, reason="Course stopped", to=SessionStatus.CANCELLED)
    sync(course=held)
    return held


@transaction.atomic
def complete_course(*, course: Course, by: User, at: datetime | None = None) -> Course:
    """All that was planned is given, or enough; what still waits is cancelled.

    Raises Refused `infusion_running`, RuleError `illegal_move`.
    """
    held = hold_course(course)
    moment = at or timezone.now()
    _require_idle(held)
    held.ended_on = today_local(moment, held.site.zone)
    move_course(held, CourseStatus.COMPLETED, by=by, at=moment)
    free_chairs(held, by=by, reason="Course completed", to=SessionStatus.CANCELLED)
    sync(course=held)
    return held


@transaction.atomic
def reopen_course(*, course: Course, reason: str, by: User, at: datetime | None = None) -> Course:
    """Closed by mistake: active again. Cancelled sessions stay cancelled.

    Raises Refused (`reason_missing`, `never_started`), Conflict `course_under_way`.
    """
    held = hold_course(course)
    _require_reason(reason)
    _last_given_on(held)
    if Course.objects.for_patient(held.patient_id).under_way().exclude(pk=held.pk).exists():
        raise Conflict("course_under_way", "This patient already has another course under way.")
    held.ended_on, held.stop_reason = None, ""
    move_course(held, CourseStatus.ACTIVE, by=by, at=at or timezone.now(), reason=reason)
    sync(course=held)
    return held


def _require_idle(course: Course) -> None:
    if course.sessions.filter(status=SessionStatus.RUNNING).exists():
        raise Refused("infusion_running", "An infusion is running. End it first.")


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise Refused("reason_missing", "Give a reason.", "reason")
