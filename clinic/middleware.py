"""What happens around every request: the access list is asked, history learns who acts."""

from __future__ import annotations

import logging
from typing import Any

import pghistory.middleware
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils import timezone

from clinic.access import PUBLIC, SIGNED_IN, access_list, current_membership, may

log = logging.getLogger(__name__)


class AccessMiddleware:
    """Default deny: a URL that stands on no list answers as if it did not exist."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with timezone.override(None):
            response: HttpResponseBase = self.get_response(request)
        if request.user.is_authenticated:
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        match = request.resolver_match
        name = match.view_name if match else ""
        rule = access_list().rule_for(name)
        if rule is None:
            log.error("URL name %s stands on no access list", name)
            raise Http404
        # The API answers for itself with problem documents, from the same list.
        if rule == PUBLIC or name.startswith("api:"):
            return None
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path(), reverse("account_login"))
        if rule != SIGNED_IN and not may(request, rule):
            raise PermissionDenied
        if membership := current_membership(request):
            # Forms and the admin speak the site's wall clock, for this request only.
            timezone.activate(membership.site.zone)
        return None


class HistoryMiddleware(pghistory.middleware.HistoryMiddleware):
    """Row history names the user. Not the URL, which may name a person."""

    def get_context(self, request: HttpRequest) -> dict[str, str | None]:
        user = getattr(request, "user", None)
        return {"user": str(user.pk) if user and user.is_authenticated else None}
