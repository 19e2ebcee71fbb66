"""A scale is filled in: scored or kept as a draft; a safety answer makes a task at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from clinic.actions.audit import record
from clinic.errors import Invalid, Refused
from clinic.models import Patient, Role, User
from clinic.queries_policies import in_force, site_policies
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
RETIRED: Final = (AssessmentStatus.SUPERSEDED, AssessmentStatus.ENTERED_IN_ERROR)


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
) -> Assessment:
    """Store a form: final with its total, or a draft where an answer is missing.

    Raises Invalid (`in_future`, `before_birth`), Refused `other_patient`, RuleError for answers.
    """
    form = _Form(patient, scale, tuple(items), functional, taken_at, session)
    assessment = _stored(form, by=by, complete=AssessmentStatus.FINAL)
    record("assessment.recorded", by=by, subject=assessment, change={"scale": scale.code})
    return assessment


@dataclass(frozen=True, slots=True)
class _Form:
    """What was answered, by whom and when."""

    patient: Patient
    scale: Scale
    items: tuple[int | None, ...]
    functional: int | None
    taken_at: datetime
    session: Session | None


def _stored(
    form: _Form, *, by: User | None, complete: str, replaces: Assessment | None = None
) -> Assessment:
    """`complete` is the status of a form without gaps."""
    patient, session = form.patient, form.session
    Patient.objects.select_for_update(no_key=True).get(pk=patient.pk)
    taken_on = today_local(form.taken_at, patient.site.zone)
    policies = site_policies(patient.site_id, today_local(timezone.now(), patient.site.zone))
    counting = policies.on(form.scale)
    rules = counting.parsed(parse_scale)
    _require_possible(form, taken_on)
    found = score(rules, form.items, functional=form.functional, prorate=rules.is_prorated)
    hours = _hours_since_infusion(patient.pk, form.taken_at)
    assessment = Assessment(
        site_id=patient.site_id,
        patient=patient,
        course=_course_at(patient, session),
        session=session,
        scale=form.scale,
        taken_at=form.taken_at,
        taken_on=taken_on,
        items=list(form.items),
        functional=form.functional,
        alerts=[asdict(alert) for alert in found.alerts],
        hours_since_infusion=hours,
        recorded_by=by,
        replaces=replaces,
        policy_version=counting.policy_version,
        **_outcome(found, complete),
    )
    assessment.tags = _tags(assessment, rules)
    assessment.save()
    _open_tasks(assessment, found.alerts)
    if assessment.course:
        sync(course=assessment.course)
    return assessment


def _require_possible(form: _Form, taken_on: date) -> None:
    if form.taken_at > timezone.now():
        raise Invalid("in_future", "That time lies in the future.", "taken_at")
    if taken_on < form.patient.birth_date:
        raise Invalid("before_birth", "That is before the patient was born.", "taken_at")
    if form.session and form.session.course.patient_id != form.patient.pk:
        raise Refused("other_patient", "That dose belongs to another patient.", "session")


def _outcome(found: Score | Incomplete, complete: str) -> dict[str, object]:
    if isinstance(found, Incomplete):
        return {"status": AssessmentStatus.DRAFT}
    # A scale without bands still has a total; a screener has a band and no total.
    return {"status": complete, "total": found.total, "band": found.band}


def _course_at(patient: Patient, session: Session | None) -> Course | None:
    """The session's course, else the newest: one under way comes before those that ended."""
    if session:
        return session.course
    return Course.objects.for_patient(patient.pk).order_by("-number").first()


def _hours_since_infusion(patient_id: UUID, taken_at: datetime) -> Decimal | None:
    last = (
        Infusion.objects.for_patient(patient_id)
        .given()
        .filter(ended_at__lte=taken_at)
        .order_by("-ended_at")
        .first()
    )
    if last is None or last.ended_at is None:
        return None
    return (Decimal((taken_at - last.ended_at) / HOUR)).quantize(TENTH, ROUND_HALF_UP)


