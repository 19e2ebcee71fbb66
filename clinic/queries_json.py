"""JSON built by PostgreSQL: a row leaves it as text and is not touched again on the way out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from django.contrib.postgres.aggregates import JSONBAgg
from django.db import models
from django.db.models import F, Func, JSONField, OuterRef, QuerySet, Subquery, TextField, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, NullIf

from clinic.querysets import SiteScopedQuerySet, Viewer

M = TypeVar("M", bound=models.Model)


@dataclass(frozen=True, slots=True)
class Reader:
    """Who pulls rows, at which sites they may pull any, and at which moment states are told."""

    user: Viewer
    site_ids: tuple[UUID, ...]
    at: datetime

    def sees(self, rows: SiteScopedQuerySet[M], may: str) -> SiteScopedQuerySet[M]:
        """Rows that the reader may see under `may`.

        The sites are named once more, as constants: the index of site and key then gives one page
        in order, without sorting a whole site.
        """
        return rows.visible_to(self.user, may).filter(site_id__in=self.site_ids)


class JsonObject(Func):
    """An object with its keys in the given order, which `jsonb` would not keep."""

    function = "json_build_object"
    output_field = JSONField()

    def __init__(self, fields: Mapping[str, Combinable]) -> None:
        super().__init__(*(part for key, value in fields.items() for part in (Value(key), value)))

    def __repr__(self) -> str:
        return f"JsonObject({len(self.get_source_expressions()) // 2} fields)"


class JsonRows(JSONBAgg):
    """A list of objects, in `order_by`."""

    function = "json_agg"


class ListOf(Subquery):
    """The list that a subquery of one value gives; empty where it gives none."""

    template = "COALESCE((%(subquery)s), '[]'::json)"


class Instant(Func):
    """A moment in UTC with microseconds and Z."""

    template = """to_char(%(expressions)s AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
    output_field = TextField()


@dataclass(frozen=True, slots=True)
class Feed:
    """One kind of rows: which of them a reader may see, and what is told of each."""

    rows: Callable[[Reader], QuerySet[Any]]
    body: Callable[[Reader], JsonObject]


def fields(model: type[models.Model], *names: str, at: str = "") -> dict[str, Combinable]:
    """The named columns in their JSON form; `at` is the way to the model, as `infusion__`.

    Decimals are text, because a number in JSON is a binary fraction to most readers.
    """
    return {name: _form(model._meta.get_field(name), f"{at}{name}") for name in names}


def _form(field: object, path: str) -> Combinable:
    if isinstance(field, models.DateTimeField):
        return Instant(F(path))
    return Cast(path, TextField()) if isinstance(field, models.DecimalField) else F(path)


def reason(path: str = "why") -> NullIf:
    """Why something was decided, as its rule wrote it down; null where nothing was."""
    return NullIf(F(path), Value({}, JSONField()))


def newest_replacement(model: type[models.Model]) -> Subquery:
    """The key of the row that took the place of this one, None where nothing did."""
    rows = model._default_manager.filter(replaces_id=OuterRef("pk"))
    return Subquery(rows.order_by("-id").values("id")[:1])


def as_text(body: Combinable) -> Cast:
    """The object as the bytes that go out."""
    return Cast(body, TextField())
