"""What staff did about a requirement, and what messages said of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import F

from clinic.querysets import Viewer
from labs.models import FollowUp, Reminder, ReminderState


@dataclass(frozen=True, slots=True)
class Followed:
    """One thing that staff did. `due_on`: the due day that it was about."""

    kind: str
    said: str
    way: str
    answer: str
    reason: str
    until: date | None
    due_on: date
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Told:
    """One message and how far it came, with the moment of the last that is known of it."""

    step: str
    recipient: str
    channel: str
    state: str
    said: str
    due_on: date
    at: datetime


def followed_up(
    *, user: Viewer, requirements: Collection[UUID], only_present: bool
) -> dict[UUID, list[Followed]]:
    """By requirement, the newest first; `only_present`: about the due day it has now. One query."""
    rows = FollowUp.objects.visible_to(user, "requirements.view").select_related("by")
    found: dict[UUID, list[Followed]] = {}
    for row in _about(rows, requirements, only_present=only_present).order_by("-at", "-pk"):
        found.setdefault(row.requirement_id, []).append(
            Followed(
                kind=row.kind,
                said=row.get_kind_display(),
                way=row.get_way_display(),
                answer=row.get_answer_display(),
                reason=row.reason,
                until=row.until,
                due_on=row.requirement_due_on,
                at=row.at,
                by=row.by.name,
            )
        )
    return found


def told_of(
    *, user: Viewer, requirements: Collection[UUID], only_present: bool
) -> dict[UUID, list[Told]]:
    """By requirement, the newest first, without what was called off. One query."""
    rows = Reminder.objects.visible_to(user, "reminders.view").exclude(
        state=ReminderState.CANCELLED
    )
    found: dict[UUID, list[Told]] = {}
    for row in _about(rows, requirements, only_present=only_present).order_by("-due_at", "-pk"):
        found.setdefault(row.requirement_id, []).append(
            Told(
                step=row.step,
                recipient=row.get_recipient_display(),
                channel=row.get_channel_display(),
                state=row.state,
                said=row.get_state_display(),
                due_on=row.requirement_due_on,
                at=row.delivered_at or row.ended_at or row.next_at,
            )
        )
    return found


def _about(rows: Any, requirements: Collection[UUID], *, only_present: bool) -> Any:
    rows = rows.filter(requirement__in=requirements)
    if only_present:
        return rows.filter(requirement_due_on=F("requirement__next_due_on"))
    return rows
