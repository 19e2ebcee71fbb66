"""Silence is an alarm: signs of life, a task where reminders are late, a ping to the outside."""

from __future__ import annotations

import json
import logging
import threading
import time
from datetime import datetime
from typing import Final

import requests
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from clinic.models import Role
from clinic.rules.dates import today_local
from labs.actions.tasks import open_task
from labs.lateness import Late, late_sites
from labs.models import Task
from labs.queries_alarms import REMINDERS_LATE
from labs.queries_health import BAD_ENDS, SENDERS, Health, health
from labs.queries_policies import reminder_policy
from labs.rules.health import LATE_AFTER
from labs.rules.reminders import is_decent

log = logging.getLogger(__name__)

TITLE: Final = "Reminders are late: ring who must know"
PING_SECONDS: Final = 3
A_MINUTE: Final = 60.0
# What waits for a person already has its task, and one sender is enough: no reason for an
# outside alarm, which says that reminders do not flow.
NOT_FOR_THE_OUTSIDE: Final = (*BAD_ENDS, *SENDERS)

BEAT: Final = """
INSERT INTO labs_heartbeat (id, created_at, updated_at, name, at, figures)
VALUES (gen_random_uuid(), now(), now(), %(name)s, clock_timestamp(), %(figures)s::jsonb)
    ON CONFLICT (name) DO UPDATE
       SET at = EXCLUDED.at, figures = EXCLUDED.figures, updated_at = now()
"""


class Sparing:
    """Lets something through at most once in so many seconds, for this process."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._last: float | None = None

    def lets_through(self) -> bool:
        now = time.monotonic()
        if self._last is not None and now - self._last < self._seconds:
            return False
        self._last = now
        return True


_pings = Sparing(A_MINUTE)


def beat(name: str, **figures: float) -> None:
    """A sign of life of `name`, by the database's clock. Never raises: it is only logged."""
    try:
        # Atomic, so that a fault here does not spoil a transaction around it.
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(BEAT, {"name": name, "figures": json.dumps(figures)})
    except Exception as fault:  # a part that works must not fail because it could not say so
        log.warning("No sign of life of %s could be written (%s)", name, type(fault).__name__)


def raise_alarms(at: datetime | None = None) -> int:
    """One urgent task for each site and local day on which reminders are late; how many are new.

    Any number may call at once: one task is written, and each of those who raced counts it.
    `at`: None is the database's clock.
    """
    now = at or timezone.now()
    return sum(_raise_alarm(late, now) for late in late_sites(at) if _counts(late, now))


def look_around(at: datetime | None = None) -> Health | None:
    """Raise the alarms that are due and tell the outside when all is well. Never raises.

    Must be called outside any transaction. None where the database did not answer.
    """
    try:
        raise_alarms(at)
        found = health(at)
    except Exception as fault:  # whoever sends reminders goes on
        log.warning("The look at the reminders failed (%s)", type(fault).__name__)
        return None
    if found.is_ok_but(*NOT_FOR_THE_OUTSIDE) and any(
        check.ok for check in found.checks if check.name in SENDERS
    ):
        tell_outside()
    return found


def tell_outside() -> threading.Thread | None:
    """Ping DEAD_MAN_URL, at most once a minute; None where nothing is sent.

    In a thread, because nobody who sends reminders may wait for somebody else's server.
    """
    if not settings.DEAD_MAN_URL or not _pings.lets_through():
        return None
    thread = threading.Thread(target=_ping, args=(settings.DEAD_MAN_URL,), daemon=True)
    thread.start()
    return thread


def _ping(url: str) -> None:
    try:
        with requests.get(url, timeout=PING_SECONDS, stream=True) as answer:
            answer.raise_for_status()
    except requests.RequestException as fault:
        # Not the address: whoever knows it can say that all is well.
        log.warning("The outside monitor could not be told (%s)", type(fault).__name__)


def _counts(late: Late, at: datetime) -> bool:
    """Whether a message should have left: what is only unwritten waits for the decent hours."""
    if late.reminders:
        return True
    policy = reminder_policy(late.site_id, today_local(at, late.zone))
    return is_decent(at - LATE_AFTER, late.zone, policy)


def _raise_alarm(late: Late, at: datetime) -> bool:
    key = f"late:{late.site_id}:{today_local(at, late.zone)}"
    if Task.objects.of_site(late.site_id).filter(dedup_key=key).exists():
        return False
    task = open_task(
        site_id=late.site_id,
        patient_id=None,
        kind=REMINDERS_LATE,
        role=Role.LEAD,
        title=TITLE,
        due_at=at,
        dedup_key=key,
        subject_id=late.site_id,
        is_urgent=True,
    )
    log.error("Reminders are late at site %s: task %s", late.site_id, task.pk)
    return True
