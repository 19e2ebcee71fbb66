"""Due days follow from facts, and somebody is told when they come near."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine
from django.db import IntegrityError, transaction

from clinic.models import Patient
from labs.actions.reminders import sweep
from labs.actions.requirements import replan
from labs.facts import as_json, from_json
from labs.models import (
    Requirement,
    Result,
)
from labs.rules.exposure import Completion
from tests.factories import PatientFactory, SiteFactory
from tests.integration.labs.course_facts import (
    COURSE,
    NOON,
    check,
    course,
    infusion,
    liver,
    panel,
    place,
)

pytestmark = pytest.mark.django_db


# --- what is planned --------------------------------------------------------------------------
def test_a_panel_sets_the_day_of_the_next(patient: Patient) -> None:
    panel(patient, date(2026, 11, 12))
    place(patient, course())
    row = liver(patient)
    # 28 days after the collection; soon a week before, overdue after a week of grace.
    assert (row.last_done_on, row.next_due_on) == (date(2026, 11, 12), date(2026, 12, 10))
    assert (row.soon_on, row.overdue_on) == (date(2026, 12, 3), date(2026, 12, 18))
    assert (row.status, row.subject_state, row.blocks_when) == ("open", "active", "overdue")
    assert (row.subject_id, row.cycle, row.revision, row.rule.code) == (
        COURSE, "", 0, "lft_periodic",
    )  # fmt: skip


def test_never_done_it_was_due_with_the_first_infusion(patient: Patient) -> None:
    place(patient, course())
    row = liver(patient)
    assert (row.next_due_on, row.overdue_on) == (date(2026, 11, 16), date(2026, 11, 16))


@pytest.mark.parametrize(
    "report",
    [
        {"status": "preliminary"},
        {"status": "cancelled"},
        {"status": "superseded"},
        {"status": "entered_in_error"},
        {"is_complete_liver_panel": False},
    ],
)
def test_what_is_not_settled_and_whole_satisfies_nothing(
    patient: Patient, report: dict[str, Any]
) -> None:
    panel(patient, date(2026, 11, 12), **report)
    place(patient, course())
    assert liver(patient).last_done_on is None


def test_a_finding_shortens_the_clock(patient: Patient) -> None:
    report = panel(patient, date(2026, 11, 20))
    Result.objects.create(
        site=patient.site, patient=patient, report=report, code="1742-6", value=80, grade=1,
        observed_at=report.collected_at, status="final",
    )  # fmt: skip
    place(patient, course())
    assert liver(patient).next_due_on == date(2026, 12, 4)


def test_a_urinary_symptom_asks_for_the_next_session(patient: Patient) -> None:
    check(patient, date(2026, 11, 19), level=1)
    place(patient, course())
    row = Requirement.objects.get(kind="gu_periodic")
    assert (row.last_done_on, row.next_due_on) == (date(2026, 11, 19), date(2026, 11, 23))


def test_facts_come_back_as_they_were_stored(patient: Patient) -> None:
    facts = course(
        ended_on=date(2026, 12, 1),
        next_course_on=date(2027, 1, 4),
        phase="maintenance",
        not_required=frozenset({"uds", "pregnancy"}),
        completions=(
            Completion("scale", date(2026, 11, 16), datetime(2026, 11, 16, 9, tzinfo=UTC), key="a"),
            Completion("weight", date(2026, 11, 15), status="entered_in_error"),
        ),
        infusions=(infusion("s1", date(2026, 11, 16), drug_given=False, entered_in_error=True),),
    )
    stored = as_json(facts)
    read = from_json(stored, patient, ())
    assert set(read.completions) == set(facts.completions)
    assert replace(read, completions=()) == replace(facts, completions=())
    reordered = replace(facts, completions=facts.completions[::-1])
    assert as_json(reordered) == stored


def test_asking_again_changes_nothing(patient: Patient) -> None:
    panel(patient, date(2026, 11, 12))
    assert place(patient, course()) > 10
    before = list(Requirement.objects.values())
    assert place(patient, course()) == 0
    assert replan(patient_id=patient.pk, at=NOON + timedelta(days=40)) == 0
    assert list(Requirement.objects.values()) == before


def test_two_courses_keep_apart(patient: Patient) -> None:
    other = UUID("00000000-0000-7000-8000-000000000002")
    place(patient, course(state="completed", ended_on=date(2026, 11, 20)))
    place(patient, course(), other)
    assert {
        (row.subject_id, row.status) for row in Requirement.objects.filter(kind="lft_periodic")
    } == {(other, "open")}


# --- when somebody is told --------------------------------------------------------------------
@time_machine.travel(NOON, tick=False)
def test_told_when_it_becomes_soon_due(patient: Patient) -> None:
    panel(patient, date(2026, 11, 12))
    place(patient, course())
    assert liver(patient).notify_on == date(2026, 12, 3)


@time_machine.travel(NOON, tick=False)
def test_a_day_already_past_is_told_today(patient: Patient) -> None:
    place(patient, course())
    assert liver(patient).notify_on == date(2026, 11, 26)


@time_machine.travel(datetime(2026, 11, 26, 2, tzinfo=UTC), tick=False)
def test_today_is_the_sites(patient: Patient) -> None:
    far = PatientFactory.create(site=SiteFactory.create(time_zone="America/New_York"))
    place(far, course())
    assert liver(far).notify_on == date(2026, 11, 25)


def test_what_is_done_at_the_visit_is_asked_for_there(patient: Patient) -> None:
    place(patient, course())
    row = Requirement.objects.get(kind="bp_predose", cycle="s3")
    assert (row.status, row.notify_on) == ("open", None)


def test_history_taken_over_sends_nothing(patient: Patient) -> None:
    given = (infusion("s1", date(2020, 11, 16)),)
    place(
        patient,
        course(state="completed", ended_on=date(2020, 12, 1), infusions=given, sessions=()),
    )
    # What was owed after the course is still seen to be missing, but it is no news.
    assert Requirement.objects.get(kind="lft_post").status == "open"
    assert set(Requirement.objects.values_list("notify_on")) == {(None,)}
    assert sweep() == 0


@time_machine.travel(NOON, tick=False)
def test_what_is_owed_after_a_course_is_told(patient: Patient) -> None:
    place(patient, course(state="completed", ended_on=date(2026, 11, 19), sessions=()))
    # 14 days after the last infusion, soon a week before.
    row = Requirement.objects.get(kind="lft_post")
    assert (row.next_due_on, row.notify_on) == (date(2026, 12, 3), date(2026, 11, 26))


def test_a_course_does_not_change_its_patient(patient: Patient) -> None:
    place(patient, course())
    with pytest.raises(IntegrityError, match="subject_once"), transaction.atomic():
        place(PatientFactory.create(site=patient.site), course())
