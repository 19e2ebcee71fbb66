"""The list of every URL with who may open it, read from `access.yml`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml
from django.http import HttpRequest

from clinic.models import Membership
from clinic.rules.access import PERMISSIONS, allows

LIST: Final = Path(__file__).with_name("access.yml")
PUBLIC: Final = "public"
SIGNED_IN: Final = "signed_in"
ADMIN_PAGES: Final = {
    "changelist": "view",
    "history": "view",
    "change": "view",
    "add": "add",
    "delete": "delete",
}


@dataclass(frozen=True, slots=True)
class AccessList:
    """`urls` maps a URL name to `public`, `signed_in` or a permission."""

    urls: dict[str, str]
    models: dict[str, dict[str, str]]

    def rule_for(self, view_name: str) -> str | None:
        """What a visitor of this URL needs; None where nobody listed it."""
        return self.urls.get(view_name)


@cache
def access_list() -> AccessList:
    """The list, with the admin's per-model pages written out."""
    raw: dict[str, Any] = yaml.safe_load(LIST.read_text(encoding="utf-8"))
    urls = {name: rule for rule, names in raw["urls"].items() for name in names}
    models: dict[str, dict[str, str]] = raw["admin"]
    for label, verbs in models.items():
        stem = label.replace(".", "_")
        for page, verb in ADMIN_PAGES.items():
            if verb in verbs:
                urls[f"admin:{stem}_{page}"] = verbs[verb]
    unknown = set(urls.values()) - PERMISSIONS - {PUBLIC, SIGNED_IN}
    if unknown:
        raise ValueError(f"{LIST.name} names unknown permissions: {', '.join(sorted(unknown))}")
    return AccessList(urls=urls, models=models)


def memberships_of(request: HttpRequest) -> tuple[Membership, ...]:
    """The visitor's active memberships, read once a request."""
    known: tuple[Membership, ...] | None = getattr(request, "_memberships", None)
    if known is None:
        found = Membership.objects.visible_to(request.user).filter(user=request.user.pk)
        known = tuple(found.select_related("site")) if request.user.is_authenticated else ()
        request._memberships = known  # type: ignore[attr-defined]
    return known


def current_membership(request: HttpRequest) -> Membership | None:
    """The membership of the site the visitor works at now: the chosen one, else the first."""
    chosen = request.session.get("site") if hasattr(request, "session") else None
    mine = memberships_of(request)
    return next((m for m in mine if str(m.site_id) == chosen), mine[0] if mine else None)


def may(request: HttpRequest, permission: str) -> bool:
    """Whether the visitor carries `permission` at any of their sites. Rows are scoped apart."""
    return any(allows(m.role, permission) for m in memberships_of(request))
