"""Which provider carries which channel on this installation."""

from __future__ import annotations

from collections.abc import Mapping

from labs.delivery.mail import MailProvider
from labs.delivery.port import Provider

Providers = Mapping[str, Provider]
"""By channel. A channel without a provider is switched off."""


def providers() -> Providers:
    """One of each, with connections of their own."""
    return {"email": MailProvider()}


def has_sms() -> bool:
    """Whether text messages can leave at all."""
    return "sms" in providers()
