"""Rows from before there was a ladder climb it from the day of the migration on."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module

import pytest
from django.db import connection
from django.utils import timezone

from clinic.queries import current
from labs.actions.reminders import sweep
from labs.models import Reminder, Requirement, RequirementRule
from tests.factories import PatientFactory
from tests.integration.labs.due_rows import awake_site, requirement

pytestmark = pytest.mark.django_db
FORWARD = import_module("labs.migrations.0004_next_step_of_the_ladder").FORWARD


def migrate() -> None:
    with connection.cursor() as cursor:
        cursor.execute(FORWARD)


def test_what_was_told_once_is_told_again_when_it_falls_due() -> None:
    today = timezone.now().date()
    row = requirement(PatientFactory.create(site=awake_site()), next_due_on=today + timedelta(7))
    assert sweep() == 1
    Requirement.objects.update(notify_on=None)
    migrate()
    # The step that was told is not told again, the day of the next one is written.
    assert sweep(timezone.now() + timedelta(days=1)) == 0
    row.refresh_from_db()
    assert row.notify_on == row.next_due_on
    assert sweep(timezone.now() + timedelta(days=8)) == 1
    assert sorted(Reminder.objects.values_list("step", flat=True)) == ["due", "due_soon"]


def test_what_nobody_is_told_of_stays_so() -> None:
    patient = PatientFactory.create(site=awake_site())
    today = timezone.now().date()
    at_the_visit = requirement(
        patient, kind="weight", rule=current(RequirementRule, "weight"), notify_on=None
    )
    history = requirement(
        patient, cycle="old", subject_state="completed", notify_on=None,
        next_due_on=today - timedelta(days=60),
    )  # fmt: skip
    closed = requirement(patient, cycle="closed", status="closed", notify_on=None)
    waiting = requirement(patient, cycle="later", notify_on=today + timedelta(days=3))
    migrate()
    told = {row.pk: row.notify_on for row in Requirement.objects.all()}
    assert told[at_the_visit.pk] is told[history.pk] is told[closed.pk] is None
    assert told[waiting.pk] == today + timedelta(days=3)
