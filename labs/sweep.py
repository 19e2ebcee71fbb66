"""The sweep: one statement that turns what falls due into reminders.

Its cost follows what is due, not how many patients there are, because `notify_on` is written in
the transaction of the fact that moves it and a partial index holds only rows still to be told.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, time
from typing import Any, Final

from django.db import connection


@dataclass(frozen=True, slots=True)
class SweepTerms:
    """Which step of the ladder to write, the site's decent hours, and for how long it holds.

    `hours_until` itself is no longer decent. All numbers come from the catalogue.
    """

    step: str
    hours_from: time
    hours_until: time
    lasts_days: int


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
           CASE WHEN p.consents_to_email AND p.email <> '' AND p.deceased_on IS NULL
                 AND p.transferred_on IS NULL AND p.consent_withdrawn_on IS NULL
                THEN 'patient' ELSE 'coordinator' END AS recipient
      FROM told
      CROSS JOIN clock
      JOIN clinic_site s ON s.id = told.site_id
      JOIN clinic_patient p ON p.id = told.patient_id
), timed AS (
    SELECT placed.*,
           today + (wall >= %(hours_until)s::time)::int AS local_date,
           CASE WHEN wall >= %(hours_from)s::time AND wall < %(hours_until)s::time
                THEN wall ELSE %(hours_from)s::time END AS local_time,
           wall >= %(hours_from)s::time AND wall < %(hours_until)s::time AS is_decent
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
       due_at, due_at, due_at + make_interval(days => %(lasts_days)s), 0, '', ''
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


def run_sweep(terms: SweepTerms, at: datetime | None) -> int:
    """Write the reminders that are due at `at` (None: the database's clock); how many are new."""
    with connection.cursor() as cursor:
        cursor.execute(ANYTHING, {"at": at})
        if not cursor.fetchall()[0][0]:
            return 0
        cursor.execute(SWEEP, parameters(terms, at))
        return int(cursor.rowcount)


def parameters(terms: SweepTerms, at: datetime | None) -> dict[str, Any]:
    """The values of the statement's placeholders."""
    return asdict(terms) | {"at": at}


def dedup_prefix(requirement_id: object, due_on: object, revision: int) -> str:
    """What every key of this due day and revision begins with; the statement writes the same."""
    return f"req:{requirement_id}|due:{due_on}|rev:{revision}|"
