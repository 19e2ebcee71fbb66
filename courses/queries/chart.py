"""One patient's chart: the answer, its evidence, what is due. Used by page and API alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from uuid import UUID

from clinic.models import Patient
from clinic.queries_policies import site_policies, under_version
from clinic.rules.dates import today_local
from courses.models import Assessment, Course, CourseOutcome, CourseRule, Infusion, Session
from courses.rules.gate import age_years
from courses.rules.response import DatedScore, Response, ResponseRules, assess, parse_response
from courses.rules.scales import Scale as ScaleRules
from courses.rules.scales import parse_scale
from labs.models import Task
from labs.queries import MonitoringStatus, monitoring_status
from labs.queries_results import LiverPoint, UrinaryPoint, liver_history, urinary_history


@dataclass(frozen=True, slots=True)
class ScorePoint:
    """One form. `total` is None for a draft and for a screener."""

    assessment_id: UUID
    scale: str
    scale_title: str
    taken_at: datetime
    taken_on: date
    total: int | None
    band: str
    status: str
    hours_since_infusion: Decimal | None
    after_dose: int | None
    tags: tuple[str, ...]
    has_alert: bool
    course_id: UUID | None
    why: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DosePoint:
    """One infusion that counts."""

    infusion_id: UUID
    course_id: UUID
    number: int
    of: int
    started_at: datetime
    given_on: date
    dose_mg: Decimal
    given_mg: Decimal | None
    mg_per_kg: Decimal
    rate_ml_per_h: Decimal


@dataclass(frozen=True, slots=True)
class CourseView:
    """One course with its sessions and how it goes."""

    course: Course
    scale: ScaleRules
    response: Response
    sessions: tuple[Session, ...]
    given: int
    why: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything the patient's page shows."""

    patient: Patient
    on: date
    at: datetime
    age: int
    courses: tuple[CourseView, ...]
    scores: tuple[ScorePoint, ...]
    doses: tuple[DosePoint, ...]
    liver: tuple[LiverPoint, ...]
    urinary: tuple[UrinaryPoint, ...]
    due: tuple[MonitoringStatus, ...]
    tasks: tuple[Task, ...]

    @property
    def now(self) -> CourseView | None:
        """The newest course."""
        return self.courses[0] if self.courses else None

    @property
    def headline(self) -> str:
        """The one sentence that answers “is this patient better?”."""
        if self.now is None:
            return "No course yet."
        return headline(self.now, self.scores)


def chart(*, patient: Patient, at: datetime) -> Chart:
    """The chart as it stands at `at`, in a constant number of queries.

    The caller has found the patient through `visible_to`.
    """
    on = today_local(at, patient.site.zone)
    doses = _doses(patient)
    scores = _scores(patient, doses)
    return Chart(
        patient=patient,
        on=on,
        at=at,
        age=age_years(patient.birth_date, on),
        courses=_courses(patient, scores, doses, on),
        scores=scores,
        doses=doses,
        liver=liver_history(patient=patient, on=on),
        urinary=urinary_history(patient_id=patient.pk),
        due=monitoring_status(patient_id=patient.pk, on=on),
        tasks=tuple(Task.objects.of_site(patient.site_id).open().filter(patient=patient)),
    )


def _doses(patient: Patient) -> tuple[DosePoint, ...]:
    rows = (
        Infusion.objects.for_patient(patient.pk)
        .given()
        .select_related("session", "course")
        .order_by("started_at")
    )
    return tuple(
        DosePoint(
            infusion_id=row.pk,
            course_id=row.course_id,
            number=row.session.number,
            of=row.course.planned_count,
            started_at=row.started_at,
            given_on=row.given_on,
            dose_mg=row.dose_mg,
            given_mg=row.given_mg,
            mg_per_kg=row.mg_per_kg,
            rate_ml_per_h=row.rate_ml_per_h,
        )
        for row in rows
    )


def _scores(patient: Patient, doses: tuple[DosePoint, ...]) -> tuple[ScorePoint, ...]:
    rows = (
        Assessment.objects.for_patient(patient.pk)
        .exclude(status__in=("superseded", "entered_in_error"))
        .select_related("scale")
        .order_by("taken_at", "id")
    )
    return tuple(
        ScorePoint(
            assessment_id=row.pk,
            scale=row.scale.code,
            scale_title=row.scale.title,
            taken_at=row.taken_at,
            taken_on=row.taken_on,
            total=row.total,
            band=row.band,
            status=row.status,
            hours_since_infusion=row.hours_since_infusion,
            after_dose=_dose_before(doses, row.taken_at),
            tags=tuple(row.tags),
            has_alert=bool(row.alerts),
            course_id=row.course_id,
            why=row.why,
        )
        for row in rows
    )


