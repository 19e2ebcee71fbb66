"""Sign-in rules of the site."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class ClosedAccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Nobody signs up: accounts are made by an administrator of the site."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
