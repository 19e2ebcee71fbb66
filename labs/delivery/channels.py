"""Which provider carries which channel on this installation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.conf import settings

from labs.delivery.gateway import GatewayProvider
from labs.delivery.mail import MailProvider
from labs.delivery.port import Provider
from labs.delivery.sms import SmsProvider

SMTP, GATEWAY, APPRISE, OFF = "smtp", "gateway", "apprise", ""
FOR_EMAIL: Final = (SMTP, GATEWAY)
FOR_SMS: Final = (OFF, GATEWAY, APPRISE)

Providers = Mapping[str, Provider]
"""By channel. A channel without a provider is switched off."""


def providers() -> Providers:
    """One of each, with connections of their own."""
    found: dict[str, Provider] = {
        "email": _gateway() if settings.EMAIL_THROUGH == GATEWAY else MailProvider()
    }
    if settings.SMS_THROUGH == GATEWAY:
        found["sms"] = _gateway()
    elif settings.SMS_THROUGH == APPRISE:
        found["sms"] = SmsProvider(settings.SMS_URL, settings.SMS_REGION)
    return found


def has_sms() -> bool:
    """Whether text messages can leave at all."""
    return bool(settings.SMS_THROUGH != OFF)


def _gateway() -> GatewayProvider:
    return GatewayProvider(settings.GATEWAY_URL, settings.GATEWAY_TOKEN)
