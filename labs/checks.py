"""Configuration of the channels, looked at before the first message."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import ERROR, WARNING, CheckMessage, register

from labs.delivery.channels import APPRISE, FOR_EMAIL, FOR_SMS, GATEWAY
from labs.delivery.sms import TO

LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
# A key that is shorter can be found by trying.
LEAST_KEY_BYTES: Final = 16


@register()
def channels_are_whole(**kwargs: Any) -> list[CheckMessage]:
    """A channel without its address would put every message off for ever."""
    return [
        CheckMessage(
            ERROR if code.startswith("E") else WARNING, message, hint=hint, id=f"daybreak.{code}"
        )
        for code, message, hint in _faults()
    ]


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
    if settings.GATEWAY_URL and not _is_safe(settings.GATEWAY_URL):
        yield "E013", "GATEWAY_URL is not https.", "Messages would be readable on the way."
    if not all(_is_a_key(secret) for secret in settings.GATEWAY_SECRETS):
        # Messages leave all the same, and a callback that nobody can sign is refused.
        yield (
            "W015",
            "GATEWAY_SECRET has a part that signs nothing safely.",
            f"Each is base64 of at least {LEAST_KEY_BYTES} random bytes, with or without whsec_.",
        )


def _is_safe(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK))


def _is_a_key(secret: str) -> bool:
    encoded = secret.removeprefix("whsec_").rstrip("=")
    try:
        key = b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except ValueError:
        return False
    return len(key) >= LEAST_KEY_BYTES
