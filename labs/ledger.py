"""The statements of the reminder ledger. Every decision about time is the database's own clock.

A sender holds a row by a lease: a token that fences it, and an end after which anybody may take
the row over. Whoever finishes with a token that is no longer on the row writes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import connection

MAX_ATTEMPTS: Final = 8
LEASE_SECONDS: Final[float] = settings.REMINDER_LEASE_SECONDS
# The mail server gets 20 seconds (EMAIL_TIMEOUT); a call that starts later could outlive the lease.
START_BEFORE_SECONDS: Final = LEASE_SECONDS / 2
BACKOFF_MINUTES: Final[tuple[float, ...]] = settings.REMINDER_BACKOFF_MINUTES


@dataclass(frozen=True, slots=True)
class Held:
    """A row that this sender holds, with what it needs to know before it looks closer."""

    id: UUID
    site_id: UUID
    patient_id: UUID
    requirement_id: UUID
    requirement_due_on: date
    dedup_key: str
    recipient: str
    channel: str
    attempts: int
    written_at: datetime
    token: UUID
    claimed_at: datetime


@dataclass(frozen=True, slots=True)
class Ended:
    """A row that came to an end nobody wished for."""

    id: UUID
    site_id: UUID
    patient_id: UUID
    state: str


# A sender died. Before the call was begun nothing left: back to the queue. With a provider that
# knows its keys the same key may go again. Without, nobody can know: in doubt.
REAP: Final = """
WITH stale AS (
    SELECT id,
           CASE WHEN state = 'sending' AND NOT provider = ANY(%(keyed)s) THEN 'in_doubt'
                WHEN attempts >= %(max_attempts)s THEN 'dead'
                ELSE 'scheduled' END AS next_state
      FROM labs_reminder
     WHERE state IN ('leased', 'sending') AND lease_until < now()
     ORDER BY lease_until LIMIT 500 FOR NO KEY UPDATE SKIP LOCKED)
UPDATE labs_reminder r
   SET state = next_state, lease_token = NULL, lease_until = NULL,
       state_reason = 'lease_ran_out', updated_at = now(),
       next_at = CASE next_state WHEN 'scheduled' THEN now() ELSE next_at END,
       ended_at = CASE next_state WHEN 'scheduled' THEN NULL ELSE now() END
  FROM stale WHERE r.id = stale.id
RETURNING r.id, r.site_id, r.patient_id, r.state
"""

EXPIRE: Final = """
WITH late AS (
    SELECT id FROM labs_reminder
     WHERE state = 'scheduled' AND next_at <= now() AND not_after < now()
     ORDER BY next_at LIMIT 500 FOR NO KEY UPDATE SKIP LOCKED)
UPDATE labs_reminder r
   SET state = 'expired', state_reason = 'too_late', ended_at = now(), updated_at = now()
  FROM late WHERE r.id = late.id
RETURNING r.id, r.site_id, r.patient_id, r.state
"""

CLAIM: Final = """
WITH due AS (
    SELECT id FROM labs_reminder
     WHERE state = 'scheduled' AND next_at <= now()
     ORDER BY next_at LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED)
UPDATE labs_reminder r
   SET state = 'leased', lease_token = gen_random_uuid(), attempts = attempts + 1,
       lease_until = now() + make_interval(secs => %(lease)s), updated_at = now()
  FROM due WHERE r.id = due.id
RETURNING r.id, r.site_id, r.patient_id, r.requirement_id, r.requirement_due_on, r.dedup_key,
          r.recipient, r.channel, r.attempts, r.created_at, r.lease_token, now()
"""

# The wall clock, not the transaction's: this one may have waited long for the patient's row.
BEGIN: Final = """
UPDATE labs_reminder
   SET state = 'sending', provider = %(provider)s, updated_at = now(),
       lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
 WHERE id = %(id)s AND lease_token = %(token)s AND state = 'leased'
   AND lease_until > clock_timestamp() + make_interval(secs => %(start_before)s)
"""

ATTEMPT: Final = """
INSERT INTO labs_reminderattempt (
    id, created_at, updated_at, site_id, reminder_id, number, lease_token, worker, started_at,
    outcome)
SELECT gen_random_uuid(), now(), now(), %(site_id)s, %(id)s,
       COALESCE(max(number), 0) + 1, %(token)s, %(worker)s, clock_timestamp(), ''
  FROM labs_reminderattempt WHERE site_id = %(site_id)s AND reminder_id = %(id)s
