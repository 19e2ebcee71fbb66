"""Appointments in the admin: booked, moved and cancelled by the same actions as everywhere."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminSplitDateTime
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.http import HttpRequest

from clinic.actions.appointments import book_appointment
from clinic.admin_base import ScopedInline, SiteScopedAdmin, acting
from clinic.errors import DomainError
from clinic.models import Appointment, AppointmentTransition
from clinic.rules.errors import RuleError
from courses.actions.series import attach_appointment
from courses.actions.visits import move_visit
from courses.models import Session


class DoseField(forms.ModelChoiceField[Session]):
    """A dose in words."""

    def label_from_instance(self, obj: Session) -> str:
        window = f"{obj.earliest_on} to {obj.latest_on}"
        return f"{obj.course.patient}: dose {obj.number}, {window}"


class BookingForm(forms.ModelForm[Appointment]):
    """A chair from a moment for some minutes. The action decides; its refusal shows here."""

    starts_at = forms.SplitDateTimeField(
        label="Starts", widget=AdminSplitDateTime, help_text="By the site's clock."
    )
    minutes = forms.IntegerField(
        min_value=15,
        max_value=720,
        initial=180,
        help_text="Preparation, infusion and observation together.",
    )
    session = DoseField(
        Session.objects.none(),
        required=False,
        help_text="The dose that is to be given; empty for a visit without one.",
    )

    class Meta:
        model = Appointment
        fields = ("patient", "chair", "staff")

    acting_as: Any = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        booked = None if self.is_new else self.instance
        waiting = Session.objects.visible_to(self.acting_as).filter(
            models.Q(status="planned") | models.Q(appointment=booked, appointment__isnull=False)
        )
        self.fields["session"].queryset = waiting.select_related("course__patient")  # type: ignore[attr-defined]
        if booked:
            start, end = booked.during.lower, booked.during.upper
            self.initial["starts_at"] = start
            self.initial["minutes"] = int((end - start).total_seconds() // 60)
            self.initial["session"] = getattr(booked, "session", None)

    @property
    def is_new(self) -> bool:
        """Keys are made before the row: having one says nothing."""
        return bool(self.instance._state.adding)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        session = data.get("session")
        if session and data.get("patient") and session.course.patient_id != data["patient"].pk:
            self.add_error("session", "This dose belongs to another patient.")
        if not self.errors:
            self._act(data)
        return data

    def _act(self, data: dict[str, Any]) -> None:
        """Book or move now, inside the request's transaction, so that a refusal is an error."""
        try:
            with transaction.atomic():
                self.instance = self._book(data) if self.is_new else self._move(data)
        except (DomainError, RuleError) as error:
            field = error.field if error.field in self.fields else None
            self.add_error(field, ValidationError(error.message, code=error.code))

    def _times(self, data: dict[str, Any]) -> dict[str, Any]:
        starts_at = data["starts_at"]
        return {
            "chair": data["chair"],
            "staff": data.get("staff"),
            "starts_at": starts_at,
            "ends_at": starts_at + timedelta(minutes=data["minutes"]),
            "by": self.acting_as,
        }

    def _book(self, data: dict[str, Any]) -> Appointment:
        appointment = book_appointment(patient=data["patient"], **self._times(data))
        if data.get("session"):
            attach_appointment(session=data["session"], appointment=appointment, by=self.acting_as)
        return appointment

    def _move(self, data: dict[str, Any]) -> Appointment:
        return move_visit(
            appointment=self.instance, version=self.instance.version, **self._times(data)
        )

    def _post_clean(self) -> None:
        """The action has validated and written; the form must not build a second row."""


class StepInline(ScopedInline[AppointmentTransition]):
    model = AppointmentTransition
    fields = ("from_status", "to_status", "at", "by", "reason")


@admin.register(Appointment)
class AppointmentAdmin(SiteScopedAdmin[Appointment]):
    list_display = ("starts", "patient", "chair", "staff", "status")
    list_select_related = ("patient", "chair", "staff", "site")
    list_filter = ("status", "chair", ("site", admin.RelatedOnlyFieldListFilter))
    search_fields = (
        "=patient__record_number",
        "patient__family_name",
        "patient__given_name",
        "chair__name",
    )
    autocomplete_fields = ("patient", "chair")
    fields = ("patient", "session", "chair", "staff", "starts_at", "minutes", "status")
    readonly_fields = ("status",)
    form = BookingForm
    inlines = (StepInline,)

    @admin.display(description="Starts", ordering="during")
    def starts(self, appointment: Appointment) -> str:
        return f"{appointment.during.lower.astimezone(appointment.site.zone):%a %d %b %Y %H:%M}"

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        return type("BoundBookingForm", (form,), {"acting_as": acting(request)})

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Written and audited by the action while the form was checked."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Steps are written by the action."""

    def construct_change_message(
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> Any:
        return super().construct_change_message(request, form, [], add)
