"""What a site has set for itself, and from which day."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from clinic.models.base import StepRow
from clinic.models.constraints import same_site
from clinic.querysets import PolicyQuerySet


class Policy(StepRow):
    """One version of a site's own values in one section, in force from a day on.

    A section is a piece of clinical content: `course_rule:gate`, `requirement:lft_periodic`. A
    later version takes the place of every earlier one from its own day on; `values` holds all
    that differs from the catalogue, by path. Never changed, never deleted.
    """

    section = models.CharField(max_length=80)
    version = models.PositiveIntegerField()
    effective_from = models.DateField(help_text="The site's local day.")
    values = models.JSONField(default=dict, blank=True)
    reason = models.TextField()
    catalogue_version = models.PositiveIntegerField(
        help_text="The version of the content that it was written against."
    )
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )

    objects = PolicyQuerySet.as_manager()

    class Meta(StepRow.Meta):
        ordering = ("site", "section", "-version")
        verbose_name_plural = "policies"
        constraints: ClassVar = [
            *same_site("policy"),
            models.UniqueConstraint(fields=["site", "section", "version"], name="policy_once"),
            models.CheckConstraint(condition=~models.Q(reason=""), name="policy_has_a_reason"),
            models.CheckConstraint(
                condition=models.Q(version__gte=1), name="policy_versions_from_one"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.section} version {self.version}"
