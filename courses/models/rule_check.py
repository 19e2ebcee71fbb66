"""A file of worked cases that somebody had judged: evidence for a safety case."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from clinic.models.base import StepRow
from clinic.models.constraints import same_site
from clinic.querysets import SiteScopedQuerySet


class RuleCheck(StepRow):
    """What was judged, by which content, with what verdict. Never changed, never deleted."""

    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    file_name = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64, help_text="Of the file as it came.")
    size = models.PositiveIntegerField(help_text="Of the file, in bytes.")
    passed = models.PositiveIntegerField()
    failed = models.PositiveIntegerField()
    by_function = models.JSONField(help_text="Passed and failed cases of each function.")
    passing = models.JSONField(help_text="The ids of the cases that passed.")
    failing = models.JSONField(
        help_text="Each failing case whole: id, function, expected, got, what it says of itself."
    )
    application_version = models.CharField(max_length=20)
    application_sha256 = models.CharField(
        max_length=64, help_text="Of the source of the rules that judged."
    )
    rules_sha256 = models.CharField(
        max_length=64, help_text="Of the shipped clinical content that the cases were judged by."
    )
    rules = models.JSONField(help_text="That content: code and version of each piece.")

    objects = SiteScopedQuerySet.as_manager()

    class Meta(StepRow.Meta):
        ordering = ("-at", "-id")
        constraints: ClassVar = [
            *same_site("rulecheck"),
            models.CheckConstraint(
                condition=Q(passed__gt=0) | Q(failed__gt=0), name="rulecheck_has_cases"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.file_name}: {self.passed} passed, {self.failed} failed"

    @property
    def cases(self) -> int:
        """How many there were."""
        return self.passed + self.failed

    @property
    def is_good(self) -> bool:
        """Whether every case passed."""
        return self.failed == 0
