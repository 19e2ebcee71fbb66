"""The sweep: one statement that turns what falls due into reminders.

Its cost follows what is due, not how many patients there are, because `notify_on` is written in
the transaction of the fact that moves it and a partial index holds only rows still to be told.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any, Final
from uuid import UUID

from django.db import connection


@dataclass(frozen=True, slots=True)
class Terms:
    """Decent hours on the wall, how long a message holds, and the ladder.

    `hours_until` itself is no longer decent. `graces`: escalated once more than this many graces
    have passed since the due day. `recipients`: of each step, in the order of preference.
    """

    hours_from: time
    hours_until: time
    lasts_days: int
    graces: int
    recipients: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class SweepTerms:
    """The catalogue's terms, those that sites have set, and whether text messages can leave."""

    default: Terms
    by_site: Mapping[UUID, Terms] = field(default_factory=dict)
    has_sms: bool = False


# Why it is written as it is:
# - The day is the site's own, but no index knows the sites' zones. The first condition bounds the
#   index scan by the earliest calendar day on earth (UTC+14), the second decides. The bound is an
#   expression and not the clock of the first line, because the planner can look into it: it then
#   knows from its statistics that few rows are due, and takes the index.
# - SKIP LOCKED: a second sweep, or a planner at work on the same patient, neither waits nor
#   deadlocks. What it skips it finds a moment later, in its new state.
# - The day is cleared and the reminder written by the same statement: no crash parts them.
# - ON CONFLICT on a key that holds over all states for ever: a message goes once for a step.
# - The step is the one that holds today, as labs.rules.reminders.step_days has it: after days
#   without a run one message goes, not four. The day of the next step is written back.
# - A step that was told, by whatever way and to whomever, is not told again. What was called off
#   may be: the patient wrote “no e-mail”, so somebody else is told.
SWEEP: Final = """
WITH clock AS (
    SELECT COALESCE(%(at)s::timestamptz, now()) AS at
), own AS (
    SELECT * FROM jsonb_to_recordset(%(by_site)s::jsonb)
        AS t (site_id uuid, hours_from time, hours_until time, lasts_days int, graces int,
              recipients jsonb)
), asked AS (
    SELECT r.id, s.time_zone,
           ((SELECT at FROM clock) AT TIME ZONE s.time_zone)::date AS today,
           COALESCE(own.hours_from, %(hours_from)s::time) AS opens,
           COALESCE(own.hours_until, %(hours_until)s::time) AS closes,
           COALESCE(own.lasts_days, %(lasts_days)s::int) AS lasts_days,
           COALESCE(own.recipients, %(recipients)s::jsonb) AS recipients,
           GREATEST(r.next_due_on + COALESCE(own.graces, %(graces)s::int)
                                    * (r.overdue_on - r.next_due_on - 1) + 1,
                    r.overdue_on + 1) AS escalated_on
      FROM labs_requirement r
      JOIN clinic_site s ON s.id = r.site_id
      LEFT JOIN own ON own.site_id = r.site_id
     WHERE r.notify_on <= (
               COALESCE(%(at)s::timestamptz, now()) AT TIME ZONE 'UTC' + interval '14 hours')::date
       AND r.notify_on <= ((SELECT at FROM clock) AT TIME ZONE s.time_zone)::date
       FOR NO KEY UPDATE OF r SKIP LOCKED
), told AS (
    UPDATE labs_requirement r
       SET notify_on = LEAST(
               CASE WHEN r.next_due_on > asked.today THEN r.next_due_on END,
               CASE WHEN r.overdue_on > asked.today THEN r.overdue_on END,
               CASE WHEN asked.escalated_on > asked.today THEN asked.escalated_on END)
      FROM asked
     WHERE r.id = asked.id
 RETURNING r.id, r.site_id, r.patient_id, r.next_due_on, r.revision, asked.time_zone, asked.today,
           asked.opens, asked.closes, asked.lasts_days, asked.recipients,
           CASE WHEN asked.today >= asked.escalated_on THEN 'escalated'
                WHEN asked.today >= r.overdue_on THEN 'overdue'
                WHEN asked.today >= r.next_due_on THEN 'due'
                ELSE 'due_soon' END AS step
), staffed AS (
    SELECT DISTINCT m.site_id, m.role
      FROM clinic_membership m JOIN clinic_user u ON u.id = m.user_id
     WHERE m.is_active AND u.is_active
), placed AS (
    SELECT told.*,
           clock.at,
           (date_trunc('second', clock.at) AT TIME ZONE told.time_zone)::time AS wall,
           CASE WHEN p.deceased_on IS NOT NULL OR p.transferred_on IS NOT NULL
                  OR p.consent_withdrawn_on IS NOT NULL THEN NULL
                WHEN p.consents_to_email AND p.email <> '' THEN 'email'
                WHEN p.consents_to_sms AND p.phone <> '' AND %(has_sms)s THEN 'sms'
                END AS patients_way
      FROM told
      CROSS JOIN clock
      JOIN clinic_patient p ON p.id = told.patient_id
), addressed AS (
    SELECT placed.*,
           COALESCE((SELECT who
                       FROM jsonb_array_elements_text(recipients -> step)
                            WITH ORDINALITY AS t (who, place)
                      WHERE CASE who WHEN 'patient' THEN patients_way IS NOT NULL
                                 ELSE (placed.site_id, who) IN (SELECT site_id, role FROM staffed)
                                 END
                      ORDER BY place LIMIT 1),
                    recipients -> step ->> -1) AS recipient
      FROM placed
), timed AS (
    SELECT addressed.*,
           CASE recipient WHEN 'patient' THEN COALESCE(patients_way, 'email') ELSE 'email' END
               AS channel,
           today + (wall >= closes)::int AS local_date,
           CASE WHEN wall >= opens AND wall < closes THEN wall ELSE opens END AS local_time,
           wall >= opens AND wall < closes AS is_decent
      FROM addressed
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
           || '|step:' || step || '|chan:' || channel || '|to:' || recipient,
       step, recipient, channel, 'scheduled', '', local_date, local_time, time_zone,
       due_at, due_at, due_at + make_interval(days => lasts_days), 0, '', ''
  FROM dated
 WHERE recipient IS NOT NULL
   AND NOT EXISTS (
       SELECT 1 FROM labs_reminder x
        WHERE x.requirement_id = dated.id AND x.state <> 'cancelled'
          AND x.requirement_due_on = dated.next_due_on AND x.step = dated.step
          AND x.dedup_key LIKE '%%|rev:' || dated.revision || '|%%')
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
    default = _plain(terms.default)
    return default | {
        "recipients": json.dumps(default["recipients"]),
        "by_site": json.dumps(own),
        "has_sms": terms.has_sms,
        "at": at,
    }


def _plain(terms: Terms) -> dict[str, Any]:
    return {
        "hours_from": terms.hours_from.isoformat(),
        "hours_until": terms.hours_until.isoformat(),
        "lasts_days": terms.lasts_days,
        "graces": terms.graces,
        "recipients": {step: list(whom) for step, whom in terms.recipients.items()},
    }


def dedup_prefix(requirement_id: object, due_on: object, revision: int) -> str:
    """What every key of this due day and revision begins with; the statement writes the same."""
    return f"req:{requirement_id}|due:{due_on}|rev:{revision}|"