def _dose_before(doses: tuple[DosePoint, ...], at: datetime) -> int | None:
    before = [dose.number for dose in doses if dose.started_at < at]
    return before[-1] if before else None


def _courses(
    patient: Patient, scores: tuple[ScorePoint, ...], doses: tuple[DosePoint, ...], on: date
) -> tuple[CourseView, ...]:
    rows = (
        Course.objects.for_patient(patient.pk)
        .select_related("protocol", "primary_scale", "prescriber", "site", "outcome__rule")
        .prefetch_related("sessions__appointment__chair")
        .order_by("-number")
    )
    views = []
    for row in rows:
        timing, rules = _judged_by(row, on)
        own = [dose for dose in doses if dose.course_id == row.pk]
        views.append(
            CourseView(
                course=row,
                scale=rules,
                response=assess(
                    rules,
                    _of_course(row, scores, rules.code, own[0].started_at if own else None),
                    first_infusion_at=own[0].started_at if own else None,
                    first_infusion_on=own[0].given_on if own else None,
                    rules=timing,
                ),
                sessions=tuple(sorted(row.sessions.all(), key=lambda s: (s.number, s.created_at))),
                given=len(own),
                why=row.outcome.why if hasattr(row, "outcome") else {},
            )
        )
    return tuple(views)


def _judged_by(course: Course, on: date) -> tuple[ResponseRules, ScaleRules]:
    """The versions that the stored outcome names; those of today for a course never judged."""
    held: CourseOutcome | None = getattr(course, "outcome", None)
    if held is None:
        policies = site_policies(course.site_id, on)
        response = policies.current(CourseRule, "response")
        scale = policies.on(course.primary_scale)
    else:
        response = under_version(held.rule, course.site_id, held.policy_version)
        scale = under_version(course.primary_scale, course.site_id, held.scale_policy_version)
    return response.parsed(parse_response), scale.parsed(parse_scale)


def _of_course(
    course: Course, scores: tuple[ScorePoint, ...], scale: str, first_at: datetime | None
) -> list[DatedScore]:
    """Scores on the primary scale that belong to this course.

    A baseline is often taken before the course is planned: what was taken before the first
    infusion is offered too, and the rule takes the latest of the days that count.
    """
    return [
        DatedScore(point.taken_at, point.taken_on, point.total, str(point.assessment_id))
        for point in scores
        if point.scale == scale
        and point.total is not None
        and (point.course_id == course.pk or first_at is None or point.taken_at <= first_at)
    ]


# Beyond three days nobody counts hours.
DAYS_FROM_HOURS = 72
WORDS = {
    "none": "No response yet",
    "worse": "Worse than baseline",
    "partial": "Partial response",
    "response": "Response",
    "sustained": "Sustained response",
    "remission": "Remission",
    "relapse": "Relapse",
}


def headline(view: CourseView, scores: tuple[ScorePoint, ...]) -> str:
    """Response: 54 % better than baseline (MADRS 33 -> 15), 26 h after dose 5."""
    found = view.response
    title = view.scale.title
    if found.state == "no_baseline":
        return f"No baseline on {title} yet."
    if found.baseline and (found.latest is None or found.outcome is None):
        return f"Baseline {title} {found.baseline.total}; no score since the first dose."
    if found.baseline is None or found.latest is None or found.outcome is None:
        return ""
    change = found.outcome.percent
    better = "" if change is None else f": {_percent(change)} than baseline"
    numbers = f" ({title} {found.baseline.total} → {found.latest.total})"
    return f"{WORDS[found.state]}{better}{numbers}{_when(view, scores)}.{_goal(view)}"


def _percent(change: Decimal) -> str:
    whole = abs(change).quantize(Decimal(1), ROUND_HALF_UP)
    return f"{whole} % {'better' if change >= 0 else 'worse'}"


def _when(view: CourseView, scores: tuple[ScorePoint, ...]) -> str:
    latest = view.response.latest
    point = next((p for p in scores if latest and str(p.assessment_id) == latest.id), None)
    if point is None or point.hours_since_infusion is None or point.after_dose is None:
        return ""
    hours = int(point.hours_since_infusion)
    after = f"{hours} h" if hours < DAYS_FROM_HOURS else f"{hours // 24} days"
    return f", {after} after dose {point.after_dose}"


def _goal(view: CourseView) -> str:
    outcome, cutoff = view.response.outcome, view.scale.remission_at_most
    if outcome is None or outcome.remission or cutoff is None:
        return ""
    return f" Not yet remission ({cutoff} or less)."
