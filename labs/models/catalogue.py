"""Versioned clinical content of the laboratory side."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from clinic.models.base import CatalogueRow


class Analyte(CatalogueRow):
    """A measured quantity: codes, unit, conversions, plausible range."""

    class Meta(CatalogueRow.Meta):
        ordering = ("code", "-version")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["code", "version"], name="analyte_version_once")
        ]


class LabRule(CatalogueRow):
    """Grading, liver, urinary and reminder tables, by code."""

    class Meta(CatalogueRow.Meta):
        ordering = ("code", "-version")
        verbose_name = "laboratory rule"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["code", "version"], name="labrule_version_once")
        ]


class RequirementRule(CatalogueRow):
    """One row of the monitoring table: what is due when. `code` is the requirement's kind."""

    class Meta(CatalogueRow.Meta):
        ordering = ("code", "-version")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["code", "version"], name="requirementrule_once")
        ]
