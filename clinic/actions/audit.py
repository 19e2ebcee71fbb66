"""One deliberate act, one row, in the same transaction."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import models
from django.utils import timezone

from clinic.models import AuditEvent, User
from clinic.models.base import SiteRow

SYSTEM = "Daybreak"


def record(
    event: str,
    *,
    by: User | None,
    subject: SiteRow,
    patient_id: UUID | None = None,
    change: dict[str, Any] | None = None,
) -> AuditEvent:
    """Write down that `by` did `event` to `subject`. `by=None` is the system itself.

    `change` holds codes and reasons, never a clinical value: those stand in the row's history.
    Raises ValueError for an unsaved subject.
    """
    if subject.pk is None or subject.site_id is None:
        raise ValueError("Only a saved row of a site can be audited.")
    return AuditEvent.objects.create(
        site_id=subject.site_id,
        at=timezone.now(),
        actor=by,
        actor_label=by.email if by else SYSTEM,
        event=event,
        subject_type=_label(subject),
        subject_id=subject.pk,
        patient_id=patient_id or getattr(subject, "patient_id", None),
        change=change or {},
    )


def _label(subject: models.Model) -> str:
    return str(subject._meta.label_lower)
