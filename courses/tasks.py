"""Wakers of the course side. They carry no arguments: the rows say what is to be done."""

from celery import shared_task

from courses.actions.missed import mark_missed
from courses.actions.monitoring import reconcile_all


@shared_task(name="courses.tasks.mark_missed_sessions")
def mark_missed_sessions() -> None:
    """Sessions whose window has passed become missed."""
    mark_missed()


@shared_task(name="courses.tasks.reconcile")
def reconcile() -> None:
    """Plan everything anew from the facts; what it repairs is a fault elsewhere."""
    reconcile_all()
