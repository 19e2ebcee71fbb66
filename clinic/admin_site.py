"""The admin, behind the product's own sign-in and permissions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from django.contrib.admin import AdminSite
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from clinic.access import memberships_of

OURS: Final = frozenset({"clinic", "labs", "courses"})


class DaybreakAdminSite(AdminSite):
    """Members of a site with an active account; everybody signs in at the one door."""

    site_title = "Daybreak"
    site_header = "Daybreak"
    index_title = "Records and settings"
    enable_nav_sidebar = False

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Our own models only: those of libraries carry no site, so nobody's wall protects them."""
        if not isinstance(model_or_iterable, Iterable):
            model_or_iterable = [model_or_iterable]
        ours = [model for model in model_or_iterable if model._meta.app_label in OURS]
        super().register(ours, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        user = request.user
        return bool(user.is_active and user.is_staff and memberships_of(request))

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        # The admin's own form would pass the second factor by.
        return redirect_to_login(
            request.GET.get("next", reverse("admin:index")), reverse("account_login")
        )
