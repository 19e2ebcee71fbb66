"""One report or task, for a person who may see it."""

from __future__ import annotations

from uuid import UUID

from clinic.queries import find
from clinic.querysets import Viewer
from labs.models import Report, Task


def find_report(*, user: Viewer, pk: UUID, may: str) -> Report:
    """The report with patient and site, or Http404."""
    rows = Report.objects.select_related("patient__site", "reviewed_by", "recorded_by")
    return find(rows, user=user, pk=pk, may=may)


def find_task(*, user: Viewer, pk: UUID, may: str) -> Task:
    """The task with its patient, or Http404."""
    return find(Task.objects.select_related("patient"), user=user, pk=pk, may=may)
