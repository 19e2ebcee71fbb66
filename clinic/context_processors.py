"""What the shell shows on every page."""

from __future__ import annotations

from django.http import HttpRequest

from clinic.access import current_membership, memberships_of
from clinic.models import Membership
from clinic.rules.access import PERMISSIONS_OF


def shell(request: HttpRequest) -> dict[str, object]:
    """`membership`, `memberships` and `may`: the permissions at the current site."""
    if not getattr(request, "user", None) or not request.user.is_authenticated:
        return {"membership": None, "memberships": (), "may": frozenset()}
    membership = current_membership(request)
    return {
        "membership": membership,
        "memberships": memberships_of(request),
        "may": words_of(membership),
    }


def words_of(membership: Membership | None) -> frozenset[str]:
    """Permissions in the form that templates ask for: `results_view`."""
    granted = PERMISSIONS_OF.get(membership.role, frozenset()) if membership else frozenset()
    return frozenset(permission.replace(".", "_") for permission in granted)
