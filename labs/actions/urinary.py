"""Urinary checks: recorded, levelled by the check before, withdrawn."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Final

from django.db import transaction
from django.utils import timezone

from clinic.actions.audit import record
from clinic.errors import Conflict, Invalid
from clinic.models import Patient, Role, User
from clinic.queries_policies import InForce, in_force
from clinic.rules.dates import today_local
from clinic.rules.errors import RuleError
from clinic.rules.reasons import stored
from labs.actions.checking import Window
from labs.actions.requirements import replan
from labs.actions.results import lock_patients
from labs.actions.tasks import open_task
from labs.models import LabRule, ResultStatus, Source, UrinaryCheck
from labs.rules.finding_reasons import level_reason
from labs.rules.gu import Check, UrinaryRules, evaluate, parse_urinary

URINARY: Final = "levels"


@transaction.atomic
def record_urinary_check(
    *,
    patient: Patient,
    checked_at: datetime,
    severities: Mapping[str, int],
    visible_haematuria: bool,
    retention: bool,
    infection_suspected: bool,
    by: User | None,
    source: str = Source.HAND,
    at: datetime | None = None,
) -> UrinaryCheck:
    """Store a check with its level; from level 2 on a prescriber is asked.

    A check of an earlier day may change the level of the one after it, which is then levelled
    anew. Raises Invalid `future_dated`, `before_birth`, `zone_missing`, `symptom_unknown`,
    `severity_out_of_range`.
    """
    at = at or timezone.now()
    Window.of(patient.birth_date, at).check(checked_at, "checked_at")
    for code, severity in severities.items():
        if not isinstance(severity, int) or isinstance(severity, bool):
            raise Invalid("severity_out_of_range", "A severity is a whole number.", code)
    lock_patients([patient.pk])
    row = UrinaryCheck(
        site=patient.site,
        patient=patient,
        checked_at=checked_at,
        checked_on=today_local(checked_at, patient.site.zone),
        severities=dict(severities),
        visible_haematuria=visible_haematuria,
        retention=retention,
        infection_suspected=infection_suspected,
        source=source,
        recorded_by=by,
    )
    counting = in_force(LabRule, URINARY, site_id=patient.site_id, on=_today(patient, at))
    _level(row, counting)
    row.save(force_insert=True)
    record("urinary_check.recorded", by=by, subject=row, change={"level": row.level})
    _ask_prescriber(row, counting.parsed(parse_urinary), at)
    _level_next(row, counting, at)
    replan(patient_id=patient.pk, at=at)
    return row


@transaction.atomic
def withdraw_urinary_check(
    *, check: UrinaryCheck, reason: str, by: User, at: datetime | None = None
) -> UrinaryCheck:
    """Mark a check as entered in error; what it had satisfied opens again.

    Raises Invalid `reason_missing`, Conflict `already_withdrawn`.
    """
    if not reason.strip():
        raise Invalid("reason_missing", "Say why the check is withdrawn.", "reason")
    at = at or timezone.now()
    lock_patients([check.patient_id])
    held = (
        UrinaryCheck.objects.select_for_update(no_key=True, of=("self",))
        .select_related("patient__site")
        .get(pk=check.pk)
    )
    if held.status == ResultStatus.ENTERED_IN_ERROR:
        raise Conflict("already_withdrawn", "The check is withdrawn already.")
    held.status = ResultStatus.ENTERED_IN_ERROR
    held.save(update_fields=["status", "updated_at"])
    record("urinary_check.withdrawn", by=by, subject=held, change={"reason": reason.strip()})
    on = _today(held.patient, at)
    _level_next(held, in_force(LabRule, URINARY, site_id=held.site_id, on=on), at)
    replan(patient_id=held.patient_id, at=at)
    return held


def _today(patient: Patient, at: datetime) -> date:
    return today_local(at, patient.site.zone)


def _level(row: UrinaryCheck, counting: InForce[LabRule]) -> None:
    before = (
        UrinaryCheck.objects.for_patient(row.patient_id)
        .settled()
        .filter(checked_at__lt=row.checked_at)
        .exclude(pk=row.pk)
        .order_by("-checked_at", "-id")
        .first()
    )
    rules = counting.parsed(parse_urinary)
    try:
        found = evaluate(_answers(row), _answers(before) if before else None, rules)
    except RuleError as error:
        raise Invalid(error.code, error.message, error.field) from None
    row.level, row.rule, row.policy_version = found.level, counting.row, counting.policy_version
    row.why = stored(level_reason(_answers(row), found, rules, counting.content))


def _level_next(row: UrinaryCheck, counting: InForce[LabRule], at: datetime) -> None:
    after = (
        UrinaryCheck.objects.for_patient(row.patient_id)
        .settled()
        .filter(checked_at__gt=row.checked_at)
        .order_by("checked_at", "id")
        .first()
    )
    if after is None:
        return
    level = after.level
    _level(after, counting)
    if after.level != level:
        after.save(update_fields=["level", "rule", "policy_version", "why", "updated_at"])
        change = {"level": after.level, "was": level}
        record("urinary_check.levelled", by=None, subject=after, change=change)
        _ask_prescriber(after, counting.parsed(parse_urinary), at)


def _answers(row: UrinaryCheck) -> Check:
    # A suspected infection lowers no level; only a confirmed one asks for another check.
    return Check(
        severities=row.severities,
        visible_haematuria=row.visible_haematuria,
        retention=row.retention,
    )


def _ask_prescriber(row: UrinaryCheck, rules: UrinaryRules, at: datetime) -> None:
    text = rules.texts[row.level]
    if not text.needs_prescriber:
        return
    open_task(
        site_id=row.site_id,
        patient_id=row.patient_id,
        kind=f"urinary_{text.code}",
        role=Role.PRESCRIBER,
        title=f"{text.title} (check of {row.checked_on})"[:200],
        due_at=at,
        dedup_key=f"urinary:{row.pk}:{row.level}",
        subject_id=row.pk,
        is_urgent=text.holds_dose,
    )
