"""Who may open an endpoint: the same list as for every page, and the right to use the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpRequest
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from clinic.access import SIGNED_IN, access_list, may

if TYPE_CHECKING:
    # The framework reads this module while it makes its views.
    from rest_framework.views import APIView


class MayReadApi(BasePermission):
    """Default deny: an endpoint that stands on no list is nobody's. Rows are scoped apart."""

    message = "Your role does not open this."

    def has_permission(self, request: Request, view: APIView) -> bool:
        match = request.resolver_match
        rule = access_list().rule_for(match.view_name) if match else None
        if rule is None or not request.user.is_authenticated:
            return False
        asked = django_request(request)
        return may(asked, "api.read") and (rule == SIGNED_IN or may(asked, rule))


def django_request(request: Request) -> HttpRequest:
    """The request below, carrying the user whom the token named."""
    below: HttpRequest = request._request
    below.user = request.user
    return below
