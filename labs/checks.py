"""Configuration of the channels, looked at before the first message."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from labs.delivery.channels import APPRISE, FOR_EMAIL, FOR_SMS, GATEWAY
from labs.delivery.sms import TO

LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


@register()
def channels_are_whole(**kwargs: Any) -> list[CheckMessage]:
    """A channel without its address would put every message off for ever."""
    return [Error(message, hint=hint, id=f"daybreak.{code}") for code, message, hint in _faults()]


def _faults() -> Iterator[tuple[str, str, str]]:
    if settings.EMAIL_THROUGH not in FOR_EMAIL:
        yield "E010", f"EMAIL_THROUGH is “{settings.EMAIL_THROUGH}”.", "Use smtp or gateway."
    if settings.SMS_THROUGH not in FOR_SMS:
        yield (
            "E011",
            f"SMS_THROUGH is “{settings.SMS_THROUGH}”.",
            "Use gateway or apprise, or leave it.",
        )
    if GATEWAY in (settings.EMAIL_THROUGH, settings.SMS_THROUGH):
        yield from _gateway_faults()
    if settings.SMS_THROUGH == APPRISE and TO not in settings.SMS_URL:
        yield (
            "E014",
            "SMS_URL does not say where the number goes.",
            "An apprise URL with {to} in it, for instance twilio://SID:TOKEN@FROM/{to}",
        )


def _gateway_faults() -> Iterator[tuple[str, str, str]]:
    for name in ("GATEWAY_URL", "GATEWAY_TOKEN", "GATEWAY_SECRETS"):
        if not getattr(settings, name):
            said = name.removesuffix("S") if name.endswith("SECRETS") else name
            yield "E012", f"{said} is not set.", "Messages go through the gateway: say which."
    parts = urlsplit(settings.GATEWAY_URL)
    if settings.GATEWAY_URL and parts.scheme != "https" and parts.hostname not in LOOPBACK:
        yield "E013", "GATEWAY_URL is not https.", "Messages would be readable on the way."
