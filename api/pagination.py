"""Pages that stay where they are while others write: by the time-ordered key."""

from __future__ import annotations

import re
from typing import Any, Final
from uuid import UUID

from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

from api.filters import refusal

MOST: Final = 200
USUAL: Final = 50
_WHOLE: Final = re.compile(r"[0-9]{1,3}", re.ASCII)


def page_size(request: Request) -> int:
    """How many rows are asked for. Raises ValidationError."""
    text = request.query_params.get("page_size", str(USUAL))
    if not _WHOLE.fullmatch(text) or not 1 <= int(text) <= MOST:
        raise refusal("page_size", "out_of_range", f"A whole number from 1 to {MOST}.")
    return int(text)


def after(request: Request) -> UUID | None:
    """The last key of the page before, None for the first page. Raises ValidationError."""
    text = request.query_params.get("cursor")
    if text is None:
        return None
    try:
        return UUID(text)
    except ValueError:
        raise refusal("cursor", "not_a_cursor", "Follow “next” as it is.") from None


def next_link(request: Request, last: UUID) -> str:
    """Where the page after the row `last` is; every filter stays as it was."""
    return replace_query_param(request.build_absolute_uri(), "cursor", str(last))


class CursorPages:
    """How lists are paged, for the published description; `Listing` does it."""

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        size = {"type": "integer", "minimum": 1, "maximum": MOST, "default": USUAL}
        cursor = {"type": "string", "format": "uuid", "description": "As “next” gives it."}
        return [
            {"name": "cursor", "in": "query", "schema": cursor},
            {"name": "page_size", "in": "query", "schema": size},
        ]

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "object",
            "required": ["next", "results"],
            "properties": {
                "next": {"type": ["string", "null"], "format": "uri"},
                "results": schema,
            },
        }
