"""Results, requirements and reminders in the admin: looked up, not edited."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin

from clinic.admin_base import CatalogueAdmin, ReadOnlyAdmin, ScopedInline
from labs import admin_messages  # noqa: F401  registers when the admin looks for its parts
from labs.models import (
    Analyte,
    ImportProblem,
    ImportRun,
    LabRule,
    MonitoringSubject,
    Reminder,
    ReminderAttempt,
    Report,
    Requirement,
    RequirementRule,
    Result,
    Task,
    UrinaryCheck,
)

OF_SITE = ("site", admin.RelatedOnlyFieldListFilter)
OF_PATIENT = ("=patient__record_number", "patient__family_name", "patient__given_name")

admin.site.register([Analyte, LabRule, RequirementRule], CatalogueAdmin)


class OfPatient(ReadOnlyAdmin[Any]):
    """Rows of one patient."""

    list_select_related: ClassVar[tuple[str, ...]] = ("patient",)
    search_fields: ClassVar[tuple[str, ...]] = OF_PATIENT
    list_filter: ClassVar[tuple[Any, ...]] = ("status", OF_SITE)


class ResultInline(ScopedInline[Result]):
    model = Result
    fields = ("display", "comparator", "value", "unit", "upper_limit", "grade", "status")


@admin.register(Report)
class ReportAdmin(OfPatient):
    list_display = ("patient", "collected_on", "laboratory", "status", "source", "reviewed_at")
    list_filter = ("status", "source", ("reviewed_at", admin.EmptyFieldListFilter), OF_SITE)
    list_select_related = ("patient", "reviewed_by", "recorded_by")
    search_fields = (*OF_PATIENT, "laboratory", "=identifier")
    date_hierarchy = "collected_on"
    inlines = (ResultInline,)


@admin.register(Result)
class ResultAdmin(OfPatient):
    list_display = ("patient", "display", "value", "unit", "times_limit", "grade", "observed_at")
    list_filter = ("grade", "status", OF_SITE)
    search_fields = (*OF_PATIENT, "=code", "display")
    date_hierarchy = "observed_at"


@admin.register(UrinaryCheck)
class UrinaryCheckAdmin(OfPatient):
    list_display = ("patient", "checked_on", "level", "status", "recorded_by")
    list_select_related = ("patient", "recorded_by")
    list_filter = ("level", "status", OF_SITE)
    date_hierarchy = "checked_on"


@admin.register(MonitoringSubject)
class MonitoringSubjectAdmin(OfPatient):
    list_display = ("patient", "subject_id", "updated_at")
    list_filter = (OF_SITE,)


@admin.register(Requirement)
class RequirementAdmin(OfPatient):
    list_display = ("patient", "kind", "status", "next_due_on", "overdue_on", "last_done_on")
    list_filter = ("status", "kind", OF_SITE)
    date_hierarchy = "next_due_on"


@admin.register(Task)
class TaskAdmin(OfPatient):
    list_display = ("title", "patient", "role", "is_urgent", "status", "due_at", "done_by")
    list_select_related = ("patient", "done_by")
    list_filter = ("status", "role", "kind", "is_urgent", OF_SITE)


class AttemptInline(ScopedInline[ReminderAttempt]):
    model = ReminderAttempt
    fields = ("number", "worker", "started_at", "ended_at", "outcome")


@admin.register(Reminder)
class ReminderAdmin(OfPatient):
    list_display = ("patient", "recipient", "step", "state", "due_at", "attempts", "state_reason")
    list_filter = ("state", "recipient", "channel", OF_SITE)
    date_hierarchy = "due_at"
    inlines = (AttemptInline,)


class ProblemInline(ScopedInline[ImportProblem]):
    model = ImportProblem
    fields = ("place", "field", "code", "message", "is_refusal")


@admin.register(ImportRun)
class ImportRunAdmin(ReadOnlyAdmin[ImportRun]):
    list_display = ("file_name", "started_at", "read", "stored", "duplicate", "refused")
    list_filter = ("file_format", OF_SITE)
    search_fields = ("file_name",)
    date_hierarchy = "started_at"
    inlines = (ProblemInline,)
