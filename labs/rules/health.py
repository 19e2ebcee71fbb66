"""When silence is an alarm: how long each part of the reminder machine may be quiet."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

# A reminder waits for its decent hour; from then on it leaves within seconds.
LATE_AFTER: Final = timedelta(minutes=10)
# The loop passes every few seconds, beat wakes the workers every thirty.
SILENT_AFTER: Final = timedelta(minutes=2)
# Everything is planned anew every fifteen minutes; a run may take some of them.
RECONCILED_WITHIN: Final = timedelta(minutes=45)
# What a page says waits a little longer: a restart is no news.
PAGE_SILENT_AFTER: Final = timedelta(minutes=5)

LOOP, WORKER, RECONCILE = "loop", "worker", "reconcile"
