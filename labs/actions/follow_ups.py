"""What staff did about something due. None of it changes what is due, nor what a dose needs."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, cast

from django.db import transaction
from django.utils import timezone

from clinic.actions.audit import record
from clinic.errors import Conflict, Invalid, Refused
from clinic.models import User
from clinic.rules.dates import spoken_day, today_local
from labs.models import Answer, FollowUp, FollowUpKind, Requirement, RequirementStatus, Way
from labs.rules.worklist import check_until


@transaction.atomic
def record_contact(
    *,
    requirement: Requirement,
    by: User,
    way: str,
    answer: str,
    reason: str = "",
    due_on: date | None = None,
) -> FollowUp:
    """Somebody tried to reach the patient, and what came of it. `reason` is a remark.

    `due_on`: the due day that `by` had in sight, where known.
    Raises Invalid `way_unknown`, `answer_unknown`, and what `_held` raises.
    """
    if way not in Way.values:
        raise Invalid("way_unknown", "Say how you tried to reach them.", "way")
    if answer not in Answer.values:
        raise Invalid("answer_unknown", "Say what came of it.", "answer")
    return _written(
        _held(requirement, due_on),
        by,
        FollowUpKind.CONTACT,
        "contacted",
        way=way,
        answer=answer,
        reason=reason.strip(),
    )


@transaction.atomic
def snooze(
    *,
    requirement: Requirement,
    by: User,
    until: date,
    reason: str,
    due_on: date | None = None,
    at: datetime | None = None,
) -> FollowUp:
    """Keep it off the list until the morning of `until`; today shows it again at once.

    Raises Invalid `reason_missing`, RuleError `until_past`, `until_too_far`, Refused `resting`,
    and what `_held` raises.
    """
    said = _said(reason, "Say why it can wait.")
    held = _held(requirement, due_on)
    if held.status == RequirementStatus.SUSPENDED:
        raise Refused("resting", "It rests with the course and is not on the list.", "until")
    now = at or timezone.now()
    check_until(until, today_local(now, held.site.zone))
    return _written(held, by, FollowUpKind.SNOOZE, "put_off", until=until, reason=said, at=now)


@transaction.atomic
def record_declined(
    *, requirement: Requirement, by: User, reason: str, due_on: date | None = None
) -> FollowUp:
    """The patient does not want it this time: they are no longer written to about this due day.

    Staff still are, and it stays due. Raises Invalid `reason_missing`, and what `_held` raises.
    """
    said = _said(reason, "Say what the patient said.")
    return _written(_held(requirement, due_on), by, FollowUpKind.DECLINED, "declined", reason=said)


def _said(reason: str, missing: str) -> str:
    if not reason.strip():
        raise Invalid("reason_missing", missing, "reason")
    return reason.strip()


def _held(requirement: Requirement, seen: date | None) -> Requirement:
    """The row under lock, so that a sender who looks afterwards sees what is written here.

    Raises Conflict `not_due_any_more`, and `moved` where it is now due on another day than `seen`.
    """
    held = (
        Requirement.objects.select_for_update(no_key=True, of=("self",))
        .select_related("site")
        .get(pk=requirement.pk)
    )
    if held.status == RequirementStatus.CLOSED or held.next_due_on is None:
        raise Conflict("not_due_any_more", "This is not due any more: somebody has seen to it.")
    if seen is not None and seen != held.next_due_on:
        day = spoken_day(held.next_due_on)
        raise Conflict("moved", f"Meanwhile it is due on another day: {day}. Look again.")
    return held


def _written(
    held: Requirement, by: User, kind: FollowUpKind, event: str, **values: Any
) -> FollowUp:
    row = FollowUp.objects.create(
        site_id=held.site_id,
        patient_id=held.patient_id,
        requirement=held,
        requirement_due_on=cast("date", held.next_due_on),
        kind=kind,
        by=by,
        **{"at": timezone.now()} | values,
    )
    codes: dict[str, Any] = {
        name: str(values[name]) for name in ("way", "answer", "until") if name in values
    }
    record(f"requirement.{event}", by=by, subject=held, change=codes)
    return row
