"""The way out of the house: what every carrier of messages takes and answers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol
from uuid import UUID


class Verdict(StrEnum):
    """What became of one try."""

    ACCEPTED = "accepted"
    RETRY = "retry"
    PERMANENT = "permanent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A verdict with the provider's reference or a short code for the reason: never an address."""

    verdict: Verdict
    ref: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """What leaves. `key` is the same on every try of the same reminder.

    `recipients`: e-mail addresses, or telephone numbers where the channel is `sms`; `subject` is
    blank there. `reminder_id` is what a provider's later callback names it by.
    """

    key: str
    recipients: tuple[str, ...]
    subject: str
    body: str
    channel: str = "email"
    reminder_id: UUID | None = None


class Provider(Protocol):
    """Whoever carries messages.

    `keyed` says that it knows a key it has seen and does not deliver it twice. `send` raises
    nothing: whatever happens is an outcome. `close` ends what `send` keeps open between messages.
    """

    name: str
    keyed: bool

    def send(self, message: Message) -> Outcome: ...
    def close(self) -> None: ...
