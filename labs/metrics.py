"""The figures of the reminder machine, in Prometheus' text form. Counts only: nobody is named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.db import connection
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from labs.models import ReminderState
from labs.queries_health import Facts, facts, judged

# What waits is counted exactly, by partial indexes. What came to an end is counted where it fell
# due in the last day, by the index on site and due moment: all of it would be the whole table.
BY_STATE: Final = """
SELECT state, count(*) FROM labs_reminder WHERE state = 'scheduled' GROUP BY state
 UNION ALL
SELECT state, count(*) FROM labs_reminder WHERE state IN ('leased', 'sending') GROUP BY state
 UNION ALL
SELECT r.state, count(*)
  FROM clinic_site s
  JOIN LATERAL (
       SELECT state FROM labs_reminder
        WHERE site_id = s.id AND due_at > now() - interval '24 hours' AND due_at <= now()
          AND state NOT IN ('scheduled', 'leased', 'sending')) r ON true
 GROUP BY r.state
"""

OVERDUE: Final = """
SELECT count(*)
  FROM clinic_site s
  JOIN LATERAL (
       SELECT 1 FROM labs_requirement
        WHERE site_id = s.id AND status = 'open'
          AND next_due_on <= (now() AT TIME ZONE s.time_zone)::date
          AND overdue_on <= (now() AT TIME ZONE s.time_zone)::date) r ON true
"""


@dataclass(frozen=True, slots=True)
class Figures:
    """What one scrape tells."""

    facts: Facts
    by_state: Mapping[str, int]
    overdue: int


def figures() -> Figures:
    """Eight queries at most."""
    with connection.cursor() as cursor:
        cursor.execute(BY_STATE)
        by_state = dict.fromkeys(ReminderState.values, 0) | dict(cursor.fetchall())
        cursor.execute(OVERDUE)
        [(overdue,)] = cursor.fetchall()
    return Figures(facts(), by_state, overdue)


def exposition(found: Figures) -> bytes:
    """The text of one scrape, from a registry of its own: the figures are the installation's."""
    registry = CollectorRegistry()
    _reminders(found, registry)
    known = found.facts
    _by(registry, "bad_ends_open", "Bad ends whose task is open", "state", known.open_ends)
    _one(registry, "repairs_last", "What the last recomputation had to mend", known.repairs)
    ages = {name: (known.at - seen.at).total_seconds() for name, seen in known.beats.items()}
    _by(registry, "heartbeat_age_seconds", "Since the last sign of life", "name", ages)
    _one(registry, "requirements_overdue", "Checks that are overdue today", found.overdue)
    _one(registry, "hold", "1 while reminders are held", int(bool(known.held)))
    checks = {check.name: int(check.ok) for check in judged(known).checks}
    _by(registry, "check_ok", "1 while the check of /healthz/deep is in order", "name", checks)
    return generate_latest(registry)


def _reminders(found: Figures, registry: CollectorRegistry) -> None:
    known = found.facts
    what = "Reminders: what waits, and what fell due in the last 24 hours, by state"
    _by(registry, "reminders", what, "state", found.by_state)
    _one(registry, "reminders_late", "Late by more than 10 minutes", known.late_reminders)
    _one(registry, "due_dates_unwritten", "Due dates without their reminder", known.unwritten)
    since = min((site.since for site in known.late), default=known.at)
    seconds = (known.at - since).total_seconds()
    _one(registry, "reminder_oldest_late_seconds", "Since the oldest should have left", seconds)


def _one(registry: CollectorRegistry, name: str, what: str, value: float) -> None:
    Gauge(f"daybreak_{name}", what, registry=registry).set(value)


def _by(
    registry: CollectorRegistry, name: str, what: str, label: str, values: Mapping[str, float]
) -> None:
    gauge = Gauge(f"daybreak_{name}", what, [label], registry=registry)
    for key, value in values.items():
        gauge.labels(key).set(value)
