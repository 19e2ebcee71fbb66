"""Versioned routes, one list."""

from django.urls import path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

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
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", SpectacularSwaggerSplitView.as_view(url_name="api:schema"), name="docs"),
]
