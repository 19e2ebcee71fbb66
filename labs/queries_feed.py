"""Results and requirements as rows for those who pull them over REST."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db.models import (
    Case,
    DateField,
    DateTimeField,
    F,
    Func,
    IntegerField,
    QuerySet,
    Value,
    When,
)
from django.db.models.expressions import Combinable

from clinic.queries_json import Feed, JsonObject, Reader, fields, newest_replacement, reason
from labs.models import Requirement, RequirementStatus, Result


class LocalDay(Func):
    """The calendar day of a moment in a time zone."""

    template = "(%(expressions)s)::date"
    arg_joiner = " AT TIME ZONE "
    output_field = DateField()


class DaysSince(Func):
    """Whole days from the second day to the first; 0 where it has not come yet."""

    template = "GREATEST(%(expressions)s, 0)"
    arg_joiner = " - "
    output_field = IntegerField()


def results(reader: Reader) -> QuerySet[Result]:
    """Every result with its status: replaced and withdrawn ones too, so that nothing vanishes."""
    return reader.sees(Result.objects.all(), "results.view").annotate(
        replaced_by_id=newest_replacement(Result)
    )


def result_json(reader: Reader) -> JsonObject:
    """One result with its own unit and limits."""
    return JsonObject(
        {
            **fields(
                Result,
                "id", "site_id", "patient_id", "report_id", "status", "observed_at", "code",
                "code_system", "display", "comparator", "value", "value_text", "unit",
                "lower_limit", "upper_limit", "times_limit", "grade", "graded_against",
                "ungraded_reason", "policy_version",
            ),
            "why": reason(),
            "analyte": F("analyte__code"),
            "laboratory": F("report__laboratory"),
            "collected_on": F("report__collected_on"),
            **fields(Result, "replaces_id"),
            "replaced_by_id": F("replaced_by_id"),
            **fields(Result, "created_at", "updated_at"),
        }
    )  # fmt: skip


def requirements(reader: Reader) -> QuerySet[Requirement]:
    """What must be done by when, with its state on the site's local day."""
    return with_state(reader.sees(Requirement.objects.all(), "requirements.view"), reader.at)


def with_state(rows: QuerySet[Requirement], at: datetime) -> QuerySet[Requirement]:
    """`state` and `lateness_days` at `at`, as `labs.rules.due.state_of` has them."""
    today = LocalDay(Value(at, DateTimeField()), F("site__time_zone"))
    return rows.annotate(state=_state(today), lateness_days=_lateness(today))


def _state(today: Combinable) -> Case:
    return Case(
        When(status=RequirementStatus.CLOSED, then=Value("closed")),
        When(status=RequirementStatus.SUSPENDED, then=Value("suspended")),
        When(overdue_on__lte=today, then=Value("overdue")),
        When(next_due_on__lte=today, then=Value("due")),
        When(soon_on__lte=today, then=Value("due_soon")),
        default=Value("not_due"),
    )


def _lateness(today: Combinable) -> Case:
    is_open = When(status=RequirementStatus.OPEN, then=DaysSince(today, F("next_due_on")))
    return Case(is_open, default=Value(0), output_field=IntegerField())


def requirement_json(reader: Reader) -> JsonObject:
    """One requirement of `requirements`; `course_id` is the course it serves."""
    return JsonObject(
        {
            **fields(Requirement, "id", "site_id", "patient_id"),
            "course_id": F("subject_id"),
            **requirement_fields(),
            **fields(Requirement, "created_at", "updated_at"),
        }
    )


def requirement_fields() -> dict[str, Combinable]:
    """What a requirement says wherever it is listed."""
    return {
        **fields(Requirement, "kind"),
        "title": F("rule__title"),
        **fields(Requirement, "cycle", "status"),
        "state": F("state"),
        "lateness_days": F("lateness_days"),
        **fields(
            Requirement,
            "last_done_on", "soon_on", "next_due_on", "overdue_on", "blocks_when", "policy_version",
        ),
        "why": reason(),
    }  # fmt: skip


RESULTS: Final = Feed(rows=results, body=result_json)
REQUIREMENTS: Final = Feed(rows=requirements, body=requirement_json)
