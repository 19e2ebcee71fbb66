"""What must be done by when: planned from facts, in the transaction of the fact that moves it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from clinic.models import Patient
from clinic.queries_policies import InForce, site_policies
from clinic.rules.dates import today_local
from clinic.rules.errors import RuleError
from clinic.rules.reasons import Reason, stored
from labs.actions.reminders import call_off
from labs.actions.rezoning import rezone
from labs.facts import as_json, from_json, measured
from labs.models import (
    MonitoringSubject,
    Reminder,
    ReminderState,
    Requirement,
    RequirementRule,
    RequirementStatus,
)
from labs.queries_policies import reminder_policy
from labs.requirement_rows import write
from labs.rules.due import ENDED
from labs.rules.due_reasons import Basis, due_reason
from labs.rules.exposure import CourseFacts
from labs.rules.monitoring import plan
from labs.rules.planned import PlannedRequirement
from labs.rules.requirement_rules import RequirementRule as Rule
from labs.rules.requirement_rules import read_requirement
from labs.sweep import dedup_prefix

log = logging.getLogger(__name__)

Key = tuple[str, UUID, str]
_CLOSED: dict[str, Any] = {
    "status": RequirementStatus.CLOSED,
    "why": stored(Reason("no_longer_asked", "The facts no longer ask for it.")),
}
# The message left or may have left.
TOLD = (
    ReminderState.SENDING,
    ReminderState.ACCEPTED,
    ReminderState.DELIVERED,
    ReminderState.IN_DOUBT,
)


@dataclass(frozen=True, slots=True)
class Repairs:
    """What a full recomputation had to mend. It must find nothing."""

    patients: int = 0
    requirements: int = 0
    reminders: int = 0
    faults: int = 0


@dataclass(slots=True)
class _Draft:
    """The rows to write for one patient on one local day."""

    patient: Patient
    today: date
    new: list[Requirement] = field(default_factory=list)
    changed: list[Requirement] = field(default_factory=list)

    def add(self, key: Key, values: dict[str, Any], rule: Rule) -> None:
        """A row that was not there. One closed without ever having had a day is not worth one."""
        if "next_due_on" not in values:
            return
        kind, subject_id, cycle = key
        row = Requirement(
            site_id=self.patient.site_id,
            patient=self.patient,
            kind=kind,
            subject_id=subject_id,
            cycle=cycle,
            **values,
        )
        row.notify_on = _first_step_on(row, rule, self.today)
        self.new.append(row)

    def change(self, row: Requirement, values: dict[str, Any], rule: Rule) -> None:
        """A row that was there, if anything about it differs."""
        if all(getattr(row, name) == value for name, value in values.items()):
            return
        before = _Before(row.status, row.next_due_on, (row.soon_on, row.overdue_on))
        for name, value in values.items():
            setattr(row, name, value)
        _tell_anew(row, before, rule, self.today)
        row.updated_at = timezone.now()
        self.changed.append(row)


@dataclass(frozen=True, slots=True)
class _Before:
    status: str
    due_on: date | None
    around: tuple[date | None, date | None]


@transaction.atomic
def set_subject(*, site_id: UUID, patient_id: UUID, subject_id: UUID, facts: CourseFacts) -> int:
    """Store what a course says of itself and plan anew; how many requirements changed."""
    # The patient's row first, as everywhere: two writers of one patient take turns.
    Patient.objects.select_for_update(no_key=True).get(pk=patient_id, site_id=site_id)
    MonitoringSubject.objects.update_or_create(
        site_id=site_id,
        patient_id=patient_id,
        subject_id=subject_id,
        defaults={"facts": as_json(facts)},
    )
    return replan(patient_id=patient_id)


@transaction.atomic
def replan(*, patient_id: UUID, at: datetime | None = None) -> int:
    """Bring the patient's requirements in line with the facts; how many rows changed.

    Asking again changes nothing. Messages about a day that moved, rests or is closed are called
    off in the same transaction. Raises RuleError where facts or content make no sense.
    """
    patient = (
        Patient.objects.select_for_update(no_key=True, of=("self",))
        .select_related("site")
        .get(pk=patient_id)
    )
    draft = _Draft(patient, today_local(at or timezone.now(), patient.site.zone))
    held = Requirement.objects.for_patient(patient_id).select_for_update(no_key=True)
    _compare(draft, {_key(row): row for row in held})
    Requirement.objects.bulk_create(draft.new)
    if draft.changed:
        write(draft.changed)
        call_off(draft.changed)
    return len(draft.new) + len(draft.changed)


def reconcile(*, site_id: UUID) -> Repairs:
    """Plan every patient of the site anew. Whatever it mends is a fault elsewhere and is logged.

    One patient's broken facts do not keep the others waiting.
    """
    patient_ids = (
        MonitoringSubject.objects.of_site(site_id)
        .order_by("patient_id")
        .values_list("patient_id", flat=True)
        .distinct()
    )
    mended = [_reconciled(patient_id) for patient_id in patient_ids]
    repairs = Repairs(
        patients=sum(1 for rows in mended if rows),
        requirements=sum(rows for rows in mended if rows),
        reminders=_stale_called_off(site_id) + rezone(site_id=site_id),
        faults=sum(1 for rows in mended if rows is None),
    )
    if repairs != Repairs():
        log.error("Reconciling site %s mended %s", site_id, repairs)
    return repairs


def _reconciled(patient_id: UUID) -> int | None:
    try:
        return replan(patient_id=patient_id)
    except RuleError as fault:
        log.error("Patient %s cannot be planned: %s", patient_id, fault.code)
        return None


@transaction.atomic
def _stale_called_off(site_id: UUID) -> int:
    stale = Reminder.objects.of_site(site_id).stale().values("requirement_id")
    return call_off(Requirement.objects.filter(pk__in=stale))


def _compare(draft: _Draft, held: dict[Key, Requirement]) -> None:
    policies = site_policies(draft.patient.site_id, draft.today)
    counting = policies.newest(RequirementRule)
    rules = {kind: one.parsed(read_requirement) for kind, one in counting.items()}
    wanted = _wanted(draft.patient, list(rules.values()))
    for key, (row, facts) in wanted.items():
        parsed = rules[row.kind]
        values = _values(row, facts) | _standing_on(row, parsed, facts, counting[row.kind])
        if key in held:
            draft.change(held[key], values, parsed)
        else:
            draft.add(key, values, parsed)
    for key in held.keys() - wanted.keys():
        draft.change(held[key], _CLOSED, rules[held[key].kind])


def _standing_on(
    row: PlannedRequirement, rule: Rule, facts: CourseFacts, counting: InForce[RequirementRule]
) -> dict[str, Any]:
    """Which content and which policy decided the row, and why it came out so."""
    return {
        "rule_id": counting.row.pk,
        "policy_version": counting.policy_version,
        "why": stored(due_reason(Basis(row, rule, facts, counting.content))),
    }


def _wanted(
    patient: Patient, rules: Sequence[Rule]
) -> dict[Key, tuple[PlannedRequirement, CourseFacts]]:
    done = measured(patient.pk)
    planned: dict[Key, tuple[PlannedRequirement, CourseFacts]] = {}
    subjects = MonitoringSubject.objects.for_patient(patient.pk)
    for subject_id, stored_facts in subjects.values_list("subject_id", "facts"):
        facts = from_json(stored_facts, patient, done)
        for row in plan(facts, rules):
            planned[row.kind, subject_id, row.cycle] = row, facts
    return planned


def _values(row: PlannedRequirement, facts: CourseFacts) -> dict[str, Any]:
    """The columns that follow from the plan. A row closed without dates keeps those it had."""
    values: dict[str, Any] = {
        "subject_state": facts.state if facts.standing == "here" else facts.standing,
        "blocks_when": row.blocks_when,
        "status": row.state,
    }
    if row.dates is None:
        # Nothing will fall due: for the clock the same as closed.
        closing = {"status": RequirementStatus.CLOSED} if row.state == "open" else {}
        return values | closing | ({} if row.reason else _last_done(row))
    return (
        values
        | _last_done(row)
        | {
            "next_due_on": row.due_on,
            "soon_on": row.soon_on,
            "overdue_on": row.overdue_on,
        }
    )


def _last_done(row: PlannedRequirement) -> dict[str, Any]:
    return {"last_done_on": row.last_done_on, "done_late_days": row.late_days}


def _tell_anew(row: Requirement, before: _Before, rule: Rule, today: date) -> None:
    """Whether somebody is told again, and under which revision."""
    if row.status != RequirementStatus.OPEN:
        row.notify_on = None
    elif before.due_on != row.next_due_on:
        row.notify_on = _first_step_on(row, rule, today)
        row.revision += _is_back(before.due_on, row.next_due_on)
    elif _is_reopened(row, before):
        # The key of the first message is used up: a new message needs a new revision.
        row.notify_on = _first_step_on(row, rule, today)
        row.revision += 1
    elif before.around != (row.soon_on, row.overdue_on):
        # A step that was told already is not told again: its key is used up.
        row.notify_on = _first_step_on(row, rule, today)


def _is_reopened(row: Requirement, before: _Before) -> bool:
    """What had satisfied it was withdrawn, or a pause ended that had called its message off."""
    if before.status == RequirementStatus.CLOSED:
        return True
    return before.status == RequirementStatus.SUSPENDED and not _was_told(row)


def _first_step_on(row: Requirement, rule: Rule, today: date) -> date | None:
    """The day on which somebody is first told; one that is past already becomes today."""
    if row.status != RequirementStatus.OPEN or rule.at_the_visit:
        return None
    if row.next_due_on is None or _is_history(row, today):
        return None
    return max(row.soon_on or row.next_due_on, today)


def _is_history(row: Requirement, today: date) -> bool:
    """What a course left undone that ended long ago: taken over from elsewhere, not news."""
    if row.subject_state not in ENDED or row.overdue_on is None:
        return False
    lasts = timedelta(days=reminder_policy(row.site_id, today).expiry_days)
    return row.overdue_on + lasts < today


def _is_back(before: date | None, after: date | None) -> bool:
    return before is not None and after is not None and after < before


def _was_told(row: Requirement) -> bool:
    prefix = dedup_prefix(row.pk, row.next_due_on, row.revision)
    return Reminder.objects.filter(
        requirement=row, dedup_key__startswith=prefix, state__in=TOLD
    ).exists()


def _key(row: Requirement) -> Key:
    return row.kind, row.subject_id, row.cycle
