"""Configuration faults, found before the first request."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from celery import current_app
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

MIN_SECRET_LENGTH = 50


@register(Tags.security)
def secret_is_long_enough(**kwargs: Any) -> list[CheckMessage]:
    """A short key can be guessed, and with it every sign-in."""
    if len(settings.SECRET_KEY) >= MIN_SECRET_LENGTH:
        return []
    return [
        Error(
            f"SECRET_KEY has {len(settings.SECRET_KEY)} characters.",
            hint=f"Use at least {MIN_SECRET_LENGTH} random characters.",
            id="daybreak.E001",
        )
    ]


@register()
def beat_tasks_exist(**kwargs: Any) -> list[CheckMessage]:
    """A beat entry whose task does not exist is a reminder that never leaves."""
    return [
        Error(
            f"Beat entry “{name}” names the task “{entry['task']}”, which does not exist.",
            hint="Mend CELERY_BEAT_SCHEDULE.",
            id="daybreak.E002",
        )
        for name, entry in settings.CELERY_BEAT_SCHEDULE.items()
        if not _task_exists(str(entry["task"]))
    ]


def _task_exists(task: str) -> bool:
    try:
        import_module(task.rpartition(".")[0])
    except ModuleNotFoundError:
        return False
    return task in current_app.tasks
