"""Sign-in rules of the site."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest
from django.shortcuts import resolve_url

from clinic.access import may, memberships_of


class ClosedAccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Nobody signs up: accounts are made by an administrator of the site."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Today for those who see the day; administrators and auditors work in the admin."""
        sees_today = may(request, "appointments.view") or not memberships_of(request)
        return resolve_url(settings.LOGIN_REDIRECT_URL if sees_today else "admin:index")
