"""What waits to be sent, by the clock that its site has now."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.db import connection

# The wall date and time are the truth, the instant follows. One that was put off to a later try
# keeps its distance.
REZONE: Final = """
WITH moved AS (
    SELECT r.id, s.time_zone,
           (r.local_date + r.local_time) AT TIME ZONE s.time_zone AS due_at
      FROM labs_reminder r JOIN clinic_site s ON s.id = r.site_id
     WHERE r.site_id = %(site)s AND r.state = 'scheduled' AND r.time_zone <> s.time_zone
       FOR NO KEY UPDATE OF r)
UPDATE labs_reminder r
   SET time_zone = moved.time_zone,
       due_at = moved.due_at,
       next_at = GREATEST(r.next_at + (moved.due_at - r.due_at), moved.due_at),
       not_after = r.not_after + (moved.due_at - r.due_at),
       updated_at = now()
  FROM moved WHERE r.id = moved.id
"""


def rezone(*, site_id: UUID) -> int:
    """Move the site's waiting messages to the same wall time of its clock; how many moved."""
    with connection.cursor() as cursor:
        cursor.execute(REZONE, {"site": site_id})
        return int(cursor.rowcount)
