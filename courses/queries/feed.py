"""Courses and assessments as rows for those who pull them over REST."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.db.models import Case, F, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.expressions import Combinable

from clinic.models import Appointment
from clinic.queries_json import (
    Feed,
    Instant,
    JsonObject,
    JsonRows,
    ListOf,
    Reader,
    fields,
    newest_replacement,
    reason,
)
from courses.models import Assessment, Course, CourseOutcome, GateCheck, Infusion, Session
from labs.models import Requirement
from labs.queries_feed import requirement_fields, with_state


def courses(reader: Reader) -> QuerySet[Course]:
    """Courses in every status."""
    return reader.sees(Course.objects.all(), "courses.view")


def changed_since(rows: QuerySet[Course], since: datetime) -> QuerySet[Course]:
    """Courses of which anything that their JSON shows changed, not only the row itself."""
    sessions = Session.objects.filter(
        Q(updated_at__gte=since) | Q(appointment__updated_at__gte=since)
    )
    infusions = Infusion.objects.filter(updated_at__gte=since)
    scores = Assessment.objects.filter(updated_at__gte=since, course__isnull=False)
    outcomes = CourseOutcome.objects.filter(updated_at__gte=since)
    gates = GateCheck.objects.filter(updated_at__gte=since)
    monitoring = Requirement.objects.filter(updated_at__gte=since)
    return rows.filter(
        Q(updated_at__gte=since)
        | Q(pk__in=sessions.values("course_id"))
        | Q(pk__in=infusions.values("course_id"))
        | Q(pk__in=scores.values("course_id"))
        | Q(pk__in=outcomes.values("course_id"))
        | Q(pk__in=gates.values("session__course_id"))
        | Q(pk__in=monitoring.values("subject_id"))
    )


def course_json(reader: Reader) -> JsonObject:
    """One course with its sessions and infusions, its scores, and what it asks for."""
    return JsonObject(
        {
            **fields(Course, "id", "site_id", "patient_id", "number", "status"),
            "protocol_code": F("protocol__code"),
            "protocol_version": F("protocol__version"),
            "primary_scale_code": F("primary_scale__code"),
            "primary_scale_version": F("primary_scale__version"),
            **fields(
                Course,
                "planned_count", "mg_per_kg", "infusion_minutes", "planned_start_on",
                "started_on", "ended_on", "stop_reason", "created_at", "updated_at",
            ),
            "outcome": _outcome(reader),
            "sessions": _sessions(reader),
            "scores": _scores(reader),
            "requirements": _requirements(reader),
        }
    )  # fmt: skip


def _each(rows: QuerySet[Any], group: str, each: dict[str, Combinable], *order: str) -> ListOf:
    listed = (
        rows.order_by().values(group).annotate(listed=JsonRows(JsonObject(each), order_by=order))
    )
    return ListOf(listed.values("listed"))


def _outcome(reader: Reader) -> Subquery:
    """How it goes on its primary scale, for those who may see scores."""
    rows = reader.sees(CourseOutcome.objects.all(), "assessments.view")
    told = JsonObject(
        {
            **fields(
                CourseOutcome,
                "state", "baseline_id", "latest_id", "improvement_percent", "response_on",
                "remission_on", "sustained_on", "relapse_on", "days_to_response", "days_followed",
                "policy_version", "scale_policy_version",
            ),
            "why": reason(),
        }
    )  # fmt: skip
    mine = rows.filter(course_id=OuterRef("pk")).order_by()
    return Subquery(mine.annotate(told=told).values("told")[:1])


def _gate(reader: Reader) -> Subquery:
    """The newest check before the dose, for those who may see results."""
    rows = reader.sees(GateCheck.objects.all(), "results.view")
    told = JsonObject({**fields(GateCheck, "id", "at", "decision", "policy_version", "lines")})
    mine = rows.filter(session_id=OuterRef("pk")).order_by("-at", "-id")
    return Subquery(mine.annotate(told=told).values("told")[:1])


def _sessions(reader: Reader) -> ListOf:
    # The composite keys of the database keep a course's parts at its site.
    rows = Session.objects.filter(course_id=OuterRef("pk")).annotate(
        replaced_by_id=newest_replacement(Session)
    )
    each: dict[str, Combinable] = {
        **fields(
            Session, "id", "number", "status", "earliest_on", "ideal_on", "latest_on", "replaces_id"
        ),
        "replaced_by_id": F("replaced_by_id"),
        **fields(Session, "updated_at"),
        "appointment": _where_there("appointment", _appointment()),
        "gate": _gate(reader),
        "infusion": _where_there("infusion", _infusion()),
    }
    return _each(rows, "course_id", each, "number", "created_at", "id")


def _where_there(name: str, part: JsonObject) -> Case:
    return Case(When(**{f"{name}__isnull": False}, then=part))


def _appointment() -> JsonObject:
    return JsonObject(
        {
            **fields(Appointment, "id", "status", at="appointment__"),
            "starts_at": Instant(F("appointment__during__startswith")),
            "ends_at": Instant(F("appointment__during__endswith")),
            "chair": F("appointment__chair__name"),
        }
    )


def _infusion() -> JsonObject:
    columns = fields(
        Infusion,
        "id", "given_on", "started_at", "ended_at", "weight_kg", "mg_per_kg", "dose_mg",
        "given_mg", "concentration_mg_per_ml", "drug_volume_ml", "total_volume_ml",
        "rate_ml_per_h", "stop_reason", "entered_in_error_at",
        at="infusion__",
    )  # fmt: skip
    return JsonObject(columns)


def _scores(reader: Reader) -> ListOf:
    """Complete and current forms, oldest first."""
    rows = reader.sees(Assessment.objects.all(), "assessments.view")
    each: dict[str, Combinable] = {
        **fields(Assessment, "id"),
        "scale_code": F("scale__code"),
        **fields(
            Assessment,
            "taken_at", "taken_on", "status", "total", "band", "hours_since_infusion", "session_id",
            "outcome", "is_remission", "improvement_percent",
        ),
    }  # fmt: skip
    mine = rows.filter(course_id=OuterRef("pk"), status__in=("final", "corrected"))
    return _each(mine, "course_id", each, "taken_at", "id")


def _requirements(reader: Reader) -> ListOf:
    rows = with_state(reader.sees(Requirement.objects.all(), "requirements.view"), reader.at)
    # All of the unique key's columns, so that its index is used.
    mine = rows.filter(
        site_id=OuterRef("site_id"), patient_id=OuterRef("patient_id"), subject_id=OuterRef("pk")
    )
    each = {**fields(Requirement, "id"), **requirement_fields()}
    return _each(mine, "subject_id", each, "next_due_on", "kind", "id")


def assessments(reader: Reader) -> QuerySet[Assessment]:
    """Every form with its status: drafts, replaced and withdrawn ones too."""
    return reader.sees(Assessment.objects.all(), "assessments.view").annotate(
        replaced_by_id=newest_replacement(Assessment)
    )


def assessment_json(reader: Reader) -> JsonObject:
    """One form with its answers in item order."""
    return JsonObject(
        {
            **fields(Assessment, "id", "site_id", "patient_id", "course_id", "session_id"),
            "scale_code": F("scale__code"),
            "scale_version": F("scale__version"),
            **fields(
                Assessment,
                "taken_at", "taken_on", "status", "items", "functional", "total", "band",
                "alerts", "tags", "hours_since_infusion", "baseline_id", "improvement_percent",
                "outcome", "is_remission", "policy_version",
            ),
            "why": reason(),
            **fields(Assessment, "replaces_id"),
            "replaced_by_id": F("replaced_by_id"),
            **fields(Assessment, "created_at", "updated_at"),
        }
    )  # fmt: skip


COURSES: Final = Feed(rows=courses, body=course_json)
ASSESSMENTS: Final = Feed(rows=assessments, body=assessment_json)
