"""Wakers of the course side. They carry no arguments: the rows say what is to be done."""

from typing import Final

from celery import shared_task

from clinic.locks import only_one
from courses.actions.missed import mark_missed
from courses.actions.monitoring import reconcile_all

# Every patient of every site, one after the other: longer than a pass of sending may take.
RECONCILE_SECONDS: Final = 3600


@shared_task(name="courses.tasks.mark_missed_sessions")
def mark_missed_sessions() -> None:
    """Sessions whose window has passed become missed."""
    mark_missed()


@shared_task(name="courses.tasks.reconcile", time_limit=RECONCILE_SECONDS)
def reconcile() -> None:
    """Plan everything anew from the facts; what it repairs is a fault elsewhere.

    Beat asks every quarter of an hour; while a run lasts, those asked meanwhile do nothing.
    """
    with only_one("reconcile") as alone:
        if alone:
            reconcile_all()
