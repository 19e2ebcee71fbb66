"""Whether reminders are held back: after a restore nothing leaves until somebody has looked."""

from __future__ import annotations

from typing import Final

from django.conf import settings

from labs import send_ledger
from labs.models import ReminderAttempt

ASKED: Final = "asked_for"
WENT_BACK: Final = "database_went_back"
WORDS: Final = {
    ASKED: "Held on request, as after a restore.",
    WENT_BACK: "The database does not know the last message that left this machine.",
}


def why_held() -> str:
    """`asked_for`, `database_went_back`, or blank while messages may leave.

    A restored database gives itself away: it lacks the attempt that was committed before the last
    message left this machine. One question at most.
    """
    if settings.RESTORE_HOLD or settings.RESTORE_HOLD_FILE.exists():
        return ASKED
    entry = send_ledger.last()
    if entry is None or entry.event != send_ledger.SENT:
        return ""
    known = ReminderAttempt.objects.filter(reminder_id=entry.reminder_id, number=entry.attempt)
    return "" if known.exists() else WENT_BACK
