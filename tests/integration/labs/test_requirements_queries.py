"""What a page is told about what is due: the state of a day, the worst first."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinic.models import Patient
from labs.models import Requirement
from labs.queries import monitoring_status
from tests.factories import PatientFactory
from tests.integration.labs.due_rows import requirement

pytestmark = pytest.mark.django_db
# Soon from 26 November, due on 3 December, overdue from the 11th.
DUE = date(2026, 12, 3)


def owed(patient: Patient, **fields: Any) -> Requirement:
    return requirement(patient, **{"next_due_on": DUE, "subject_id": uuid4()} | fields)


@pytest.mark.parametrize(
    ("on", "state", "late", "blocks"),
    [
        (date(2026, 11, 25), "not_due", 0, False),
        (date(2026, 11, 26), "due_soon", 0, False),
        (date(2026, 12, 2), "due_soon", 0, False),
        (date(2026, 12, 3), "due", 0, False),
        (date(2026, 12, 10), "due", 7, False),
        (date(2026, 12, 11), "overdue", 8, True),
        (date(2027, 1, 3), "overdue", 31, True),
    ],
)
def test_the_state_follows_from_the_day(
    patient: Patient, on: date, state: str, late: int, blocks: bool
) -> None:
    row = owed(patient, last_done_on=date(2026, 11, 5))
    [found] = monitoring_status(patient_id=patient.pk, on=on)
    assert (found.kind, found.title) == ("lft_periodic", "Liver panel during treatment")
    assert (found.state, found.lateness_days, found.blocks_dose) == (state, late, blocks)
    assert (found.due_on, found.last_done_on) == (DUE, date(2026, 11, 5))
    assert (found.requirement_id, found.subject_id) == (row.pk, row.subject_id)


@pytest.mark.parametrize(
    ("blocks_when", "on", "blocks"),
    [
        ("due", date(2026, 12, 2), False),
        ("due", date(2026, 12, 3), True),
        ("never", date(2027, 1, 3), False),
    ],
)
def test_from_which_day_it_stands_against_a_dose(
    patient: Patient, blocks_when: str, on: date, blocks: bool
) -> None:
    owed(patient, blocks_when=blocks_when)
    assert monitoring_status(patient_id=patient.pk, on=on)[0].blocks_dose is blocks


def test_while_the_course_rests_nothing_is_late_and_no_dose_may_be_given(patient: Patient) -> None:
    owed(patient, status="suspended", notify_on=None, blocks_when="never")
    [found] = monitoring_status(patient_id=patient.pk, on=date(2027, 1, 3))
    assert (found.state, found.lateness_days, found.blocks_dose) == ("suspended", 0, True)


def test_a_resting_row_without_a_day_has_none(patient: Patient) -> None:
    owed(patient, status="suspended", notify_on=None)
    Requirement.objects.update(next_due_on=None, overdue_on=None)
    assert monitoring_status(patient_id=patient.pk, on=DUE)[0].due_on is None


def test_closed_ones_and_those_of_others_are_left_out(patient: Patient) -> None:
    owed(patient, status="closed", notify_on=None)
    owed(PatientFactory.create(site=patient.site))
    assert monitoring_status(patient_id=patient.pk, on=DUE) == ()


def test_what_stands_against_a_dose_comes_first_then_what_is_latest(patient: Patient) -> None:
    on = date(2026, 12, 20)
    owed(patient, cycle="soon", next_due_on=on + timedelta(days=3))
    owed(patient, cycle="late", blocks_when="never", next_due_on=on - timedelta(days=30))
    owed(patient, cycle="later", blocks_when="never", next_due_on=on - timedelta(days=40))
    owed(patient, cycle="blocks", next_due_on=on - timedelta(days=9))
    owed(patient, cycle="due", blocks_when="never", next_due_on=on)
    owed(patient, cycle="not yet", next_due_on=on + timedelta(days=8))
    order = [one.cycle for one in monitoring_status(patient_id=patient.pk, on=on)]
    assert order == ["blocks", "later", "late", "due", "soon", "not yet"]


def test_the_number_of_queries_does_not_grow(patient: Patient) -> None:
    for _ in range(5):
        owed(patient)
    with CaptureQueriesContext(connection) as seen:
        monitoring_status(patient_id=patient.pk, on=DUE)
    assert len(seen) == 1
