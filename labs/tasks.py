"""Wakers of the laboratory side. They carry no arguments: the rows say what is to be done."""

from celery import shared_task

from labs.actions.policies import follow_policies as follow
from labs.actions.reminders import wake
from labs.actions.watch import beat, look_around
from labs.rules.health import WORKER


@shared_task(name="labs.tasks.dispatch")
def dispatch() -> None:
    """Sweep what falls due and send what is to be sent."""
    beat(WORKER)
    wake()


@shared_task(name="labs.tasks.watch")
def watch() -> None:
    """Raise the alarm when something is late; tell the outside when nothing is."""
    look_around()


@shared_task(name="labs.tasks.follow_policies")
def follow_policies() -> None:
    """Move what is due to where the policies of the day put it."""
    follow()
