"""Writing many requirements at once, by one statement that needs no building."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Final

from django.db import connection

from labs.models import Requirement

# What a plan may change of a row that stands.
WRITTEN: Final = (
    "rule_id", "policy_version", "why", "subject_state", "status", "last_done_on",
    "done_late_days", "next_due_on", "soon_on", "overdue_on", "blocks_when", "notify_on",
    "revision", "updated_at",
)  # fmt: skip
_WRITE: Final = """
UPDATE labs_requirement r
   SET rule_id = v.rule_id, policy_version = v.policy_version, why = v.why,
       subject_state = v.subject_state, status = v.status, last_done_on = v.last_done_on,
       done_late_days = v.done_late_days, next_due_on = v.next_due_on, soon_on = v.soon_on,
       overdue_on = v.overdue_on, blocks_when = v.blocks_when, notify_on = v.notify_on,
       revision = v.revision, updated_at = v.updated_at
  FROM jsonb_to_recordset(%s::jsonb) AS v (
       id uuid, rule_id uuid, policy_version int, why jsonb, subject_state text, status text,
       last_done_on date, done_late_days int, next_due_on date, soon_on date, overdue_on date,
       blocks_when text, notify_on date, revision int, updated_at timestamptz)
 WHERE r.id = v.id
"""


def write(rows: Iterable[Requirement]) -> None:
    """Bring the stored rows to what these say. The rows are locked by the caller."""
    told = [{"id": row.pk} | {name: getattr(row, name) for name in WRITTEN} for row in rows]
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, [json.dumps(told, default=str)])
