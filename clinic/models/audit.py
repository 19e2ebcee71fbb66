"""What was done and by whom."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.db import models

from clinic.models.base import SiteRow
from clinic.models.constraints import same_site
from clinic.querysets import SiteScopedQuerySet


class AuditEvent(SiteRow):
    """One deliberate act. Written in the transaction of the act itself; append-only."""

    at = models.DateTimeField()
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True
    )
    actor_label = models.CharField(max_length=120)
    event = models.CharField(max_length=60)
    subject_type = models.CharField(max_length=60)
    subject_id = models.UUIDField()
    patient_id = models.UUIDField(null=True)
    change = models.JSONField(default=dict)

    objects = SiteScopedQuerySet.as_manager()

    class Meta:
        ordering = ("-at", "-id")
        constraints: ClassVar = [*same_site("auditevent")]
        indexes: ClassVar = [
            models.Index(fields=["site", "-at"]),
            models.Index(fields=["site", "patient_id", "-at"]),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        return f"{self.event} by {self.actor_label}"
