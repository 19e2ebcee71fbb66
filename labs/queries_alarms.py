"""What every page warns of: urgent tasks, and reminders that do not leave."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import connection

from clinic.querysets import Viewer
from labs.hold import why_held
from labs.lateness import LATE, parameters
from labs.models import Task
from labs.rules.health import LOOP, PAGE_SILENT_AFTER, WORKER

# The kind of the task that says the same to the lead; the pages have words of their own for it.
REMINDERS_LATE: Final = "reminders_late"

TROUBLE: Final = "\n".join(
    (
        "SELECT (SELECT min(late.since) FROM (",
        LATE,
        ") late),",
        "(SELECT max(at) FROM labs_heartbeat WHERE name = ANY(%(senders)s)",
        " HAVING max(at) < now() - %(silent_after)s)",
    )
)


@dataclass(frozen=True, slots=True)
class ShellAlarms:
    """`urgent`: open urgent tasks at the site. The rest says why reminders do not leave."""

    urgent: int = 0
    is_held: bool = False
    late_since: datetime | None = None
    silent_since: datetime | None = None


def shell_alarms(*, user: Viewer, site_id: UUID) -> ShellAlarms:
    """The warnings at a site, `urgent` only for who sees its tasks. Three short queries at most."""
    urgent = Task.objects.visible_to(user, "tasks.view").of_site(site_id).urgent()
    late_since, silent_since = _trouble(site_id)
    return ShellAlarms(
        urgent=urgent.exclude(kind=REMINDERS_LATE).count(),
        is_held=bool(why_held()),
        late_since=late_since,
        silent_since=silent_since,
    )


def _trouble(site_id: UUID) -> tuple[datetime | None, datetime | None]:
    """When the oldest should have left, and when anybody who sends last showed a sign of life."""
    own = {"senders": [LOOP, WORKER], "silent_after": PAGE_SILENT_AFTER}
    with connection.cursor() as cursor:
        cursor.execute(TROUBLE, parameters(None, site_id) | own)
        [(late_since, silent_since)] = cursor.fetchall()
    return late_since, silent_since
