"""The kinds of clinical content there are: each into which table, each read by which rule.

The apps above say what they have; the ground floor knows them by name only, so that nothing here
imports upward.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

from django.conf import settings
from django.utils.module_loading import import_string

from clinic.models.base import CatalogueRow
from clinic.rules.content import Content
from clinic.rules.shape import Shape, require_shape


@dataclass(frozen=True, slots=True)
class Kind:
    """`parse` raises RuleError for content that the rule cannot use: such is never loaded."""

    title: str
    model: type[CatalogueRow]
    parse: Callable[[Content], object]


def shaped(shape: Shape, parse: Callable[[Content], object]) -> Callable[[Content], object]:
    """`parse` that first refuses a key or a unit that the shape does not know."""

    def read(content: Content) -> object:
        require_shape(content, shape)
        return parse(content)

    return read


@cache
def kinds() -> Mapping[str, Kind]:
    """Every kind of content by the name that stands in its files."""
    found: dict[str, Kind] = {}
    for path in settings.CATALOGUE_KINDS:
        found |= import_string(path)
    return found