def retime_assessments(*, patient_id: UUID, since: datetime) -> int:
    """An infusion ended or was withdrawn: forms of `since` and later tell other hours.

    A step of other actions; how many forms changed.
    """
    rows = Assessment.objects.for_patient(patient_id).filter(taken_at__gte=since)
    changed = 0
    for row in rows.exclude(status__in=RETIRED).select_related("scale", "session__infusion"):
        before = row.hours_since_infusion, row.tags
        row.hours_since_infusion = _hours_since_infusion(patient_id, row.taken_at)
        row.tags = _tags(row, parse_scale(row.scale.content))
        if (row.hours_since_infusion, row.tags) != before:
            row.save()
            changed += 1
    return changed


def _tags(assessment: Assessment, rules: ScaleRules) -> list[str]:
    """What a reader must know of the moment (rulebook B4)."""
    # Of the day it was taken: telling the hours anew does not tell them by another policy.
    counting = in_force(CourseRule, "response", site_id=assessment.site_id, on=assessment.taken_on)
    timing = counting.parsed(parse_response)
    session = assessment.session
    tags = []
    if _is_day_after(assessment.hours_since_infusion, timing):
        tags.append("day_after")
    infusion = getattr(session, "infusion", None) if session else None
    if session and (infusion is None or assessment.taken_at <= infusion.started_at):
        tags.append("pre_infusion")
    if _overlaps(assessment, rules):
        tags.append("overlapping_recall")
    if rules.is_prorated and assessment.total is not None and None in assessment.items:
        tags.append("prorated")
    return tags


def _is_day_after(hours: Decimal | None, timing: ResponseRules) -> bool:
    return hours is not None and timing.day_after_from_hours <= hours <= timing.day_after_to_hours


def _overlaps(assessment: Assessment, rules: ScaleRules) -> bool:
    """Whether the days asked about were asked about before."""
    if rules.min_days_between is None:
        return False
    since = assessment.taken_at - timedelta(days=rules.min_days_between)
    before = Assessment.objects.for_patient(assessment.patient_id).scored().on_scale(rules.code)
    return before.filter(taken_at__gt=since, taken_at__lt=assessment.taken_at).exists()


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
    """Replace what was entered wrongly, or fill the gaps of a draft; both versions stay.

    Raises Refused (`reason_missing`, `not_current`), RuleError for answers.
    """
    held, before = _retire(assessment, AssessmentStatus.SUPERSEDED, reason, by=by)
    form = _Form(held.patient, held.scale, tuple(items), functional, held.taken_at, held.session)
    was_draft = before == AssessmentStatus.DRAFT
    complete = AssessmentStatus.FINAL if was_draft else AssessmentStatus.CORRECTED
    return _stored(form, by=by, complete=complete, replaces=held)


@transaction.atomic
def withdraw_assessment(*, assessment: Assessment, reason: str, by: User) -> Assessment:
    """Entered in error: it no longer counts, and stays readable.

    Raises Refused (`reason_missing`, `not_current`).
    """
    held, _ = _retire(assessment, AssessmentStatus.ENTERED_IN_ERROR, reason, by=by)
    if held.course:
        sync(course=held.course)
    return held


def _retire(assessment: Assessment, to: str, reason: str, *, by: User) -> tuple[Assessment, str]:
    """The row as it stands now, and what it was before."""
    if not reason.strip():
        raise Refused("reason_missing", "Give a reason.", "reason")
    Patient.objects.select_for_update(no_key=True).get(pk=assessment.patient_id)
    held = Assessment.objects.select_for_update(no_key=True).get(pk=assessment.pk)
    before = held.status
    if before in RETIRED:
        raise Refused("not_current", "This form was replaced or withdrawn already.")
    held.status = to
    held.save()
    record(f"assessment.{to}", by=by, subject=held, change={"reason": reason.strip()})
    return held, before
