"""The read endpoints: a query, a filter, a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.http import Http404
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from api import filters, serializers
from clinic import queries_feed as people
from courses.queries import feed as courses
from labs import queries_feed as labs

Row = dict[str, Any]


class Resource(GenericAPIView[Any]):
    """Rows of one kind that this person may see; `parts` adds what hangs below them."""

    filterset_class: type[filters.Changed]
    rows: Any

    def get_queryset(self) -> Any:
        return type(self).rows(self.request.user)

    def parts(self, page: Sequence[Row]) -> Sequence[Row]:
        return page


class Listing(Resource):
    """One page after another."""

    def get(self, request: Request) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.parts(page or []))


class One(Resource):
    """One row, or a 404 that says nothing of whether it exists."""

    pagination_class = None

    def get(self, request: Request, pk: UUID) -> Response:
        found = list(self.get_queryset().filter(id=pk))
        if not found:
            raise Http404
        return Response(self.parts(found)[0])


class PatientRows(Resource):
    """Patients; contact ways stay inside."""

    rows = staticmethod(people.patients)
    filterset_class = filters.PatientFilter
    serializer_class = serializers.Patient


class CourseRows(Resource):
    """Courses with their sessions and what was given in each."""

    rows = staticmethod(courses.courses)
    filterset_class = filters.CourseFilter
    serializer_class = serializers.Course

    def parts(self, page: Sequence[Row]) -> Sequence[Row]:
        return courses.with_parts(self.request.user, page)


class AssessmentRows(Resource):
    """Filled-in scales, also drafts, replaced and withdrawn ones."""

    rows = staticmethod(courses.assessments)
    filterset_class = filters.AssessmentFilter
    serializer_class = serializers.Assessment


class ResultRows(Resource):
    """Laboratory results with their own unit, limits and grade."""

    rows = staticmethod(labs.results)
    filterset_class = filters.ResultFilter
    serializer_class = serializers.Result


class RequirementRows(Resource):
    """What must be done by when."""

    rows = staticmethod(labs.requirements)
    filterset_class = filters.RequirementFilter
    serializer_class = serializers.Requirement


@extend_schema_view(
    get=extend_schema(operation_id="patients_list", responses=serializers.Patient(many=True))
)
class Patients(PatientRows, Listing):
    """Patients, page by page."""


@extend_schema_view(get=extend_schema(operation_id="patients_one", filters=False))
class Patient(PatientRows, One):
    """One patient."""


@extend_schema_view(
    get=extend_schema(operation_id="courses_list", responses=serializers.Course(many=True))
)
class Courses(CourseRows, Listing):
    """Courses, page by page."""


@extend_schema_view(get=extend_schema(operation_id="courses_one", filters=False))
class Course(CourseRows, One):
    """One course."""


@extend_schema_view(
    get=extend_schema(operation_id="assessments_list", responses=serializers.Assessment(many=True))
)
class Assessments(AssessmentRows, Listing):
    """Assessments, page by page."""


@extend_schema_view(get=extend_schema(operation_id="assessments_one", filters=False))
class Assessment(AssessmentRows, One):
    """One assessment."""


@extend_schema_view(
    get=extend_schema(operation_id="results_list", responses=serializers.Result(many=True))
)
class Results(ResultRows, Listing):
    """Results, page by page."""


@extend_schema_view(get=extend_schema(operation_id="results_one", filters=False))
class Result(ResultRows, One):
    """One result."""


@extend_schema_view(
    get=extend_schema(
        operation_id="requirements_list", responses=serializers.Requirement(many=True)
    )
)
class Requirements(RequirementRows, Listing):
    """Requirements, page by page."""


@extend_schema_view(get=extend_schema(operation_id="requirements_one", filters=False))
class Requirement(RequirementRows, One):
    """One requirement."""


class Index(APIView):
    """Where everything is."""

    @extend_schema(responses={200: {"type": "object", "additionalProperties": {"type": "string"}}})
    def get(self, request: Request) -> Response:
        names = ("patients", "courses", "assessments", "results", "requirements")
        return Response({n: reverse(f"api:v1-{n}", request=request) for n in names})
