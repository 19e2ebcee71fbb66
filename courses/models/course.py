"""One patient on one protocol version."""

from __future__ import annotations

from typing import ClassVar

import pghistory
from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q

from clinic.models.base import ClinicalRow, StepRow
from clinic.models.constraints import same_site
from courses.models.catalogue import Protocol, Scale
from courses.querysets import CourseQuerySet


class CourseStatus(models.TextChoices):
    """Legal moves stand in `courses.rules.transitions`."""

    PLANNED = "planned", "Planned"
    ACTIVE = "active", "Active"
    PAUSED = "paused", "Paused"
    INTERRUPTED = "interrupted", "Interrupted"
    COMPLETED = "completed", "Completed"
    STOPPED = "stopped", "Stopped"


UNDER_WAY = (
    CourseStatus.PLANNED,
    CourseStatus.ACTIVE,
    CourseStatus.PAUSED,
    CourseStatus.INTERRUPTED,
)


class StopReason(models.TextChoices):
    """Why a course was stopped."""

    NO_RESPONSE = "no_response", "No response"
    ADVERSE_EVENT = "adverse_event", "Adverse event"
    PATIENT_CHOICE = "patient_choice", "Patient's choice"
    LOST_CONTACT = "lost_contact", "Lost contact"
    LIVER = "liver", "Liver findings"
    URINARY = "urinary", "Urinary findings"
    OTHER = "other", "Other, see note"


@pghistory.track()
class Course(ClinicalRow):
    """`number` counts a patient's courses from 1. Dose and scale are fixed at the start."""

    patient = models.ForeignKey("clinic.Patient", on_delete=models.PROTECT, related_name="courses")
    number = models.PositiveSmallIntegerField()
    protocol = models.ForeignKey(Protocol, on_delete=models.PROTECT, related_name="+")
    primary_scale = models.ForeignKey(Scale, on_delete=models.PROTECT, related_name="+")
    prescriber = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    second_prescriber = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        help_text="Who agreed, where the protocol asks for two.",
    )
    status = models.CharField(
        max_length=12, choices=CourseStatus.choices, default=CourseStatus.PLANNED
    )
    planned_count = models.PositiveSmallIntegerField(
        "planned sessions", validators=[MinValueValidator(1)]
    )
    mg_per_kg = models.DecimalField("dose in mg/kg", max_digits=5, decimal_places=3)
    infusion_minutes = models.PositiveSmallIntegerField()
    planned_start_on = models.DateField()
    started_on = models.DateField(null=True, blank=True)
    ended_on = models.DateField(null=True, blank=True)
    stop_reason = models.CharField(max_length=20, choices=StopReason.choices, blank=True)
    note = models.TextField(blank=True)
    version = models.PositiveIntegerField(default=1)

    objects = CourseQuerySet.as_manager()

    class Meta(ClinicalRow.Meta):
        ordering = ("-planned_start_on",)
        constraints: ClassVar = [
            *same_site("course", "patient"),
            models.UniqueConstraint(
                fields=["site", "patient", "number"], name="course_number_once"
            ),
            models.UniqueConstraint(
                fields=["site", "patient"],
                condition=Q(status__in=UNDER_WAY),
                name="one_course_under_way",
                violation_error_message="This patient already has a course under way.",
            ),
            models.CheckConstraint(condition=Q(mg_per_kg__gt=0), name="dose_is_positive"),
            models.CheckConstraint(
                condition=~Q(status="stopped") | ~Q(stop_reason=""), name="stop_has_a_reason"
            ),
            models.CheckConstraint(
                condition=Q(ended_on__isnull=True)
                | Q(started_on__isnull=True)
                | Q(ended_on__gte=F("started_on")),
                name="course_ends_after_start",
            ),
            models.CheckConstraint(
                condition=Q(second_prescriber__isnull=True) | ~Q(second_prescriber=F("prescriber")),
                name="two_prescribers_are_two",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["site", "status"])]

    def __str__(self) -> str:
        return f"Course {self.number}"


class CourseTransition(StepRow):
    """One step of a course's life: who, when, why. Never overwritten."""

    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="transitions")
    from_status = models.CharField(max_length=12, blank=True)
    to_status = models.CharField(max_length=12, choices=CourseStatus.choices)
    at = models.DateTimeField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True
    )
    reason = models.CharField(max_length=200, blank=True)

    class Meta(StepRow.Meta):
        ordering = ("at", "id")
        constraints: ClassVar = [*same_site("coursetransition", "course")]

    def __str__(self) -> str:
        return f"{self.from_status or 'new'} → {self.to_status}"
