"""Dose k of n, and the infusion given in it."""

from __future__ import annotations

from typing import ClassVar

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import F, Q

from clinic.models.base import ClinicalRow, StepRow
from clinic.models.constraints import same_site
from courses.models.catalogue import CourseRule
from courses.models.course import Course
from courses.querysets import CourseRowQuerySet, SessionQuerySet


class SessionStatus(models.TextChoices):
    """Legal moves stand in `courses.rules.transitions`."""

    PLANNED = "planned", "Planned, no chair yet"
    BOOKED = "booked", "Booked"
    RUNNING = "running", "Infusion running"
    COMPLETED = "completed", "Given"
    STOPPED = "stopped", "Stopped before the end"
    MISSED = "missed", "Missed"
    CANCELLED = "cancelled", "Cancelled"
    ENTERED_IN_ERROR = "entered_in_error", "Entered in error"


@pghistory.track()
class Session(ClinicalRow):
    """`number` is k of the course's n; a replacement keeps the number of what it replaces."""

    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="sessions")
    number = models.PositiveSmallIntegerField()
    status = models.CharField(
        max_length=20, choices=SessionStatus.choices, default=SessionStatus.PLANNED
    )
    earliest_on = models.DateField()
    ideal_on = models.DateField()
    latest_on = models.DateField()
    appointment = models.OneToOneField(
        "clinic.Appointment",
        on_delete=models.PROTECT,
        related_name="session",
        null=True,
        blank=True,
    )
    replaces = models.ForeignKey(
        "self", on_delete=models.PROTECT, related_name="replaced_by", null=True, blank=True
    )
    version = models.PositiveIntegerField(default=1)

    objects = SessionQuerySet.as_manager()

    class Meta(ClinicalRow.Meta):
        ordering = ("course", "number", "created_at")
        constraints: ClassVar = [
            *same_site("session", "course", "appointment", "replaces"),
            models.UniqueConstraint(
                fields=["site", "course", "number"],
                condition=~Q(status__in=("missed", "cancelled", "entered_in_error")),
                name="one_live_session_a_number",
            ),
            models.CheckConstraint(
                condition=Q(earliest_on__lte=F("ideal_on"), latest_on__gte=F("ideal_on")),
                name="window_around_ideal",
            ),
        ]

    def __str__(self) -> str:
        return f"Dose {self.number}"


class SessionTransition(StepRow):
    """One step of a session's life: who, when, why. Never overwritten."""

    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="transitions")
    from_status = models.CharField(max_length=20, blank=True)
    to_status = models.CharField(max_length=20, choices=SessionStatus.choices)
    at = models.DateTimeField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True
    )
    reason = models.CharField(max_length=200, blank=True)

    class Meta(StepRow.Meta):
        ordering = ("at", "id")
        constraints: ClassVar = [*same_site("sessiontransition", "session")]

    def __str__(self) -> str:
        return f"{self.from_status or 'new'} → {self.to_status}"


class GateCheck(StepRow):
    """One evaluation before a dose: the facts shown, every line, the decision."""

    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="gate_checks")
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    decision = models.CharField(max_length=10)
    facts = models.JSONField()
    lines = models.JSONField()
    rule = models.ForeignKey(CourseRule, on_delete=models.PROTECT, related_name="+")
    policy_version = models.PositiveIntegerField(default=0)

    objects = SessionQuerySet.as_manager()

    class Meta(StepRow.Meta):
        ordering = ("-at",)
        constraints: ClassVar = [*same_site("gatecheck", "session")]

    def __str__(self) -> str:
        return f"{self.decision} at {self.at:%Y-%m-%d %H:%M}"


@pghistory.track()
class Infusion(ClinicalRow):
    """What was given. Amounts in mg, mL and mL/h as the arithmetic rounded them."""

    session = models.OneToOneField(Session, on_delete=models.PROTECT, related_name="infusion")
    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="infusions")
    patient = models.ForeignKey(
        "clinic.Patient", on_delete=models.PROTECT, related_name="infusions"
    )
    gate_check = models.ForeignKey(GateCheck, on_delete=models.PROTECT, related_name="+")
    weight_kg = models.DecimalField(max_digits=5, decimal_places=1)
    weighed_on = models.DateField()
    mg_per_kg = models.DecimalField(max_digits=5, decimal_places=3)
    dose_mg = models.DecimalField(max_digits=7, decimal_places=1)
    concentration_mg_per_ml = models.DecimalField(max_digits=7, decimal_places=2)
    drug_volume_ml = models.DecimalField(max_digits=7, decimal_places=2)
    total_volume_ml = models.DecimalField(max_digits=7, decimal_places=1)
    rate_ml_per_h = models.DecimalField(max_digits=7, decimal_places=1)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    given_on = models.DateField(help_text="The site's local day of the start.")
    given_mg = models.DecimalField(max_digits=7, decimal_places=1, null=True, blank=True)
    stop_reason = models.CharField(max_length=200, blank=True)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    entered_in_error_at = models.DateTimeField(null=True, blank=True)
    preparation = models.ForeignKey(
        CourseRule, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    policy_version = models.PositiveIntegerField(
        default=0, help_text="Of the preparation: what the arithmetic was done by."
    )

    objects = CourseRowQuerySet.as_manager()

    class Meta(ClinicalRow.Meta):
        ordering = ("started_at",)
        constraints: ClassVar = [
            *same_site("infusion", "session", "course", "patient", "gate_check"),
            models.CheckConstraint(
                condition=Q(dose_mg__gt=0, weight_kg__gt=0), name="infusion_amounts_positive"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(ended_at__gt=F("started_at")),
                name="infusion_ends_after_start",
            ),
            models.CheckConstraint(
                condition=Q(given_mg__isnull=True) | Q(given_mg__gte=0, given_mg__lte=F("dose_mg")),
                name="given_within_dose",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["site", "patient", "started_at"])]

    def __str__(self) -> str:
        return f"{self.dose_mg} mg on {self.given_on}"
