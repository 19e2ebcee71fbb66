"""Answers of the ground floor."""

from __future__ import annotations

from typing import TypeVar

from clinic.errors import NotFound
from clinic.models.base import CatalogueRow

C = TypeVar("C", bound=CatalogueRow)


def current(model: type[C], code: str) -> C:
    """The newest version of a piece of clinical content. Raises NotFound, naming the code."""
    row = model._default_manager.filter(code=code).order_by("-version").first()
    if row is None:
        kind = model._meta.verbose_name
        raise NotFound("unknown_code", f"There is no {kind} “{code}”. Run load_catalogue.", "code")
    return row
