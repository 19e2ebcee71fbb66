"""Filters by allow-list; what is not on it is refused by name."""

from __future__ import annotations

from typing import Any, Final

from django_filters import rest_framework as filters
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

PAGING: Final = frozenset({"cursor", "page_size", "format"})


class Backend(filters.DjangoFilterBackend):  # type: ignore[misc]
    """Refuses a parameter that nobody knows: a slip of the pen must not return everything."""

    def filter_queryset(self, request: Request, queryset: Any, view: Any) -> Any:
        known = set(view.filterset_class.base_filters) | PAGING
        for name in sorted(set(request.query_params) - known):
            words = f"There is no such filter. There are: {', '.join(sorted(known - {'format'}))}."
            raise ValidationError({name: words}, code="unknown_parameter")
        return super().filter_queryset(request, queryset, view)


class Changed(filters.FilterSet):  # type: ignore[misc]
    """What every list can be asked."""

    updated_since = filters.IsoDateTimeFilter(field_name="updated_at", lookup_expr="gte")


class OfPatient(Changed):
    """Rows of one patient."""

    patient = filters.UUIDFilter(field_name="patient_id")
    status = filters.CharFilter()


class PatientFilter(Changed):
    record_number = filters.CharFilter()


class CourseFilter(OfPatient):
    protocol = filters.CharFilter(field_name="protocol__code")


class AssessmentFilter(OfPatient):
    course = filters.UUIDFilter(field_name="course_id")
    scale = filters.CharFilter(field_name="scale__code")
    taken_since = filters.IsoDateTimeFilter(field_name="taken_at", lookup_expr="gte")


class ResultFilter(OfPatient):
    report = filters.UUIDFilter(field_name="report_id")
    analyte = filters.CharFilter(field_name="analyte__code")
    observed_since = filters.IsoDateTimeFilter(field_name="observed_at", lookup_expr="gte")


class RequirementFilter(OfPatient):
    course = filters.UUIDFilter(field_name="subject_id")
    kind = filters.CharFilter()
    due_before = filters.DateFilter(field_name="next_due_on", lookup_expr="lte")
