"""Tokens of programs."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.utils import timezone
from knox.crypto import hash_token
from knox.models import get_token_model


def live_token(text: str) -> Any | None:
    """The token with its user, None where it is unknown, ended, or its user switched off.

    Looked up by the digest, which is the key: one query, and nothing to compare by hand.
    """
    live = Q(expiry__isnull=True) | Q(expiry__gt=timezone.now())
    rows = get_token_model().objects.filter(live, digest=hash_token(text), user__is_active=True)
    return rows.select_related("user").first()
