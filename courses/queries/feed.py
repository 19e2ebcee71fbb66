"""Courses and assessments as plain rows, for those who pull them over REST."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Final
from uuid import UUID

from django.db.models import F, QuerySet

from clinic.querysets import Viewer
from courses.models import Assessment, Course, Infusion, Session

Row = dict[str, Any]
Rows = QuerySet[Any, Row]

COURSE: Final = (
    "id",
    "site_id",
    "patient_id",
    "number",
    "status",
    "planned_count",
    "mg_per_kg",
    "infusion_minutes",
    "planned_start_on",
    "started_on",
    "ended_on",
    "stop_reason",
    "created_at",
    "updated_at",
)
SESSION: Final = (
    "id",
    "course_id",
    "number",
    "status",
    "earliest_on",
    "ideal_on",
    "latest_on",
    "appointment_id",
    "replaces_id",
    "updated_at",
)
INFUSION: Final = (
    "id",
    "session_id",
    "weight_kg",
    "mg_per_kg",
    "dose_mg",
    "given_mg",
    "concentration_mg_per_ml",
    "drug_volume_ml",
    "total_volume_ml",
    "rate_ml_per_h",
    "started_at",
    "ended_at",
    "given_on",
    "stop_reason",
    "entered_in_error_at",
)
ASSESSMENT: Final = (
    "id",
    "site_id",
    "patient_id",
    "course_id",
    "session_id",
    "taken_at",
    "taken_on",
    "items",
    "functional",
    "status",
    "total",
    "band",
    "alerts",
    "hours_since_infusion",
    "tags",
    "replaces_id",
    "created_at",
    "updated_at",
)


def courses(user: Viewer) -> Rows:
    """Courses without their parts; `with_parts` adds them for one page."""
    rows: Rows = Course.objects.visible_to(user, "courses.view").values(
        *COURSE,
        protocol_code=F("protocol__code"),
        protocol_version=F("protocol__version"),
        primary_scale_code=F("primary_scale__code"),
        primary_scale_version=F("primary_scale__version"),
    )
    return rows


def with_parts(user: Viewer, page: Sequence[Row]) -> list[Row]:
    """Each course with its sessions and what was given in them: two queries for any page."""
    ids = [row["id"] for row in page]
    given = {
        row.pop("session_id"): row
        for row in Infusion.objects.visible_to(user, "courses.view")
        .filter(course_id__in=ids)
        .values(*INFUSION)
    }
    sessions = _sessions(user, ids, given)
    return [{**row, "sessions": sessions[row["id"]]} for row in page]


def _sessions(user: Viewer, ids: Iterable[UUID], given: dict[UUID, Row]) -> dict[UUID, list[Row]]:
    found: dict[UUID, list[Row]] = defaultdict(list)
    rows = Session.objects.visible_to(user, "courses.view").filter(course_id__in=ids)
    for row in rows.order_by("number", "id").values(*SESSION):
        found[row.pop("course_id")].append({**row, "infusion": given.get(row["id"])})
    return found


def assessments(user: Viewer) -> Rows:
    """Every form with its status: drafts, replaced and withdrawn ones too."""
    rows: Rows = Assessment.objects.visible_to(user, "assessments.view").values(
        *ASSESSMENT, scale_code=F("scale__code"), scale_version=F("scale__version")
    )
    return rows
