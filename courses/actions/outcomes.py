"""How courses go, written in the transaction of the score or infusion that changes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from clinic.models import Patient, Site
from clinic.queries import current
from clinic.queries_policies import InForce, SitePolicies, site_policies
from clinic.rules.dates import today_local
from clinic.rules.reasons import stored
from courses.models import Assessment, Course, CourseOutcome, CourseRule, Infusion
from courses.models import Scale as ScaleRow
from courses.rules.outcome import classify
from courses.rules.outcome_reasons import outcome_reason, response_reason
from courses.rules.response import DatedScore, Response, assess, parse_response
from courses.rules.scales import Scale, parse_scale

_JUDGED: Final = (
    "baseline", "improvement_percent", "outcome", "is_remission", "policy_version", "why",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Counting:
    """The content that one course is judged by."""

    response: InForce[CourseRule]
    scale: InForce[ScaleRow]

    @property
    def scale_rules(self) -> Scale:
        return self.scale.parsed(parse_scale)


def judge_patient(*, patient_id: UUID, at: datetime | None = None) -> int:
    """Judge every course of a patient anew; how many rows changed.

    A step of other actions: the caller holds the patient's row. A score whose baseline and total
    did not change keeps what it was judged by; a course follows the site's policy.
    """
    courses = list(
        Course.objects.for_patient(patient_id)
        .select_related("site", "primary_scale", "outcome")
        .order_by("number")
    )
    if not courses:
        return 0
    site = courses[0].site
    policies = site_policies(site.pk, today_local(at or timezone.now(), site.zone))
    forms = list(
        Assessment.objects.for_patient(patient_id)
        .scored()
        .filter(total__isnull=False)
        .select_related("scale")
    )
    first = _first_infusions(patient_id)
    rule = policies.current(CourseRule, "response")
    return sum(
        _judge(course, _counting(course, rule, policies), forms, first.get(course.pk))
        for course in courses
    )


def _counting(course: Course, rule: InForce[CourseRule], policies: SitePolicies) -> _Counting:
    return _Counting(rule, policies.on(course.primary_scale))


def _first_infusions(patient_id: UUID) -> dict[UUID, Infusion]:
    first: dict[UUID, Infusion] = {}
    for row in Infusion.objects.for_patient(patient_id).given().order_by("started_at", "id"):
        first.setdefault(row.course_id, row)
    return first


def scores_of_course(
    course: Course, forms: Iterable[Assessment], first_at: datetime | None
) -> list[DatedScore]:
    """Scores on the primary scale that belong to this course.

    A baseline is often taken before the course is planned: what was taken before the first
    infusion is offered too, and the rule takes the latest of the days that count.
    """
    return [
        DatedScore(form.taken_at, form.taken_on, form.total, str(form.pk))
        for form in forms
        if form.scale.code == course.primary_scale.code
        and form.total is not None
        and (form.course_id == course.pk or first_at is None or form.taken_at <= first_at)
    ]


def _judge(
    course: Course, counting: _Counting, forms: Sequence[Assessment], first: Infusion | None
) -> int:
    scores = scores_of_course(course, forms, first.started_at if first else None)
    found = assess(
        counting.scale_rules,
        scores,
        first_infusion_at=first.started_at if first else None,
        first_infusion_on=first.given_on if first else None,
        rules=counting.response.parsed(parse_response),
    )
    changed = []
    for form in _own(course, forms):
        is_later = first is not None and form.taken_at > first.started_at
        baseline = found.baseline if is_later else None
        if _moves(form, baseline):
            _write(form, baseline, counting)
            form.updated_at = timezone.now()
            changed.append(form)
    Assessment.objects.bulk_update(changed, (*_JUDGED, "updated_at"))
    return len(changed) + _judge_course(course, found, counting)


def _own(course: Course, forms: Iterable[Assessment]) -> list[Assessment]:
    code = course.primary_scale.code
    return [form for form in forms if form.course_id == course.pk and form.scale.code == code]


def _moves(form: Assessment, baseline: DatedScore | None) -> bool:
    """Whether the facts behind a score's outcome are others than when it was judged."""
    before = (form.baseline_id, form.why.get("inputs", {}).get("current"))
    return before != ((UUID(baseline.id), form.total) if baseline else (None, None))


