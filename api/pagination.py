"""Pages that stay where they are while others write: by the time-ordered key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

MOST: Final = 200
USUAL: Final = 50


class CursorPages(BasePagination):
    """`cursor` is the last key of the page before; a row once passed never comes again."""

    next_link: str | None = None

    def paginate_queryset(
        self,
        queryset: QuerySet[Any, Any] | Sequence[Any],
        request: Request,
        view: Any = None,
    ) -> list[Any]:
        if not isinstance(queryset, QuerySet):
            raise TypeError("Pages are made of querysets.")
        size = self._size(request)
        after = request.query_params.get("cursor")
        rows = queryset.filter(id__gt=self._key(after)) if after else queryset
        found = list(rows.order_by("id")[: size + 1])
        page = found[:size]
        self.next_link = None
        if len(found) > size:
            here = request.build_absolute_uri()
            self.next_link = replace_query_param(here, "cursor", str(page[-1]["id"]))
        return page

    def _size(self, request: Request) -> int:
        text = request.query_params.get("page_size", str(USUAL))
        if not text.isdecimal() or not 1 <= int(text) <= MOST:
            raise ValidationError({"page_size": f"A whole number from 1 to {MOST}."})
        return int(text)

    def _key(self, text: str) -> UUID:
        try:
            return UUID(text)
        except ValueError:
            raise ValidationError({"cursor": "Follow the “next” link as it is."}) from None

    def get_paginated_response(self, data: Sequence[Any]) -> Response:
        return Response({"next": self.next_link, "results": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "object",
            "required": ["next", "results"],
            "properties": {
                "next": {"type": ["string", "null"], "format": "uri"},
                "results": schema,
            },
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        return [
            {"name": "cursor", "in": "query", "schema": {"type": "string", "format": "uuid"}},
            {
                "name": "page_size",
                "in": "query",
                "schema": {"type": "integer", "minimum": 1, "maximum": MOST, "default": USUAL},
            },
        ]
