"""The sweep: one statement that turns what falls due into reminders.

Its cost follows what is due, not how many patients there are, because `notify_on` is written in
the transaction of the fact that moves it and a partial index holds only rows still to be told.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any, Final
from uuid import UUID

from django.db import connection


@dataclass(frozen=True, slots=True)
class Terms:
    """Decent hours on the wall, and for how many days a message holds.

    `hours_until` itself is no longer decent.
    """

    hours_from: time
    hours_until: time
    lasts_days: int


@dataclass(frozen=True, slots=True)
class SweepTerms:
    """Which step of the ladder to write, the catalogue's terms, and those that sites have set."""

    step: str
    default: Terms
    by_site: Mapping[UUID, Terms] = field(default_factory=dict)


# Why it is written as it is:
# - The day is the site's own, but no index knows the sites' zones. The first condition bounds the
#   index scan by the earliest calendar day on earth (UTC+14), the second decides. The bound is an
#   expression and not the clock of the first line, because the planner can look into it: it then
#   knows from its statistics that few rows are due, and takes the index.
# - SKIP LOCKED: a second sweep, or a planner at work on the same patient, neither waits nor
#   deadlocks. What it skips it finds a moment later, in its new state.
# - The day is cleared and the reminder written by the same statement: no crash parts them.
# - ON CONFLICT on a key that holds over all states for ever: a message goes once for a due day.
SWEEP: Final = """
WITH clock AS (
    SELECT COALESCE(%(at)s::timestamptz, now()) AS at
), own AS (
    SELECT * FROM jsonb_to_recordset(%(by_site)s::jsonb)
        AS t (site_id uuid, hours_from time, hours_until time, lasts_days int)
), asked AS (
    SELECT r.id
      FROM labs_requirement r
      JOIN clinic_site s ON s.id = r.site_id
     WHERE r.notify_on <= (
               COALESCE(%(at)s::timestamptz, now()) AT TIME ZONE 'UTC' + interval '14 hours')::date
       AND r.notify_on <= ((SELECT at FROM clock) AT TIME ZONE s.time_zone)::date
       FOR NO KEY UPDATE OF r SKIP LOCKED
), told AS (
    UPDATE labs_requirement r
       SET notify_on = NULL
      FROM asked
     WHERE r.id = asked.id
 RETURNING r.id, r.site_id, r.patient_id, r.next_due_on, r.revision
), placed AS (
    SELECT told.*,
           s.time_zone,
           clock.at,
           (clock.at AT TIME ZONE s.time_zone)::date AS today,
           (date_trunc('second', clock.at) AT TIME ZONE s.time_zone)::time AS wall,
           COALESCE(own.hours_from, %(hours_from)s::time) AS opens,
           COALESCE(own.hours_until, %(hours_until)s::time) AS closes,
           COALESCE(own.lasts_days, %(lasts_days)s::int) AS lasts_days,
           CASE WHEN p.consents_to_email AND p.email <> '' AND p.deceased_on IS NULL
                 AND p.transferred_on IS NULL AND p.consent_withdrawn_on IS NULL
                THEN 'patient' ELSE 'coordinator' END AS recipient
      FROM told
      CROSS JOIN clock
      JOIN clinic_site s ON s.id = told.site_id
      JOIN clinic_patient p ON p.id = told.patient_id
      LEFT JOIN own ON own.site_id = told.site_id
), timed AS (
    SELECT placed.*,
           today + (wall >= closes)::int AS local_date,
           CASE WHEN wall >= opens AND wall < closes THEN wall ELSE opens END AS local_time,
           wall >= opens AND wall < closes AS is_decent
      FROM placed
), dated AS (
    SELECT timed.*,
           CASE WHEN is_decent THEN at
                ELSE (local_date + local_time) AT TIME ZONE time_zone END AS due_at
      FROM timed
)
INSERT INTO labs_reminder (
    id, created_at, updated_at, site_id, patient_id, requirement_id, requirement_due_on,
    dedup_key, step, recipient, channel, state, state_reason, local_date, local_time, time_zone,
    due_at, next_at, not_after, attempts, provider, provider_ref)
SELECT gen_random_uuid(), now(), now(), site_id, patient_id, id, next_due_on,
       'req:' || id || '|due:' || to_char(next_due_on, 'YYYY-MM-DD') || '|rev:' || revision
           || '|step:' || %(step)s || '|chan:email|to:' || recipient,
       %(step)s, recipient, 'email', 'scheduled', '', local_date, local_time, time_zone,
       due_at, due_at, due_at + make_interval(days => lasts_days), 0, '', ''
  FROM dated
    ON CONFLICT (site_id, dedup_key) DO NOTHING
"""


# Most sweeps find nothing. To learn that costs a tenth of what planning the statement above does.
ANYTHING: Final = """
SELECT EXISTS (
    SELECT 1 FROM labs_requirement
     WHERE notify_on <= (
               COALESCE(%(at)s::timestamptz, now()) AT TIME ZONE 'UTC' + interval '14 hours')::date)
"""


def run_sweep(terms: Callable[[], SweepTerms], at: datetime | None) -> int:
    """Write the reminders that are due at `at` (None: the database's clock); how many are new.

    The terms are asked for only where there is something to write.
    """
    with connection.cursor() as cursor:
        cursor.execute(ANYTHING, {"at": at})
        if not cursor.fetchall()[0][0]:
            return 0
        cursor.execute(SWEEP, parameters(terms(), at))
        return int(cursor.rowcount)


def parameters(terms: SweepTerms, at: datetime | None) -> dict[str, Any]:
    """The values of the statement's placeholders."""
    own = [{"site_id": str(site)} | _plain(one) for site, one in terms.by_site.items()]
    return _plain(terms.default) | {"step": terms.step, "by_site": json.dumps(own), "at": at}


def _plain(terms: Terms) -> dict[str, Any]:
    hours = {name: getattr(terms, name).isoformat() for name in ("hours_from", "hours_until")}
    return {**hours, "lasts_days": terms.lasts_days}


def dedup_prefix(requirement_id: object, due_on: object, revision: int) -> str:
    """What every key of this due day and revision begins with; the statement writes the same."""
    return f"req:{requirement_id}|due:{due_on}|rev:{revision}|"