def _write(form: Assessment, baseline: DatedScore | None, counting: _Counting) -> None:
    if baseline is None or form.total is None:
        form.baseline_id = form.improvement_percent = form.is_remission = None
        form.outcome, form.why = "", {}
        return
    rules = counting.scale_rules
    score = DatedScore(form.taken_at, form.taken_on, form.total, str(form.pk))
    outcome = classify(rules, baseline=baseline.total, current=form.total)
    reason = outcome_reason(
        rules, baseline=baseline, current=score, found=outcome, content=counting.scale.content
    )
    form.baseline_id = UUID(baseline.id)
    form.improvement_percent = outcome.percent
    form.outcome, form.is_remission = outcome.category or "", outcome.remission
    form.policy_version, form.why = counting.scale.policy_version, stored(reason)


def _judge_course(course: Course, found: Response, counting: _Counting) -> int:
    values = _values(found, counting)
    held: CourseOutcome | None = getattr(course, "outcome", None)
    if held is None:
        CourseOutcome.objects.create(
            site_id=course.site_id, course=course, patient_id=course.patient_id, **values
        )
        return 1
    if all(getattr(held, name) == value for name, value in values.items()):
        return 0
    for name, value in values.items():
        setattr(held, name, value)
    held.save()
    return 1


def _values(found: Response, counting: _Counting) -> Mapping[str, Any]:
    reason = response_reason(
        counting.scale_rules,
        found,
        counting.response.parsed(parse_response),
        counting.response.content,
        counting.scale.content,
    )
    return {
        "state": found.state,
        "baseline_id": UUID(found.baseline.id) if found.baseline else None,
        "latest_id": UUID(found.latest.id) if found.latest else None,
        "improvement_percent": found.outcome.percent if found.outcome else None,
        "response_on": found.response_on,
        "remission_on": found.remission_on,
        "sustained_on": found.sustained_on,
        "relapse_on": found.relapse_on,
        "days_to_response": found.days_to_response,
        "days_followed": found.days_followed,
        "rule_id": counting.response.row.pk,
        "policy_version": counting.response.policy_version,
        "scale_policy_version": counting.scale.policy_version,
        "why": stored(reason),
    }


def follow_outcomes(*, site: Site, at: datetime | None = None) -> int:
    """Judge courses under way that were judged by other versions, or never; how many rows changed.

    A course that has ended keeps what it was judged by until a fact of it changes.
    """
    moment = at or timezone.now()
    behind = _behind(site, today_local(moment, site.zone))
    return sum(_judge_held(patient_id, moment) for patient_id in behind)


def _behind(site: Site, on: date) -> list[UUID]:
    policies = site_policies(site.pk, on)
    rule = policies.on(current(CourseRule, "response"))
    rows = Course.objects.of_site(site.pk).select_related("primary_scale", "outcome")
    return list(
        dict.fromkeys(
            course.patient_id
            for course in rows.under_way() | rows.filter(outcome__isnull=True)
            if _is_behind(course, rule, policies)
        )
    )


def _is_behind(course: Course, rule: InForce[CourseRule], policies: SitePolicies) -> bool:
    held: CourseOutcome | None = getattr(course, "outcome", None)
    if held is None:
        return True
    counting = (
        rule.row.pk,
        rule.policy_version,
        policies.on(course.primary_scale).policy_version,
    )
    return (held.rule_id, held.policy_version, held.scale_policy_version) != counting


@transaction.atomic
def _judge_held(patient_id: UUID, at: datetime) -> int:
    Patient.objects.select_for_update(no_key=True).get(pk=patient_id)
    return judge_patient(patient_id=patient_id, at=at)
