"""Courses, sessions, infusions and scores in the admin: looked up, not edited."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin

from clinic.admin_base import CatalogueAdmin, ReadOnlyAdmin, ScopedInline
from courses.models import (
    Assessment,
    Course,
    CourseRule,
    CourseTransition,
    GateCheck,
    Infusion,
    Protocol,
    Scale,
    Session,
    SessionTransition,
)

OF_SITE = ("site", admin.RelatedOnlyFieldListFilter)


def of_patient(path: str = "patient") -> tuple[str, ...]:
    """Search by record number or name, wherever the patient hangs."""
    return (f"={path}__record_number", f"{path}__family_name", f"{path}__given_name")


admin.site.register([Protocol, Scale, CourseRule], CatalogueAdmin)


class SessionInline(ScopedInline[Session]):
    model = Session
    fields = ("number", "status", "earliest_on", "ideal_on", "latest_on")
    show_change_link = True


class CourseStepInline(ScopedInline[CourseTransition]):
    model = CourseTransition
    fields = ("from_status", "to_status", "at", "by", "reason")


@admin.register(Course)
class CourseAdmin(ReadOnlyAdmin[Course]):
    list_display = ("patient", "number", "protocol", "status", "planned_start_on", "prescriber")
    list_select_related = ("patient", "protocol", "prescriber")
    list_filter = ("status", "protocol", OF_SITE)
    search_fields = of_patient()
    date_hierarchy = "planned_start_on"
    inlines = (SessionInline, CourseStepInline)


class SessionStepInline(ScopedInline[SessionTransition]):
    model = SessionTransition
    fields = ("from_status", "to_status", "at", "by", "reason")


@admin.register(Session)
class SessionAdmin(ReadOnlyAdmin[Session]):
    list_display = ("patient", "number", "status", "earliest_on", "ideal_on", "latest_on")
    list_select_related = ("course__patient",)
    list_filter = ("status", OF_SITE)
    search_fields = of_patient("course__patient")
    date_hierarchy = "ideal_on"
    inlines = (SessionStepInline,)

    @admin.display(description="Patient", ordering="course__patient__family_name")
    def patient(self, session: Session) -> str:
        return str(session.course.patient)


@admin.register(GateCheck)
class GateCheckAdmin(ReadOnlyAdmin[GateCheck]):
    list_display = ("patient", "session", "decision", "at", "by")
    list_select_related = ("session__course__patient", "by")
    list_filter = ("decision", OF_SITE)
    search_fields = of_patient("session__course__patient")
    date_hierarchy = "at"

    @admin.display(description="Patient")
    def patient(self, check: GateCheck) -> str:
        return str(check.session.course.patient)


class OfPatient(ReadOnlyAdmin[Any]):
    """Rows of one patient."""

    list_select_related: ClassVar[tuple[str, ...]] = ("patient",)
    search_fields: ClassVar[tuple[str, ...]] = of_patient()
    list_filter: ClassVar[tuple[Any, ...]] = (OF_SITE,)


@admin.register(Infusion)
class InfusionAdmin(OfPatient):
    list_display = ("patient", "given_on", "dose_mg", "given_mg", "weight_kg", "started_by")
    list_select_related = ("patient", "started_by")
    date_hierarchy = "given_on"


@admin.register(Assessment)
class AssessmentAdmin(OfPatient):
    list_display = ("patient", "scale", "taken_on", "total", "band", "status")
    list_select_related = ("patient", "scale")
    list_filter = ("status", "scale__code", OF_SITE)
    date_hierarchy = "taken_on"
