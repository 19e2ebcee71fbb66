"""Which rule of the database refused a row."""

from __future__ import annotations

from django.db import IntegrityError


def constraint_of(error: IntegrityError) -> str:
    """The constraint's name; empty where the driver does not say."""
    return getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) or ""
