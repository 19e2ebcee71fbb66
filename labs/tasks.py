"""Wakers of the laboratory side. They carry no arguments: the rows say what is to be done."""

from celery import shared_task

from labs.actions.reminders import wake


@shared_task(name="labs.tasks.dispatch")
def dispatch() -> None:
    """Sweep what falls due and send what is to be sent."""
    wake()
