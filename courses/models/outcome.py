"""How a course goes, as it was last judged."""

from __future__ import annotations

from typing import ClassVar

import pghistory
from django.db import models

from clinic.models.base import ClinicalRow
from clinic.models.constraints import same_site
from courses.models.assessment import Assessment
from courses.models.catalogue import CourseRule
from courses.models.course import Course
from courses.querysets import CourseRowQuerySet


class OutcomeState(models.TextChoices):
    """Where the patient stands by the latest score on the course's primary scale."""

    NO_BASELINE = "no_baseline", "No baseline"
    NO_SCORE = "no_score", "No score since the first dose"
    WORSE = "worse", "Worse"
    NONE = "none", "No response"
    PARTIAL = "partial", "Partial response"
    RESPONSE = "response", "Response"
    SUSTAINED = "sustained", "Sustained response"
    REMISSION = "remission", "Remission"
    RELAPSE = "relapse", "Relapse"


@pghistory.track()
class CourseOutcome(ClinicalRow):
    """A pure function of the course's scores and infusions, kept with the versions it used.

    Written in the transaction of the fact that moves it. Days are local, percents to 0.1.
    """

    course = models.OneToOneField(Course, on_delete=models.PROTECT, related_name="outcome")
    patient = models.ForeignKey("clinic.Patient", on_delete=models.PROTECT, related_name="outcomes")
    state = models.CharField(max_length=12, choices=OutcomeState.choices)
    baseline = models.ForeignKey(
        Assessment, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    latest = models.ForeignKey(
        Assessment, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    improvement_percent = models.DecimalField(max_digits=6, decimal_places=1, null=True, blank=True)
    response_on = models.DateField(null=True, blank=True)
    remission_on = models.DateField(null=True, blank=True)
    sustained_on = models.DateField(null=True, blank=True)
    relapse_on = models.DateField(null=True, blank=True)
    days_to_response = models.PositiveIntegerField(null=True, blank=True)
    days_followed = models.PositiveIntegerField(null=True, blank=True)
    rule = models.ForeignKey(CourseRule, on_delete=models.PROTECT, related_name="+")
    policy_version = models.PositiveIntegerField(default=0)
    scale_policy_version = models.PositiveIntegerField(default=0)
    why = models.JSONField(default=dict, help_text="Why it is judged so.")

    objects = CourseRowQuerySet.as_manager()

    class Meta(ClinicalRow.Meta):
        ordering = ("course",)
        constraints: ClassVar = [
            *same_site("courseoutcome", "course", "patient", "baseline", "latest"),
        ]
        indexes: ClassVar = [models.Index(fields=["site", "state"], name="outcome_by_state")]

    def __str__(self) -> str:
        return str(self.get_state_display())
