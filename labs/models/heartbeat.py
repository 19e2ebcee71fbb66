"""When each part of the reminder machine last showed a sign of life."""

from __future__ import annotations

from django.db import models

from clinic.models.base import Row


class Heartbeat(Row):
    """One row for each part, of the whole installation: no person, no site."""

    name = models.CharField(max_length=40, unique=True)
    at = models.DateTimeField()
    figures = models.JSONField(default=dict, blank=True)

    def __str__(self) -> str:
        return f"{self.name} at {self.at:%Y-%m-%d %H:%M:%S}"