RETURNING number
"""

# Fenced: no row means that somebody else holds it by now.
LET_GO: Final = """
UPDATE labs_reminder
   SET state = %(state)s, state_reason = %(reason)s, provider_ref = %(ref)s,
       lease_token = NULL, lease_until = NULL, updated_at = now(),
       attempts = attempts - %(refund)s,
       next_at = CASE WHEN %(state)s = 'scheduled'
                      THEN COALESCE(%(next_at)s::timestamptz,
                                    now() + %(wait_minutes)s * interval '1 minute')
                      ELSE next_at END,
       ended_at = CASE WHEN %(state)s = 'scheduled' THEN NULL ELSE now() END
 WHERE id = %(id)s AND lease_token = %(token)s AND state IN ('leased', 'sending')
"""

WAITING: Final = """
SELECT id, requirement_id, dedup_key FROM labs_reminder
 WHERE requirement_id = ANY(%(ids)s) AND state = 'scheduled'
 ORDER BY id FOR NO KEY UPDATE
"""

CLOSE_ATTEMPT: Final = """
UPDATE labs_reminderattempt SET ended_at = clock_timestamp(), outcome = %(outcome)s,
       updated_at = now()
 WHERE site_id = %(site_id)s AND reminder_id = %(id)s AND lease_token = %(token)s
"""


def reap(keyed: Sequence[str]) -> list[Ended]:
    """Take back what dead senders held; what ended thereby is handed back.

    `keyed`: names of the providers that do not deliver a key twice.
    """
    rows = _returned(REAP, {"keyed": list(keyed), "max_attempts": MAX_ATTEMPTS})
    return [ended for ended in (Ended(*row) for row in rows) if ended.state != "scheduled"]


def expire() -> list[Ended]:
    """End what is too late to be of use."""
    return [Ended(*row) for row in _returned(EXPIRE, {})]


def claim(limit: int) -> list[Held]:
    """Hold up to `limit` due rows, the most overdue first."""
    rows = _returned(CLAIM, {"limit": limit, "lease": LEASE_SECONDS})
    return [Held(*row) for row in rows]


def begin(held: Held, *, provider: str, worker: str) -> int:
    """Write the attempt before the call and answer its number, from 1.

    0, and nothing written, when the lease is lost or has too little left.
    """
    what = _fence(held) | {
        "provider": provider,
        "worker": worker[:120],
        "lease": LEASE_SECONDS,
        "start_before": START_BEFORE_SECONDS,
    }
    if not _changed(BEGIN, what):
        return 0
    [(number,)] = _returned(ATTEMPT, what)
    return int(number)


def let_go(
    held: Held,
    *,
    state: str,
    reason: str = "",
    ref: str = "",
    wait_minutes: float = 0,
    next_at: datetime | None = None,
    refund: bool = False,
) -> bool:
    """Give the row its next state; False, and nothing written, when the lease is lost.

    `refund` takes back the attempt that the claim counted, where no call was made.
    """
    return _changed(
        LET_GO,
        _fence(held)
        | {
            "state": state,
            "reason": reason[:60],
            "ref": ref,
            "wait_minutes": wait_minutes,
            "next_at": next_at,
            "refund": int(refund),
        },
    )


def close_attempt(held: Held, outcome: str) -> None:
    """Write down what the call came to."""
    _changed(CLOSE_ATTEMPT, _fence(held) | {"outcome": outcome[:60]})


def waiting_for(requirement_ids: Collection[UUID]) -> list[tuple[UUID, UUID, str]]:
    """Scheduled rows about these requirements, held until the transaction ends.

    Each as its id, its requirement and its key.
    """
    return _returned(WAITING, {"ids": list(requirement_ids)})


def backoff_minutes(attempts: int) -> float:
    """The wait after the `attempts`-th try, counted from 1."""
    return BACKOFF_MINUTES[min(attempts, len(BACKOFF_MINUTES)) - 1]


def _fence(held: Held) -> dict[str, Any]:
    return {"id": held.id, "site_id": held.site_id, "token": held.token}


def _returned(statement: str, what: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, what)
        return list(cursor.fetchall())


def _changed(statement: str, what: dict[str, Any]) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(statement, what)
        return bool(cursor.rowcount)
