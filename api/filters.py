"""Filters by allow-list; what is not on it is refused by name."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from django import forms
from django_filters import fields
from django_filters import rest_framework as filters
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request

from courses.models import AssessmentStatus, CourseStatus
from courses.queries.feed import changed_since
from labs.models import RequirementStatus, ResultStatus

PAGING: Final = frozenset({"cursor", "page_size"})
STATES: Final = tuple(
    (state, state) for state in ("not_due", "due_soon", "due", "overdue", "suspended", "closed")
)


class Backend(filters.DjangoFilterBackend):  # type: ignore[misc]
    """Refuses a parameter that nobody knows: a slip of the pen must not return everything."""

    def filter_queryset(self, request: Request, queryset: Any, view: Any) -> Any:
        require_known(request, frozenset(view.filterset_class.base_filters) | PAGING)
        return super().filter_queryset(request, queryset, view)


def require_known(request: Request, known: frozenset[str]) -> None:
    """Raise ValidationError naming the first parameter that is unknown or comes twice."""
    for name, given in sorted(request.query_params.lists()):
        if name not in known:
            there = ", ".join(sorted(known)) or "none here"
            raise refusal(
                name, "unknown_parameter", f"There is no such filter. There are: {there}."
            )
        if len(given) > 1:
            raise refusal(name, "given_twice", "This filter takes one value.")


def refusal(field: str, code: str, message: str) -> ValidationError:
    """What is wrong with one parameter."""
    return ValidationError({field: [ErrorDetail(message, code=code)]})


class MomentField(fields.IsoDateTimeField):  # type: ignore[misc]
    """An instant with its offset; PostgreSQL knows no offset beyond 16 hours."""

    def clean(self, value: Any) -> datetime | None:
        found: datetime | None = super().clean(value)
        try:
            return found.astimezone(UTC) if found else None
        except OverflowError:
            raise forms.ValidationError("Enter a valid date/time.", code="invalid") from None


class Moment(filters.IsoDateTimeFilter):  # type: ignore[misc]
    field_class = MomentField


class Changed(filters.FilterSet):  # type: ignore[misc]
    """What every list can be asked."""

    updated_since = Moment(field_name="updated_at", lookup_expr="gte")


class OfPatient(Changed):
    """Rows of one patient."""

    patient = filters.UUIDFilter(field_name="patient_id")


class PatientFilter(Changed):
    record_number = filters.CharFilter()


class CourseFilter(OfPatient):
    status = filters.ChoiceFilter(choices=CourseStatus.choices)
    protocol = filters.CharFilter(field_name="protocol__code")
    updated_since = Moment(method="changed")

    def changed(self, rows: Any, name: str, since: datetime) -> Any:
        """A course changes with its parts."""
        return changed_since(rows, since)


class AssessmentFilter(OfPatient):
    status = filters.ChoiceFilter(choices=AssessmentStatus.choices)
    course = filters.UUIDFilter(field_name="course_id")
    session = filters.UUIDFilter(field_name="session_id")
    scale = filters.CharFilter(field_name="scale__code")
    taken_since = Moment(field_name="taken_at", lookup_expr="gte")


class ResultFilter(OfPatient):
    status = filters.ChoiceFilter(choices=ResultStatus.choices)
    report = filters.UUIDFilter(field_name="report_id")
    analyte = filters.CharFilter(field_name="analyte__code")
    observed_since = Moment(field_name="observed_at", lookup_expr="gte")


class RequirementFilter(OfPatient):
    status = filters.ChoiceFilter(choices=RequirementStatus.choices)
    state = filters.ChoiceFilter(choices=STATES)
    course = filters.UUIDFilter(field_name="subject_id")
    kind = filters.CharFilter()
    due_before = filters.DateFilter(field_name="next_due_on", lookup_expr="lt")
