"""One course or session, for a person who may see it."""

from __future__ import annotations

from uuid import UUID

from clinic.models import Patient
from clinic.queries import find
from clinic.querysets import Viewer
from courses.models import Assessment, Course, Scale, Session


def find_course(*, user: Viewer, pk: UUID, may: str) -> Course:
    """The course with patient, site and protocol, or Http404."""
    rows = Course.objects.select_related(
        "patient__site", "site", "protocol", "primary_scale", "prescriber"
    )
    return find(rows, user=user, pk=pk, may=may)


def find_session(*, user: Viewer, pk: UUID, may: str) -> Session:
    """The session with course, patient, chair and infusion, or Http404."""
    rows = Session.objects.select_related(
        "course__patient__site",
        "course__site",
        "course__protocol",
        "course__primary_scale",
        "appointment__chair",
        "infusion__course__protocol",
        "site",
    )
    return find(rows, user=user, pk=pk, may=may)


def scale_named(code: str) -> Scale | None:
    """The newest version of a scale, None for an unknown code."""
    return Scale.objects.filter(code=code).order_by("-version").first()


def last_outcome_scale(patient: Patient) -> Scale | None:
    """The scale of the patient's newest complete score, if response is defined on it."""
    last = (
        Assessment.objects.for_patient(patient.pk)
        .scored()
        .filter(scale__content__has_key="response_percent")
        .select_related("scale")
        .order_by("-taken_at")
        .first()
    )
    return scale_named(last.scale.code) if last else None
