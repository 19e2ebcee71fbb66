"""Which reminders should have left long ago, by site: the one statement that says so.

Its cost follows what waits, not what was ever sent: both halves are served by partial indexes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from labs.rules.health import LATE_AFTER


@dataclass(frozen=True, slots=True)
class Late:
    """One site where something is late.

    `unwritten`: due dates of which no reminder was even written. `since`: when the oldest of all
    should have left.
    """

    site_id: UUID
    zone: ZoneInfo
    reminders: int
    unwritten: int
    since: datetime


# Decent hours are already in `next_at`. One that was tried and refused waits for its next try and
# would never look late by that: it is late by the moment at which it was due.
# Whatever holds a row and neither finishes nor is taken back is late by the end of its lease.
# A due date that nobody sweeps leaves no reminder that could be late, so it is looked at as well.
# A row that was written a moment ago is not: the next sweep finds it.
# Materialized, because the few rows that wait at all sites are found faster than all of one site.
LATE: Final = """
WITH bound AS (
    SELECT COALESCE(%(at)s::timestamptz, now()) - %(late_after)s AS at
), waiting AS MATERIALIZED (
    SELECT site_id, true AS written,
           CASE WHEN attempts > 0 THEN LEAST(due_at, next_at) ELSE next_at END AS since
      FROM labs_reminder
     WHERE state = 'scheduled'
       AND (next_at < (SELECT at FROM bound)
            OR attempts > 0 AND due_at < (SELECT at FROM bound))
     UNION ALL
    SELECT site_id, true, lease_until
      FROM labs_reminder
     WHERE state IN ('leased', 'sending') AND lease_until < (SELECT at FROM bound)
     UNION ALL
    SELECT r.site_id, false,
           GREATEST(r.notify_on::timestamp AT TIME ZONE s.time_zone, r.updated_at)
      FROM labs_requirement r JOIN clinic_site s ON s.id = r.site_id
     WHERE r.notify_on <= (
               COALESCE(%(at)s::timestamptz, now()) AT TIME ZONE 'UTC' + interval '14 hours')::date
       AND r.notify_on <= ((SELECT at FROM bound) AT TIME ZONE s.time_zone)::date
       AND r.updated_at < (SELECT at FROM bound)
)
SELECT w.site_id, s.time_zone, count(*) FILTER (WHERE w.written),
       count(*) FILTER (WHERE NOT w.written), min(w.since) AS since
  FROM waiting w JOIN clinic_site s ON s.id = w.site_id
 WHERE %(site)s::uuid IS NULL OR w.site_id = %(site)s::uuid
 GROUP BY w.site_id, s.time_zone
 ORDER BY min(w.since), w.site_id
"""


def late_sites(at: datetime | None = None, *, site_id: UUID | None = None) -> tuple[Late, ...]:
    """The sites where something is late at `at` (None: the database's clock), the worst first."""
    with connection.cursor() as cursor:
        cursor.execute(LATE, parameters(at, site_id))
        return tuple(
            Late(site, ZoneInfo(zone), reminders, unwritten, since)
            for site, zone, reminders, unwritten, since in cursor.fetchall()
        )


def parameters(at: datetime | None, site_id: UUID | None) -> dict[str, Any]:
    """The values of the statement's placeholders."""
    return {"at": at, "late_after": LATE_AFTER, "site": site_id}
