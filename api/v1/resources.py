"""The read endpoints, one after another: a query, its filters, its shape."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from api import filters, serializers
from api.v1.base import Listing, One, Resource
from clinic import queries_feed as people
from courses.queries import feed as courses
from labs import queries_feed as labs


class PatientRows(Resource):
    """Patients; contact ways stay inside."""

    feed = people.PATIENTS
    filterset_class = filters.PatientFilter
    serializer_class = serializers.Patient


class CourseRows(Resource):
    """Courses with sessions and infusions, scores, and what they ask for."""

    feed = courses.COURSES
    filterset_class = filters.CourseFilter
    serializer_class = serializers.Course


class AssessmentRows(Resource):
    """Filled-in scales, also drafts, replaced and withdrawn ones."""

    feed = courses.ASSESSMENTS
    filterset_class = filters.AssessmentFilter
    serializer_class = serializers.Assessment


class ResultRows(Resource):
    """Laboratory results with their own unit, limits and grade, also replaced ones."""

    feed = labs.RESULTS
    filterset_class = filters.ResultFilter
    serializer_class = serializers.Result


class RequirementRows(Resource):
    """What must be done by when, and how it stands today by the site's clock."""

    feed = labs.REQUIREMENTS
    filterset_class = filters.RequirementFilter
    serializer_class = serializers.Requirement


def _listed(name: str, shape: type[Any]) -> Any:
    return extend_schema_view(
        get=extend_schema(operation_id=f"{name}_list", tags=[name], responses=shape(many=True))
    )


def _single(name: str) -> Any:
    return extend_schema_view(
        get=extend_schema(operation_id=f"{name}_one", tags=[name], filters=False)
    )


@_listed("patients", serializers.Patient)
class Patients(PatientRows, Listing):
    """Patients, page by page. Contact ways stay inside."""


@_single("patients")
class Patient(PatientRows, One):
    """One patient."""


@_listed("courses", serializers.Course)
class Courses(CourseRows, Listing):
    """Courses, page by page, with sessions and infusions, scores, and what they ask for."""


@_single("courses")
class Course(CourseRows, One):
    """One course."""


@_listed("assessments", serializers.Assessment)
class Assessments(AssessmentRows, Listing):
    """Filled-in scales, page by page; also drafts, replaced and withdrawn ones."""


@_single("assessments")
class Assessment(AssessmentRows, One):
    """One filled-in scale."""


@_listed("results", serializers.Result)
class Results(ResultRows, Listing):
    """Laboratory results, page by page; also replaced and withdrawn ones."""


@_single("results")
class Result(ResultRows, One):
    """One result."""


@_listed("requirements", serializers.Requirement)
class Requirements(RequirementRows, Listing):
    """What must be done by when, page by page."""


@_single("requirements")
class Requirement(RequirementRows, One):
    """One requirement."""


class Index(APIView):
    """Where everything is."""

    @extend_schema(
        tags=["index"],
        responses={
            200: {"type": "object", "additionalProperties": {"type": "string", "format": "uri"}}
        },
    )
    def get(self, request: Request) -> Response:
        names = ("patients", "courses", "assessments", "results", "requirements")
        return Response({n: reverse(f"api:v1-{n}", request=request) for n in names})


class Nothing(APIView):
    """Any other address, in the same words as a row that is not there."""

    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        raise Http404
