"""Whether reminders flow in the whole installation: counts and moments, no person and no site.

What each check means and what to do when it is red: docs/reference/health.md.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import pgtrigger
from django.db import connection

from labs.hold import WORDS, why_held
from labs.lateness import Late, late_sites
from labs.rules.health import (
    LATE_AFTER,
    LOOP,
    RECONCILE,
    RECONCILED_WITHIN,
    SILENT_AFTER,
    WORKER,
)

BAD_ENDS: Final = ("dead", "in_doubt", "expired", "bounced")
SENDERS: Final = {WORKER: "The Celery worker", LOOP: "The dispatch loop"}
LATE_MINUTES: Final = int(LATE_AFTER.total_seconds() // 60)
# Without these a reminder could end silently, or what moved a due date could not be told.
GUARDS: Final = (
    "labs.Reminder:bad_end_has_a_task",
    "labs.Reminder:never_deleted",
    "labs.ReminderAttempt:never_deleted",
    "labs.Requirement:insert_insert",
    "labs.Requirement:update_update",
)


@dataclass(frozen=True, slots=True)
class Beat:
    """The last sign of life of one part. `since`: of its first."""

    at: datetime
    figures: Mapping[str, float]
    since: datetime


@dataclass(frozen=True, slots=True)
class Facts:
    """What was asked, before it is judged. `open_ends`: bad ends by state with an open task."""

    at: datetime
    late: tuple[Late, ...]
    beats: Mapping[str, Beat]
    open_ends: Mapping[str, int]
    without_task: int
    guards_missing: int
    held: str

    @property
    def late_reminders(self) -> int:
        return sum(site.reminders for site in self.late)

    @property
    def unwritten(self) -> int:
        return sum(site.unwritten for site in self.late)

    @property
    def repairs(self) -> int:
        """What the last full recomputation had to mend, and whom it could not plan."""
        beat = self.beats.get(RECONCILE)
        names = ("stale_facts", "requirements", "reminders", "faults")
        return int(sum(beat.figures.get(name, 0) for name in names)) if beat else 0

    def age(self, name: str) -> timedelta | None:
        """How long ago the part last showed itself; None where it never has."""
        beat = self.beats.get(name)
        return max(self.at - beat.at, timedelta(0)) if beat else None

    @property
    def is_new(self) -> bool:
        """Whether the first sign of life is so young that the recomputation may be to come."""
        first = min((beat.since for beat in self.beats.values()), default=None)
        return first is not None and self.at - first <= RECONCILED_WITHIN

    def is_fresh(self, name: str, within: timedelta) -> bool:
        age = self.age(name)
        return age is not None and age <= within


@dataclass(frozen=True, slots=True)
class Check:
    """One question and its answer. `figure` is a count or seconds; None where there is none."""

    name: str
    ok: bool
    figure: int | None
    sentence: str


@dataclass(frozen=True, slots=True)
class Health:
    """Every check, in the order in which they are worth reading."""

    at: datetime
    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        return all(check.ok for check in self.checks)

    def is_ok_but(self, *names: str) -> bool:
        """Whether everything else is in order."""
        return all(check.ok for check in self.checks if check.name not in names)


def health(at: datetime | None = None) -> Health:
    """The health of the installation at `at` (None: the database's clock). Six queries at most."""
    return judged(facts(at))


def judged(found: Facts) -> Health:
    return Health(found.at, tuple(_checks(found)))


def facts(at: datetime | None = None) -> Facts:
    """Everything the checks and the figures for monitoring stand on."""
    now, beats = _beats(at)
    return Facts(
        at=now,
        late=late_sites(at),
        beats=beats,
        open_ends=dict.fromkeys(BAD_ENDS, 0) | dict(_rows(OPEN_ENDS)),
        without_task=_rows(WITHOUT_TASK)[0][0],
        guards_missing=_guards_missing(),
        held=why_held(),
    )


# From the open tasks, which are few, and not from the reminders, which are many.
OPEN_ENDS: Final = """
SELECT r.state, count(*)
  FROM labs_task t
  JOIN labs_reminder r ON r.id = t.subject_id AND r.site_id = t.site_id
 WHERE t.status = 'open' AND t.kind LIKE 'reminder\\_%%'
   AND r.state IN ('dead', 'in_doubt', 'expired', 'bounced')
   AND t.dedup_key = 'reminder:' || r.id || '|' || r.state
 GROUP BY r.state
"""

WITHOUT_TASK: Final = """
SELECT count(*)
  FROM labs_reminder r
 WHERE r.state IN ('dead', 'in_doubt', 'expired', 'bounced')
   AND NOT EXISTS (
       SELECT 1 FROM labs_task t
        WHERE t.site_id = r.site_id AND t.dedup_key = 'reminder:' || r.id || '|' || r.state)
"""

BEATS: Final = """
SELECT clock.at, h.name, h.at, h.figures::text, h.created_at
  FROM (SELECT COALESCE(%(at)s::timestamptz, now()) AS at) clock
  LEFT JOIN labs_heartbeat h ON true
"""

AT_WORK: Final = """
SELECT c.relname, t.tgname
  FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
 WHERE c.relname = ANY(%(tables)s) AND pg_table_is_visible(c.oid)
   AND t.tgenabled IN ('O', 'A')
"""


def _beats(at: datetime | None) -> tuple[datetime, dict[str, Beat]]:
    rows = _rows(BEATS, {"at": at})
    found = {
        name: Beat(seen, json.loads(said), since) for _, name, seen, said, since in rows if name
    }
    return rows[0][0], found


def _guards_missing() -> int:
    wanted = {
        (model._meta.db_table, trigger.get_pgid(model))
        for model, trigger in pgtrigger.registered(*GUARDS)
    }
    there = _rows(AT_WORK, {"tables": sorted({table for table, _ in wanted})})
    return len(wanted - set(there))


def _rows(statement: str, what: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, what or {})
        return list(cursor.fetchall())


def _checks(found: Facts) -> Iterator[Check]:
    yield _late(found)
    yield _none(
        "unwritten",
        found.unwritten,
        "Every due date has its reminder.",
        f"due dates should have become reminders more than {LATE_MINUTES} minutes ago.",
    )
    yield Check("hold", not found.held, int(bool(found.held)), _words_of_hold(found.held))
    for state, good, bad in _WORDS_OF_ENDS:
        yield _none(state, found.open_ends[state], good, bad)
    yield _none(
        "without_task",
        found.without_task,
        "Every reminder that ended badly has its task.",
        "reminders ended badly and nobody was given a task.",
    )
    yield _repairs(found)
    for name in SENDERS:
        yield _sender(found, name)
    yield _none(
        "triggers",
        found.guards_missing,
        "The database guards are at work.",
        "of the database guards are missing or switched off.",
    )


_WORDS_OF_ENDS: Final = (
    ("dead", "No reminder waits that was given up.", "reminders were given up; ring the patients."),
    (
        "in_doubt",
        "Of every reminder it is known whether it was sent.",
        "reminders may or may not have arrived; somebody must find out.",
    ),
    ("expired", "No reminder came too late to be sent.", "reminders came too late to be sent."),
    ("bounced", "No reminder came back.", "reminders came back; the addresses must be mended."),
)


def _none(name: str, count: int, good: str, bad: str) -> Check:
    return Check(name, count == 0, count, f"{count} {bad}" if count else good)


def _late(found: Facts) -> Check:
    count = found.late_reminders
    return _none(
        "late",
        count,
        "No reminder is late.",
        f"reminders should have left more than {LATE_MINUTES} minutes ago.",
    )


def _words_of_hold(held: str) -> str:
    return WORDS.get(held, "Reminders are held.") if held else "Reminders may leave."


def _repairs(found: Facts) -> Check:
    if RECONCILE not in found.beats and found.is_new:
        words = "The first full recomputation of due dates is still to come."
        return Check("repairs", True, None, words)
    if not found.is_fresh(RECONCILE, RECONCILED_WITHIN):
        age = _said_age(found.age(RECONCILE))
        return Check("repairs", False, found.repairs, f"The full recomputation of due dates {age}.")
    return _none(
        "repairs",
        found.repairs,
        "The last full recomputation of due dates found nothing to mend.",
        "things had to be mended by the last full recomputation of due dates, or could not be.",
    )


def _sender(found: Facts, name: str) -> Check:
    age = found.age(name)
    seconds = None if age is None else int(age.total_seconds())
    if found.is_fresh(name, SILENT_AFTER):
        return Check(name, True, seconds, f"{SENDERS[name]} is at work.")
    others = [one for one in SENDERS if one != name and found.is_fresh(one, SILENT_AFTER)]
    rest = (
        f"{SENDERS[others[0]]} still sends reminders." if others else "Nobody else sends reminders."
    )
    return Check(name, False, seconds, f"{SENDERS[name]} {_said_age(age)}. {rest}")


def _said_age(age: timedelta | None) -> str:
    if age is None:
        return "has never run"
    return f"last ran {int(age.total_seconds() // 60)} minutes ago"
