"""Messages through an HTTP gateway that knows its keys: `docs/reference/messages.md`."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

import requests
from urllib3.exceptions import MaxRetryError, NewConnectionError

from labs.delivery.deadline import TooSlow, within
from labs.delivery.port import Message, Outcome, Verdict

# Together well below the lease of a reminder, so that a call ends before another may take it over.
CONNECT_SECONDS: Final = 5
READ_SECONDS: Final = 10
ANSWER_SECONDS: Final = 20
MOST_BYTES: Final = 64 * 1024
# Too many at once, or not now: worth another try, as are all faults of the server itself.
TRY_AGAIN: Final = frozenset(
    {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}
)
TAKEN: Final = frozenset({HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.ACCEPTED})


class GatewayProvider:
    """Posts each message under a key: whoever asks twice is answered twice and delivered once."""

    name = "gateway"
    keyed = True

    def __init__(self, url: str, token: str) -> None:
        self._url = f"{url.rstrip('/')}/messages"
        self._token = token
        self._session: requests.Session | None = None

    def send(self, message: Message) -> Outcome:
        """One message. A fault before anything left is `retry`, one after it `unknown`."""
        session, until = self._opened(), time.monotonic() + ANSWER_SECONDS
        try:
            return within(ANSWER_SECONDS, lambda: self._post(session, message, until))
        except TooSlow:
            # Left to the call that still uses it: the next message gets a line of its own.
            self._session = None
            return Outcome(Verdict.UNKNOWN, reason="answer_too_slow")
        except _TooLong:
            return Outcome(Verdict.UNKNOWN, reason="answer_too_long")
        except Exception as fault:  # the port promises that nothing is raised
            verdict = Verdict.RETRY if _never_left(fault) else Verdict.UNKNOWN
            return Outcome(verdict, reason=f"cut_{type(fault).__name__}"[:60])

    def close(self) -> None:
        """End the connections that are kept open between messages."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def _post(self, session: requests.Session, message: Message, until: float) -> Outcome:
        with session.post(
            self._url,
            json=as_json(message),
            headers={
                "Authorization": f"Bearer {self._token}",
                "Idempotency-Key": key_of(message.key),
                # A short answer that unpacks into a long one is not asked for.
                "Accept-Encoding": "identity",
            },
            timeout=(CONNECT_SECONDS, READ_SECONDS),
            allow_redirects=False,
            stream=True,
        ) as answer:
            return _judge(answer.status_code, _read(answer, until))

    def _opened(self) -> requests.Session:
        if self._session is None:
            self._session = requests.Session()
            # Of the environment neither a proxy nor a password file.
            self._session.trust_env = False
        return self._session


class _TooLong(Exception):
    """The answer is larger than any answer need be."""


def key_of(key: str) -> str:
    """The idempotency key: the same on every try, and it tells nothing."""
    return hashlib.sha256(key.encode()).hexdigest()


def as_json(message: Message) -> dict[str, object]:
    """What the gateway is told. `reference` is what its callbacks name the message by."""
    return {
        "channel": message.channel,
        "to": list(message.recipients),
        "subject": message.subject,
        "body": message.body,
        "reference": str(message.reminder_id or ""),
    }


def _read(answer: requests.Response, until: float) -> bytes:
    found = b""
    # As it comes in, not by full blocks: a block that drips in would never be looked at.
    while part := answer.raw.read1(4096):
        found += part
        if len(found) > MOST_BYTES:
            raise _TooLong
        if time.monotonic() > until:
            raise TooSlow
    return found


def _judge(status: int, body: bytes) -> Outcome:
    ref = _id_in(body)
    if (status in TAKEN or status == HTTPStatus.CONFLICT) and ref:
        # Conflict: the key was seen before, and this is what became of it.
        return Outcome(Verdict.ACCEPTED, ref=ref)
    if status in TAKEN:
        return Outcome(Verdict.UNKNOWN, reason="answer_without_id")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in TRY_AGAIN:
        return Outcome(Verdict.RETRY, reason=f"http_{status}")
    return Outcome(Verdict.PERMANENT, reason=f"http_{status}")


def _id_in(body: bytes) -> str:
    try:
        found: object = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    ref = found.get("id") if isinstance(found, Mapping) else None
    # What cannot be written down must not stop that the message is.
    return ref[:200] if isinstance(ref, str) and ref.isprintable() else ""


def _never_left(fault: Exception) -> bool:
    if isinstance(fault, requests.ConnectTimeout):
        return True
    cause = fault.args[0] if fault.args else None
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)
