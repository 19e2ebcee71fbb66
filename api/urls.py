"""Versioned routes, one list."""

from django.urls import path, re_path

from api.v1 import docs
from api.v1 import resources as v1

app_name = "api"
urlpatterns = [
    path("v1/", v1.Index.as_view(), name="v1-index"),
    path("v1/patients/", v1.Patients.as_view(), name="v1-patients"),
    path("v1/patients/<uuid:pk>/", v1.Patient.as_view(), name="v1-patient"),
    path("v1/courses/", v1.Courses.as_view(), name="v1-courses"),
    path("v1/courses/<uuid:pk>/", v1.Course.as_view(), name="v1-course"),
    path("v1/assessments/", v1.Assessments.as_view(), name="v1-assessments"),
    path("v1/assessments/<uuid:pk>/", v1.Assessment.as_view(), name="v1-assessment"),
    path("v1/results/", v1.Results.as_view(), name="v1-results"),
    path("v1/results/<uuid:pk>/", v1.Result.as_view(), name="v1-result"),
    path("v1/requirements/", v1.Requirements.as_view(), name="v1-requirements"),
    path("v1/requirements/<uuid:pk>/", v1.Requirement.as_view(), name="v1-requirement"),
    path("schema/", docs.Schema.as_view(), name="schema"),
    path("docs/", docs.Docs.as_view(), name="docs"),
    # With its slash at the end, so that an address without one is sent on to the right one.
    re_path(r"^(?:.*/)?$", v1.Nothing.as_view(), name="nothing"),
]
