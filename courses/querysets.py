"""Words for asking about courses, sessions and assessments."""

from __future__ import annotations

from datetime import date
from typing import Self, TypeVar

from django.db import models

from clinic.querysets import PatientRowQuerySet, SiteScopedQuerySet

M = TypeVar("M", bound=models.Model)


class CourseQuerySet(PatientRowQuerySet[M]):
    """Courses."""

    def under_way(self) -> Self:
        """Planned, active, paused or interrupted."""
        return self.filter(status__in=("planned", "active", "paused", "interrupted"))

    def active(self) -> Self:
        return self.filter(status="active")


class SessionQuerySet(SiteScopedQuerySet[M]):
    """Sessions and what hangs on them."""

    def live(self) -> Self:
        """Neither missed nor cancelled nor withdrawn."""
        return self.exclude(status__in=("missed", "cancelled", "entered_in_error"))

    def waiting(self) -> Self:
        """Still to be given."""
        return self.filter(status__in=("planned", "booked"))

    def on_day(self, day: date) -> Self:
        return self.filter(ideal_on=day)


class CourseRowQuerySet(PatientRowQuerySet[M]):
    """Infusions."""

    def given(self) -> Self:
        """Those in which drug was given and which were not withdrawn."""
        return self.filter(entered_in_error_at__isnull=True)


class AssessmentQuerySet(PatientRowQuerySet[M]):
    """Assessments."""

    def scored(self) -> Self:
        """Complete and current: what may be compared."""
        return self.filter(status__in=("final", "corrected"))

    def on_scale(self, code: str) -> Self:
        return self.filter(scale__code=code)
