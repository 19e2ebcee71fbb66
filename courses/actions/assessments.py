"""A scale is filled in: scored or kept as a draft; a safety answer makes a task at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from django.db import transaction
from django.utils import timezone

from clinic.actions.audit import record
from clinic.errors import Invalid, Refused
from clinic.models import Patient, Role, User
from clinic.queries import current
from clinic.rules.dates import today_local
from courses.actions.monitoring import sync
from courses.models import (
    Assessment,
    AssessmentStatus,
    Course,
    CourseRule,
    Infusion,
    Scale,
    Session,
)
from courses.rules.response import ResponseRules, parse_response
from courses.rules.scales import Scale as ScaleRules
from courses.rules.scales import parse_scale
from courses.rules.scoring import Alert, Incomplete, Score, score
from labs.actions.tasks import open_task

HOUR: Final = timedelta(hours=1)
TENTH: Final = Decimal("0.1")
# How soon somebody must look, by level; the immediate ones are shown on every page.
SAME_DAY: Final = timedelta(hours=8)


@transaction.atomic
def record_assessment(
    *,
    patient: Patient,
    scale: Scale,
    items: Sequence[int | None],
    taken_at: datetime,
    by: User | None,
    functional: int | None = None,
    session: Session | None = None,
    replaces: Assessment | None = None,
) -> Assessment:
    """Store a form: final with its total, or a draft where an answer is missing.

    Raises Invalid (`in_future`, `before_birth`), Refused `other_patient`, RuleError for answers.
    """
    Patient.objects.select_for_update(no_key=True).get(pk=patient.pk)
    zone = patient.site.zone
    taken_on = today_local(taken_at, zone)
    if taken_at > timezone.now():
        raise Invalid("in_future", "That time lies in the future.", "taken_at")
    if taken_on < patient.birth_date:
        raise Invalid("before_birth", "That is before the patient was born.", "taken_at")
    if session and session.course.patient_id != patient.pk:
        raise Refused("other_patient", "That dose belongs to another patient.", "session")
    rules = parse_scale(scale.content)
    found = score(rules, items, functional=functional)
    hours = _hours_since_infusion(patient, taken_at)
    assessment = Assessment(
        site_id=patient.site_id,
        patient=patient,
        course=_course_at(patient, session),
        session=session,
        scale=scale,
        taken_at=taken_at,
        taken_on=taken_on,
        items=list(items),
        functional=functional,
        alerts=[asdict(alert) for alert in found.alerts],
        hours_since_infusion=hours,
        tags=_tags(patient, rules, taken_at, hours, session),
        recorded_by=by,
        replaces=replaces,
        **_outcome(found, is_correction=replaces is not None),
    )
    assessment.save()
    _open_tasks(assessment, found.alerts)
    record("assessment.recorded", by=by, subject=assessment, change={"scale": scale.code})
    if assessment.course:
        sync(course=assessment.course)
    return assessment


def _outcome(found: Score | Incomplete, *, is_correction: bool) -> dict[str, object]:
    if isinstance(found, Incomplete):
        return {"status": AssessmentStatus.DRAFT}
    status = AssessmentStatus.CORRECTED if is_correction else AssessmentStatus.FINAL
    # A scale without bands still has a total; a screener has a band and no total.
    return {"status": status, "total": found.total, "band": found.band}


def _course_at(patient: Patient, session: Session | None) -> Course | None:
    """The session's course, else the newest: one under way comes before those that ended."""
    if session:
        return session.course
    return Course.objects.for_patient(patient.pk).order_by("-number").first()


def _hours_since_infusion(patient: Patient, taken_at: datetime) -> Decimal | None:
    last = (
        Infusion.objects.for_patient(patient.pk)
        .given()
        .filter(ended_at__lte=taken_at)
        .order_by("-ended_at")
        .first()
    )
    if last is None or last.ended_at is None:
        return None
    return (Decimal((taken_at - last.ended_at) / HOUR)).quantize(TENTH, ROUND_HALF_UP)


def _tags(
    patient: Patient,
    rules: ScaleRules,
    taken_at: datetime,
    hours: Decimal | None,
    session: Session | None,
) -> list[str]:
    """What a reader must know of the moment (rulebook B4)."""
    timing = parse_response(current(CourseRule, "response").content)
    tags = []
    if _is_day_after(hours, timing):
        tags.append("day_after")
    infusion = getattr(session, "infusion", None) if session else None
    if session and (infusion is None or taken_at <= infusion.started_at):
        tags.append("pre_infusion")
    if _overlaps(patient, rules, taken_at):
        tags.append("overlapping_recall")
    return tags


def _is_day_after(hours: Decimal | None, timing: ResponseRules) -> bool:
    return hours is not None and timing.day_after_from_hours <= hours <= timing.day_after_to_hours


def _overlaps(patient: Patient, rules: ScaleRules, taken_at: datetime) -> bool:
    """Whether the days asked about were asked about before."""
    if rules.min_days_between is None:
        return False
    since = taken_at - timedelta(days=rules.min_days_between)
    before = Assessment.objects.for_patient(patient.pk).scored().on_scale(rules.code)
    return before.filter(taken_at__gt=since, taken_at__lt=taken_at).exists()


def _open_tasks(assessment: Assessment, alerts: Sequence[Alert]) -> None:
    for alert in alerts:
        urgent = alert.level == "immediate"
        now = timezone.now()
        open_task(
            site_id=assessment.site_id,
            patient_id=assessment.patient_id,
            kind="safety_answer",
            role=Role.PRESCRIBER,
            title="Safety answer to review",
            due_at=now if urgent else now + SAME_DAY,
            dedup_key=f"safety:{assessment.pk}:{alert.item}",
            subject_id=assessment.pk,
            is_urgent=urgent,
        )


@transaction.atomic
def correct_assessment(
    *,
    assessment: Assessment,
    items: Sequence[int | None],
    reason: str,
    by: User,
    functional: int | None = None,
) -> Assessment:
    """Replace what was entered wrongly; both versions stay. Raises Refused `not_current`."""
    held = _retire(assessment, AssessmentStatus.SUPERSEDED, reason, by=by)
    return record_assessment(
        patient=held.patient,
        scale=held.scale,
        items=items,
        functional=functional,
        taken_at=held.taken_at,
        session=held.session,
        by=by,
        replaces=held,
    )


@transaction.atomic
def withdraw_assessment(*, assessment: Assessment, reason: str, by: User) -> Assessment:
    """Entered in error: it no longer counts, and stays readable."""
    held = _retire(assessment, AssessmentStatus.ENTERED_IN_ERROR, reason, by=by)
    if held.course:
        sync(course=held.course)
    return held


def _retire(assessment: Assessment, to: str, reason: str, *, by: User) -> Assessment:
    if not reason.strip():
        raise Refused("reason_missing", "Give a reason.", "reason")
    Patient.objects.select_for_update(no_key=True).get(pk=assessment.patient_id)
    held = Assessment.objects.select_for_update(no_key=True).get(pk=assessment.pk)
    if held.status in (AssessmentStatus.SUPERSEDED, AssessmentStatus.ENTERED_IN_ERROR):
        raise Refused("not_current", "This form was replaced or withdrawn already.")
    held.status = to
    held.save()
    record(f"assessment.{to}", by=by, subject=held, change={"reason": reason.strip()})
    return held
