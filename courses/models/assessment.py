"""A filled-in scale."""

from __future__ import annotations

from typing import ClassVar

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import Q

from clinic.models.base import ClinicalRow
from clinic.models.constraints import same_site
from courses.models.catalogue import Scale
from courses.models.course import Course
from courses.models.session import Session
from courses.querysets import AssessmentQuerySet


class AssessmentStatus(models.TextChoices):
    """Only final and corrected ones have a total, or a risk where the scale has no total."""

    DRAFT = "draft", "Draft, not complete"
    FINAL = "final", "Final"
    CORRECTED = "corrected", "Corrected"
    SUPERSEDED = "superseded", "Replaced by a correction"
    ENTERED_IN_ERROR = "entered_in_error", "Entered in error"


@pghistory.track()
class Assessment(ClinicalRow):
    """Answers in item order; `null` is not answered. Incomplete is never a total."""

    patient = models.ForeignKey(
        "clinic.Patient", on_delete=models.PROTECT, related_name="assessments"
    )
    course = models.ForeignKey(
        Course, on_delete=models.PROTECT, related_name="assessments", null=True, blank=True
    )
    session = models.ForeignKey(
        Session, on_delete=models.PROTECT, related_name="assessments", null=True, blank=True
    )
    scale = models.ForeignKey(Scale, on_delete=models.PROTECT, related_name="+")
    taken_at = models.DateTimeField()
    taken_on = models.DateField(help_text="The site's local day.")
    items = models.JSONField()
    functional = models.PositiveSmallIntegerField(null=True, blank=True)
    status = models.CharField(max_length=20, choices=AssessmentStatus.choices)
    total = models.SmallIntegerField(null=True, blank=True)
    band = models.CharField(max_length=30, blank=True)
    alerts = models.JSONField(default=list)
    hours_since_infusion = models.DecimalField(
        max_digits=9, decimal_places=1, null=True, blank=True
    )
    tags = models.JSONField(default=list)
    policy_version = models.PositiveIntegerField(
        default=0, help_text="Of the scale: what its alerts and its outcome were judged by."
    )
    baseline = models.ForeignKey(
        "self", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    improvement_percent = models.DecimalField(max_digits=6, decimal_places=1, null=True, blank=True)
    outcome = models.CharField(max_length=12, blank=True)
    is_remission = models.BooleanField(null=True, blank=True)
    why = models.JSONField(default=dict, help_text="Why it has this outcome.")
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    replaces = models.ForeignKey(
        "self", on_delete=models.PROTECT, related_name="replaced_by", null=True, blank=True
    )

    objects = AssessmentQuerySet.as_manager()

    class Meta(ClinicalRow.Meta):
        ordering = ("-taken_at",)
        constraints: ClassVar = [
            *same_site("assessment", "patient", "course", "session", "replaces", "baseline"),
            models.CheckConstraint(
                condition=Q(status="draft", total__isnull=True)
                | Q(status__in=("final", "corrected")) & (Q(total__isnull=False) | ~Q(band=""))
                | Q(status__in=("superseded", "entered_in_error")),
                name="incomplete_is_never_a_total",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["site", "patient", "-taken_at"])]

    def __str__(self) -> str:
        return f"{self.scale.title}, {self.taken_on}"
