"""The reminder ledger's settings, looked at before anything is sent."""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings
from django.core import checks

SHORTEST_LEASE_SECONDS: Final = 30


@checks.register()
def leases_outlast_calls(**kwargs: Any) -> list[checks.CheckMessage]:
    """A call that outlives its lease leaves messages in doubt for no reason."""
    seconds = settings.REMINDER_LEASE_SECONDS
    if settings.TRIAL or seconds >= SHORTEST_LEASE_SECONDS:
        return []
    return [
        checks.Warning(
            f"REMINDER_LEASE_SECONDS is {seconds:g}: a call may take longer.",
            hint=f"Use {SHORTEST_LEASE_SECONDS} or more; 60 is the default.",
            id="daybreak.W020",
        )
    ]


@checks.register()
def failpoints_are_off(**kwargs: Any) -> list[checks.CheckMessage]:
    """A clinic's sender must not be one that stops when it is told to."""
    if not settings.DEBUG_FAILPOINTS or settings.DEBUG or settings.TRIAL:
        return []
    return [
        checks.Error(
            "DEBUG_FAILPOINTS is on.",
            hint="It is for trials. Remove it.",
            id="daybreak.E021",
        )
    ]
