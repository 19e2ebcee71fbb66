"""The description of the API: for programs, and as a page to try it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from django.contrib.auth.views import redirect_to_login
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.exceptions import NotAuthenticated
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class ByQuery(DefaultContentNegotiation):
    """`?format=json` beside the Accept header, for people with a browser."""

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        wanted = request.query_params.get("format") or format_suffix
        found = super().select_renderer(request, renderers, wanted)
        return cast("tuple[BaseRenderer, str]", found)


class Schema(SpectacularAPIView):
    """OpenAPI 3.1, in YAML or JSON as asked for."""

    content_negotiation_class = ByQuery


class Docs(SpectacularSwaggerSplitView):
    """The page. Its script and style come as files, because the content policy runs no others."""

    template_name = "api/docs.html"
    url_name = "api:schema"

    def handle_exception(self, exc: Exception) -> Any:
        # A person with a browser comes here: the sign-in page helps more than a problem document.
        if isinstance(exc, NotAuthenticated):
            return redirect_to_login(self.request.get_full_path())
        return super().handle_exception(exc)
