"""What must be done by a date, and what a named role must do about it."""

from __future__ import annotations

from typing import ClassVar

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import Q

from clinic.models.base import ClinicalRow
from clinic.models.constraints import same_site
from clinic.models.user import Role
from clinic.querysets import PatientRowQuerySet
from labs.models.catalogue import RequirementRule
from labs.querysets import RequirementQuerySet, TaskQuerySet


@pghistory.track()
class MonitoringSubject(ClinicalRow):
    """What a course last said of itself, as plain data, so that a result can move a due day.

    Courses stand above the laboratory side, which therefore cannot ask them; the action that
    changes a course hands its facts down in the same transaction.
    """

    patient = models.ForeignKey(
        "clinic.Patient", on_delete=models.PROTECT, related_name="monitoring_subjects"
    )
    subject_id = models.UUIDField(help_text="The course, as plain data.")
    facts = models.JSONField()

    objects = PatientRowQuerySet.as_manager()

    class Meta(ClinicalRow.Meta):
        ordering = ("patient", "created_at")
        constraints: ClassVar = [
            *same_site("monitoringsubject", "patient"),
            models.UniqueConstraint(fields=["site", "subject_id"], name="subject_once"),
        ]

    def __str__(self) -> str:
        return f"Subject {self.subject_id}"


class RequirementStatus(models.TextChoices):
    """Whether the clock counts. How late it is follows from the dates and today."""

    OPEN = "open", "Open"
    SUSPENDED = "suspended", "Suspended while the course rests"
    CLOSED = "closed", "Closed"


class BlocksWhen(models.TextChoices):
    """From which state on a requirement stands against the next dose."""

    DUE = "due", "When due"
    OVERDUE = "overdue", "When overdue"
    NEVER = "never", "Never"


@pghistory.track(
    pghistory.InsertEvent(),
    pghistory.UpdateEvent(
        condition=pghistory.AnyChange(exclude=["notify_on", "updated_at"]),
    ),
)
class Requirement(ClinicalRow):
    """One thing that must be done, with the day it next falls due.

    A pure function of facts writes the dates in the transaction of the fact that moves them.
    `notify_on` is the day on which the sweep must next act on the row; the sweep clears it.
    """

    patient = models.ForeignKey(
        "clinic.Patient", on_delete=models.PROTECT, related_name="requirements"
    )
    kind = models.CharField(max_length=40)
    rule = models.ForeignKey(RequirementRule, on_delete=models.PROTECT, related_name="+")
    policy_version = models.PositiveIntegerField(default=0)
    subject_id = models.UUIDField(help_text="The course it serves, as plain data.")
    subject_state = models.CharField(max_length=20)
    cycle = models.CharField(
        max_length=40, blank=True, help_text="Which of several, e.g. the session it belongs to."
    )
    status = models.CharField(max_length=10, choices=RequirementStatus.choices)
    last_done_on = models.DateField(null=True, blank=True)
    next_due_on = models.DateField(null=True, blank=True)
    soon_on = models.DateField(null=True, blank=True)
    overdue_on = models.DateField(
        null=True, blank=True, help_text="First day on which it is overdue."
    )
    notify_on = models.DateField(null=True, blank=True)
    done_late_days = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Days after its due day that it was last done, if late."
    )
    revision = models.PositiveIntegerField(
        default=0, help_text="Grows when a fact is withdrawn and the due day moves back."
    )
    blocks_when = models.CharField(max_length=10, choices=BlocksWhen.choices)
    why = models.JSONField(default=dict, help_text="Why it has these days, as the planner says it.")

    objects = RequirementQuerySet.as_manager()

    class Meta(ClinicalRow.Meta):
        ordering = ("next_due_on", "kind")
        constraints: ClassVar = [
            *same_site("requirement", "patient"),
            models.UniqueConstraint(
                fields=["site", "patient", "kind", "subject_id", "cycle"], name="requirement_once"
            ),
            models.CheckConstraint(
                condition=~Q(status="open")
                | Q(next_due_on__isnull=False, overdue_on__isnull=False),
                name="open_requirement_has_dates",
            ),
            models.CheckConstraint(
                condition=Q(notify_on__isnull=True) | Q(status="open"),
                name="only_open_requirements_notify",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["notify_on"],
                name="requirement_to_notify",
                condition=Q(notify_on__isnull=False),
            ),
            models.Index(
                fields=["site", "next_due_on"],
                name="requirement_open_due",
                condition=Q(status="open"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} due {self.next_due_on}"


class TaskStatus(models.TextChoices):
    """A task is open until somebody says what came of it."""

    OPEN = "open", "Open"
    DONE = "done", "Done"


@pghistory.track()
class Task(ClinicalRow):
    """Something a named role must do. Made in the transaction of its cause."""

    patient = models.ForeignKey(
        "clinic.Patient", on_delete=models.PROTECT, related_name="tasks", null=True, blank=True
    )
    kind = models.CharField(max_length=40)
    role = models.CharField(max_length=20, choices=Role.choices)
    is_urgent = models.BooleanField(default=False)
    title = models.CharField(max_length=200)
    due_at = models.DateTimeField()
    dedup_key = models.CharField(max_length=200)
    subject_id = models.UUIDField()
    status = models.CharField(max_length=10, choices=TaskStatus.choices, default=TaskStatus.OPEN)
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    outcome = models.TextField(blank=True)

    objects = TaskQuerySet.as_manager()

    class Meta(ClinicalRow.Meta):
        ordering = ("-is_urgent", "due_at")
        constraints: ClassVar = [
            *same_site("task", "patient"),
            models.UniqueConstraint(fields=["site", "dedup_key"], name="task_once"),
            models.CheckConstraint(
                condition=Q(status="open") | Q(done_at__isnull=False, done_by__isnull=False),
                name="done_task_says_who",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["site", "role", "due_at"], name="task_open", condition=Q(status="open")
            )
        ]

    def __str__(self) -> str:
        return self.title
