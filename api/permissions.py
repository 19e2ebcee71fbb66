"""Who may open an endpoint: the same list as for every page, and the right to use the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.http import HttpRequest
from django.utils import timezone
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from clinic.access import SIGNED_IN, access_list, memberships_of
from clinic.queries_json import Reader
from clinic.rules.access import allows

if TYPE_CHECKING:
    # The framework reads this module while it makes its views.
    from rest_framework.views import APIView

READ: Final = "api.read"


class MayReadApi(BasePermission):
    """Default deny: an endpoint that stands on no list is nobody's. Rows are scoped apart."""

    message = "Your role does not open this."

    def has_permission(self, request: Request, view: APIView) -> bool:
        match = request.resolver_match
        rule = access_list().rule_for(match.view_name) if match else None
        if rule is None or not request.user.is_authenticated:
            return False
        roles = [row.role for row in memberships_of(_below(request)) if allows(row.role, READ)]
        return any(rule == SIGNED_IN or allows(role, rule) for role in roles)


def reader_of(request: Request) -> Reader:
    """Who reads. Somebody who may use the API at one site only gets no row of another."""
    rows = memberships_of(_below(request))
    sites = tuple(row.site_id for row in rows if allows(row.role, READ))
    return Reader(user=request.user, site_ids=sites, at=timezone.now())


def _below(request: Request) -> HttpRequest:
    """The request below, carrying the user whom the token named."""
    below: HttpRequest = request._request
    below.user = request.user
    return below
