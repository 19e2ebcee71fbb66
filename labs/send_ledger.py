"""What this machine handed to a provider, kept outside the database.

A database that is restored to an earlier moment has forgotten what was sent since then, and its
reminders look unsent. This file has not: each line is written after the attempt is committed and
before the call, so a line without its attempt means that the database went back.

A line holds a moment, what happened, a digest of the message's key, the reminder and the number
of the attempt: nothing about a person.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from django.conf import settings

SENT, RELEASED = "sent", "released"
_LONGEST_LINE: Final = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """One line. Of a release only the moment counts: its reminder is the nil UUID."""

    at: str
    event: str
    digest: str
    reminder_id: UUID
    attempt: int


def digest_of(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:32]


def note_sent(*, key: str, reminder_id: UUID, attempt: int) -> None:
    """Raises OSError where the file cannot be written: then nothing may be sent."""
    _append(f"{SENT} {digest_of(key)} {reminder_id} {attempt}")


def note_released() -> None:
    """From here on the database is believed again."""
    _append(f"{RELEASED} - {UUID(int=0)} 0")


def last() -> Entry | None:
    """The newest line; None where nothing was ever sent from here."""
    file = _file()
    if file is None or not file.exists():
        return None
    with file.open("rb") as opened:
        opened.seek(0, os.SEEK_END)
        opened.seek(max(opened.tell() - _LONGEST_LINE, 0))
        lines = opened.read().splitlines()
    return _parsed(lines[-1].decode()) if lines else None


def entries() -> list[Entry]:
    """Every line, the oldest first."""
    file = _file()
    if file is None or not file.exists():
        return []
    return [_parsed(line) for line in file.read_text(encoding="ascii").splitlines()]


def _parsed(line: str) -> Entry:
    at, event, digest, reminder, attempt = line.split(" ")
    return Entry(at, event, digest, UUID(reminder), int(attempt))


def _append(words: str) -> None:
    file = _file()
    if file is None:
        return
    line = f"{datetime.now(UTC).isoformat(timespec='seconds')} {words}\n".encode()
    # One write of a short line: several senders may share the file.
    opened = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(opened, line)
    finally:
        os.close(opened)


def _file() -> Path | None:
    """None where it is switched off."""
    return settings.SEND_LEDGER
