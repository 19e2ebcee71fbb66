"""Results and requirements as plain rows, for those who pull them over REST."""

from __future__ import annotations

from typing import Any, Final

from django.db.models import F, QuerySet

from clinic.querysets import Viewer
from labs.models import Requirement, Result

Rows = QuerySet[Any, dict[str, Any]]

RESULT: Final = (
    "id",
    "site_id",
    "patient_id",
    "report_id",
    "code",
    "code_system",
    "display",
    "comparator",
    "value",
    "value_text",
    "unit",
    "lower_limit",
    "upper_limit",
    "times_limit",
    "grade",
    "graded_against",
    "ungraded_reason",
    "observed_at",
    "status",
    "replaces_id",
    "created_at",
    "updated_at",
)
REQUIREMENT: Final = (
    "id",
    "site_id",
    "patient_id",
    "kind",
    "cycle",
    "status",
    "last_done_on",
    "next_due_on",
    "soon_on",
    "overdue_on",
    "blocks_when",
    "created_at",
    "updated_at",
)


def results(user: Viewer) -> Rows:
    """Every result with its status: replaced and withdrawn ones too, so that nothing vanishes."""
    rows: Rows = Result.objects.visible_to(user, "results.view").values(
        *RESULT,
        analyte_code=F("analyte__code"),
        laboratory=F("report__laboratory"),
        collected_on=F("report__collected_on"),
    )
    return rows


def requirements(user: Viewer) -> Rows:
    """What must be done by when; `course_id` is the course it serves."""
    rows: Rows = Requirement.objects.visible_to(user, "requirements.view").values(
        *REQUIREMENT, title=F("rule__title"), course_id=F("subject_id")
    )
    return rows
