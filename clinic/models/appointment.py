"""A chair, staff and a time range."""

from __future__ import annotations

from typing import ClassVar

import pghistory
from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import Q

from clinic.models.base import ClinicalRow, StepRow
from clinic.models.constraints import same_site
from clinic.querysets import AppointmentQuerySet


class AppointmentStatus(models.TextChoices):
    """Where a visit stands, in the words of the board."""

    BOOKED = "booked", "Booked"
    ARRIVED = "arrived", "Arrived"
    IN_TREATMENT = "in_treatment", "In treatment"
    OBSERVING = "observing", "Observing"
    FULFILLED = "fulfilled", "Gone home"
    NO_SHOW = "no_show", "Did not come"
    CANCELLED = "cancelled", "Cancelled"


OCCUPYING = (
    AppointmentStatus.BOOKED,
    AppointmentStatus.ARRIVED,
    AppointmentStatus.IN_TREATMENT,
    AppointmentStatus.OBSERVING,
)


@pghistory.track()
class Appointment(ClinicalRow):
    """`during` is half-open and includes preparation and observation: the chair is taken."""

    patient = models.ForeignKey(
        "clinic.Patient", on_delete=models.PROTECT, related_name="appointments"
    )
    chair = models.ForeignKey("clinic.Chair", on_delete=models.PROTECT, related_name="+")
    staff = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    during = DateTimeRangeField()
    status = models.CharField(
        max_length=20, choices=AppointmentStatus.choices, default=AppointmentStatus.BOOKED
    )
    status_reason = models.CharField(max_length=200, blank=True)
    replaces = models.ForeignKey(
        "self", on_delete=models.PROTECT, related_name="replaced_by", null=True, blank=True
    )
    version = models.PositiveIntegerField(default=1)

    objects = AppointmentQuerySet.as_manager()

    class Meta(ClinicalRow.Meta):
        ordering = ("during",)
        constraints: ClassVar = [
            *same_site("appointment", "patient", "chair", "replaces"),
            ExclusionConstraint(
                name="one_patient_a_chair",
                expressions=[
                    ("site", RangeOperators.EQUAL),
                    ("chair", RangeOperators.EQUAL),
                    ("during", RangeOperators.OVERLAPS),
                ],
                condition=Q(status__in=OCCUPYING),
                violation_error_message="This chair is taken at that time.",
            ),
            ExclusionConstraint(
                name="one_place_a_patient",
                expressions=[
                    ("site", RangeOperators.EQUAL),
                    ("patient", RangeOperators.EQUAL),
                    ("during", RangeOperators.OVERLAPS),
                ],
                condition=Q(status__in=OCCUPYING),
                violation_error_message="This patient has another appointment at that time.",
            ),
            models.CheckConstraint(
                condition=Q(during__isempty=False)
                & Q(during__startswith__isnull=False)
                & Q(during__endswith__isnull=False),
                name="appointment_has_both_ends",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.patient} in {self.chair}"


class AppointmentTransition(StepRow):
    """One step of an appointment's life: who, when, why. Never overwritten."""

    appointment = models.ForeignKey(
        Appointment, on_delete=models.PROTECT, related_name="transitions"
    )
    from_status = models.CharField(max_length=20, blank=True)
    to_status = models.CharField(max_length=20, choices=AppointmentStatus.choices)
    at = models.DateTimeField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True
    )
    reason = models.CharField(max_length=200, blank=True)

    class Meta(StepRow.Meta):
        ordering = ("at", "id")
        constraints: ClassVar = [*same_site("appointmenttransition", "appointment")]

    def __str__(self) -> str:
        return f"{self.from_status or 'new'} → {self.to_status}"
