"""Versioned clinical content of courses."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from clinic.models.base import CatalogueRow


class Protocol(CatalogueRow):
    """One version of a recipe: dose range, minutes, sessions a week, weeks, gaps."""

    class Meta(CatalogueRow.Meta):
        ordering = ("code", "-version")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["code", "version"], name="protocol_version_once")
        ]

    @property
    def is_orderable(self) -> bool:
        """Whether a course may be booked on it by default."""
        return bool(self.content.get("orderable"))


class Scale(CatalogueRow):
    """One version of an instrument: items, range, domains, bands, alerts, licence."""

    class Meta(CatalogueRow.Meta):
        ordering = ("code", "-version")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["code", "version"], name="scale_version_once")
        ]


class CourseRule(CatalogueRow):
    """Gate, monitoring and discharge tables, by code."""

    class Meta(CatalogueRow.Meta):
        ordering = ("code", "-version")
        verbose_name = "course rule"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["code", "version"], name="courserule_version_once")
        ]
