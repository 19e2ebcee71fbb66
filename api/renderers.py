"""JSON by orjson: what the database wrote goes out as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from rest_framework.renderers import BaseRenderer


class Json(BaseRenderer):
    """Text in pieces that are JSON already (`orjson.Fragment`) is not read again."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        # `str`: names and descriptions that wait for a language.
        return b"" if data is None else orjson.dumps(data, default=str)


class Problem(Json):
    """A refusal, whatever form was asked for."""

    media_type = "application/problem+json"
