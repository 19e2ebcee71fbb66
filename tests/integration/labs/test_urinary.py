"""Urinary checks: levelled by the one before, asked of a prescriber, withdrawn."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from clinic.errors import Conflict, Invalid
from clinic.models import Patient, User
from labs.actions.urinary import record_urinary_check, withdraw_urinary_check
from labs.models import Task, UrinaryCheck
from labs.queries_results import urinary_history
from tests.integration.labs.lab_results import AT, COLLECTED

pytestmark = pytest.mark.django_db
PAIN = {"gu_pain": 1}
PAIN_AND_URGENCY = {"gu_pain": 1, "urgency": 1}


def checked(
    patient: Patient, severities: dict[str, Any], at: datetime = COLLECTED, **changed: Any
) -> UrinaryCheck:
    seen: dict[str, Any] = dict.fromkeys(
        ("visible_haematuria", "retention", "infection_suspected"), False
    )
    return record_urinary_check(
        patient=patient,
        checked_at=at,
        severities=severities,
        by=None,
        at=AT,
        **{**seen, **changed},
    )


@pytest.mark.parametrize(
    ("severities", "seen", "level", "urgent"),
    [
        ({}, {}, 0, None),
        ({"urgency": 0}, {}, 0, None),
        ({"urgency": 1}, {}, 1, None),
        ({"urgency": 2}, {}, 2, False),
        ({"urgency": 1, "nocturia": 1}, {}, 2, False),
        ({}, {"visible_haematuria": True}, 4, True),
        ({}, {"retention": True}, 4, True),
        ({"urgency": 1}, {"infection_suspected": True}, 1, None),
    ],
)
def test_levels_and_who_is_asked(
    patient: Patient,
    severities: dict[str, int],
    seen: dict[str, Any],
    level: int,
    urgent: bool | None,
) -> None:
    assert checked(patient, severities, **seen).level == level
    tasks = list(Task.objects.values_list("role", "is_urgent"))
    assert tasks == ([] if urgent is None else [("prescriber", urgent)])


def test_pain_at_two_checks_with_another_symptom_now_is_level_3(patient: Patient) -> None:
    assert checked(patient, PAIN).level == 1
    assert checked(patient, PAIN_AND_URGENCY, COLLECTED + timedelta(days=1)).level == 3
    assert Task.objects.get().is_urgent


def test_pain_at_one_check_alone_is_not(patient: Patient) -> None:
    checked(patient, {"urgency": 1})
    assert checked(patient, PAIN_AND_URGENCY, COLLECTED + timedelta(days=1)).level == 2


def test_an_earlier_check_that_comes_late_levels_the_next_anew(patient: Patient) -> None:
    later = checked(patient, PAIN_AND_URGENCY)
    assert later.level == 2
    checked(patient, PAIN, COLLECTED - timedelta(days=3))
    later.refresh_from_db()
    assert later.level == 3


def test_withdrawing_the_check_before_takes_the_level_back(patient: Patient, nurse: User) -> None:
    first = checked(patient, PAIN)
    second = checked(patient, PAIN_AND_URGENCY, COLLECTED + timedelta(days=1))
    with pytest.raises(Invalid):
        withdraw_urinary_check(check=first, reason="", by=nurse)
    withdraw_urinary_check(check=first, reason="wrong patient", by=nurse)
    second.refresh_from_db()
    assert second.level == 2
    assert [point.level for point in urinary_history(patient_id=patient.pk)] == [2]
    with pytest.raises(Conflict):
        withdraw_urinary_check(check=first, reason="again", by=nurse)


@pytest.mark.parametrize(
    ("severities", "field", "code"),
    [
        ({"itching": 1}, "severities", "symptom_unknown"),
        ({"urgency": 4}, "urgency", "severity_out_of_range"),
        ({"urgency": -1}, "urgency", "severity_out_of_range"),
        ({"urgency": "2"}, "urgency", "severity_out_of_range"),
        ({"urgency": True}, "urgency", "severity_out_of_range"),
    ],
)
def test_wrong_answers(patient: Patient, severities: dict[str, Any], field: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        checked(patient, severities)
    assert (refused.value.field, refused.value.code) == (field, code)
    assert not UrinaryCheck.objects.exists()


def test_not_in_the_future(patient: Patient) -> None:
    with pytest.raises(Invalid) as refused:
        checked(patient, {}, AT + timedelta(hours=25))
    assert (refused.value.field, refused.value.code) == ("checked_at", "future_dated")


def test_history_names_the_symptoms(patient: Patient) -> None:
    checked(patient, PAIN_AND_URGENCY)
    [point] = urinary_history(patient_id=patient.pk)
    assert point.symptoms == (
        ("Sudden urge to pass urine", 1),
        ("Pain above the pubic bone or in the pelvis", 1),
    )
    assert (point.level, point.holds_dose) == (2, False)
