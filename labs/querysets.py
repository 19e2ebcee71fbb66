"""Words for asking about results, requirements, tasks and reminders."""

from __future__ import annotations

from datetime import date, datetime
from typing import Self, TypeVar

from django.db import models
from django.db.models import F

from clinic.querysets import PatientRowQuerySet, SiteScopedQuerySet

M = TypeVar("M", bound=models.Model)


class CurrentRowQuerySet(PatientRowQuerySet[M]):
    """Rows with a result status."""

    def current(self) -> Self:
        """Preliminary, final or corrected: not cancelled, replaced or withdrawn."""
        return self.filter(status__in=("preliminary", "final", "corrected"))

    def settled(self) -> Self:
        """Final or corrected: what may satisfy a requirement."""
        return self.filter(status__in=("final", "corrected"))


class ReportQuerySet(CurrentRowQuerySet[M]):
    """Reports and urinary checks."""

    def unreviewed(self) -> Self:
        return self.current().filter(reviewed_at__isnull=True)


class ResultQuerySet(CurrentRowQuerySet[M]):
    """Results."""

    def monitored(self) -> Self:
        """Results of analytes that a rule knows."""
        return self.filter(analyte__isnull=False)


class RequirementQuerySet(PatientRowQuerySet[M]):
    """Requirements, by the site's local day."""

    def open(self) -> Self:
        return self.filter(status="open")

    def due(self, on: date) -> Self:
        """Due or overdue on the local day `on`."""
        return self.open().filter(next_due_on__lte=on)

    def overdue(self, on: date) -> Self:
        return self.open().filter(overdue_on__lte=on)

    def for_subject(self, subject_id: object) -> Self:
        return self.filter(subject_id=subject_id)


class TaskQuerySet(SiteScopedQuerySet[M]):
    """Tasks of staff."""

    def open(self) -> Self:
        return self.filter(status="open")

    def urgent(self) -> Self:
        return self.open().filter(is_urgent=True)


class ReminderQuerySet(PatientRowQuerySet[M]):
    """Reminders."""

    def unclaimed(self, at: datetime) -> Self:
        """Scheduled and due at `at`, not yet taken by a sender."""
        return self.filter(state="scheduled", next_at__lte=at)

    def stale(self) -> Self:
        """Still to be sent although the requirement moved, rests or is closed."""
        return self.filter(state="scheduled").exclude(
            requirement__status="open", requirement__next_due_on=F("requirement_due_on")
        )
