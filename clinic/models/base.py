"""What every row has."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models
from uuid_utils.compat import uuid7


class Row(models.Model):
    """A time-ordered key, safe in URLs, and when the row came and last changed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True


class SiteRow(Row):
    """A row of one site."""

    site = models.ForeignKey("clinic.Site", on_delete=models.PROTECT, related_name="+")

    class Meta:
        abstract = True


class ClinicalRow(SiteRow):
    """A row of a person's record: corrected or withdrawn, never deleted."""

    class Meta:
        abstract = True
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete)
        ]


class StepRow(SiteRow):
    """A row that says what happened, who did it and when: never changed, never deleted."""

    class Meta:
        abstract = True
        triggers: ClassVar = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]


class CatalogueRow(Row):
    """One version of a piece of clinical content, loaded from the TOML beside the rules."""

    code = models.CharField(max_length=60)
    version = models.PositiveIntegerField()
    title = models.CharField(max_length=200)
    released_on = models.DateField()
    content = models.JSONField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        abstract = True
        triggers: ClassVar = [
            pgtrigger.Protect(name="versions_stay", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        return f"{self.title} (version {self.version})"
