"""Patients in the admin. On this floor, because a death or a transfer moves what is due."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from clinic.admin_base import ScopedInline, SiteScopedAdmin, acting
from clinic.models import Patient
from courses.actions.monitoring import patient_changed
from courses.models import Course

STANDING = {"deceased_on", "transferred_on", "consent_withdrawn_on"}


class CourseInline(ScopedInline[Course]):
    model = Course
    fields = ("number", "protocol", "status", "planned_start_on", "ended_on")
    show_change_link = True


@admin.register(Patient)
class PatientAdmin(SiteScopedAdmin[Patient]):
    list_display = ("__str__", "record_number", "birth_date", "standing", "chart", "site")
    list_select_related = ("site",)
    list_filter = (
        "sex",
        ("deceased_on", admin.EmptyFieldListFilter),
        ("transferred_on", admin.EmptyFieldListFilter),
        ("site", admin.RelatedOnlyFieldListFilter),
    )
    search_fields = ("=record_number", "family_name", "given_name")
    date_hierarchy = None
    inlines = (CourseInline,)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "site",
                    "record_number",
                    ("given_name", "family_name"),
                    ("birth_date", "sex"),
                )
            },
        ),
        (
            "Contact",
            {"fields": ("email", "consents_to_email", "phone", "consents_to_sms", "language")},
        ),
        (
            "No longer here",
            {
                "fields": (
                    "deceased_on",
                    ("transferred_on", "transferred_to"),
                    "consent_withdrawn_on",
                ),
                "description": "Ends everything that is due and stops every message at once.",
            },
        ),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("site",) if obj else ()

    @admin.display(description="Chart")
    def chart(self, patient: Patient) -> str:
        return format_html(
            '<a href="{}">Open the chart</a>', reverse("patient_chart", args=[patient.pk])
        )

    def save_model(self, request: HttpRequest, obj: Patient, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change and STANDING & set(form.changed_data):
            patient_changed(patient=obj, by=acting(request))
