"""A task is asked for once, and closed by a person who says what came of it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from clinic.errors import Conflict, Invalid
from clinic.models import AuditEvent, Patient, User
from labs.actions.tasks import open_task, resolve_task
from labs.models import Task
from tests.factories import TaskFactory

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 26, 12, tzinfo=UTC)


def ask(patient: Patient, **fields: object) -> Task:
    what = {
        "site_id": patient.site_id,
        "patient_id": patient.pk,
        "kind": "safety_answer",
        "role": "prescriber",
        "title": "Safety answer to review",
        "due_at": AT,
        "dedup_key": "assessment:1",
        "subject_id": patient.pk,
    }
    return open_task(**what | fields)  # type: ignore[arg-type]


def test_asked_twice_is_one_task(patient: Patient) -> None:
    first = ask(patient, is_urgent=True)
    again = ask(patient, title="Something else")
    assert again == first
    assert Task.objects.get().title == "Safety answer to review"
    assert Task.objects.get().is_urgent is True
    assert list(AuditEvent.objects.values_list("event", "actor_label")) == [
        ("task.opened", "Daybreak")
    ]


def test_the_same_key_at_two_sites_is_two_tasks(patient: Patient, other_site: object) -> None:
    ask(patient)
    ask(patient, site_id=other_site.pk, patient_id=None)  # type: ignore[attr-defined]
    assert Task.objects.count() == 2


def test_what_is_done_is_not_asked_again(patient: Patient, prescriber: User) -> None:
    task = ask(patient)
    resolve_task(task=task, by=prescriber, outcome="Rang them", at=AT)
    assert ask(patient).status == "done"


def test_resolving_says_who_when_and_what(patient: Patient, prescriber: User) -> None:
    done = resolve_task(
        task=TaskFactory.create(patient=patient), by=prescriber, outcome=" Safe ", at=AT
    )
    done.refresh_from_db()
    assert (done.status, done.done_at, done.done_by, done.outcome) == (
        "done", AT, prescriber, "Safe",
    )  # fmt: skip
    assert AuditEvent.objects.get(event="task.done").actor == prescriber


def test_without_words_it_stays_open(patient: Patient, prescriber: User) -> None:
    task = TaskFactory.create(patient=patient)
    with pytest.raises(Invalid) as refusal:
        resolve_task(task=task, by=prescriber, outcome="  ")
    assert (refusal.value.code, refusal.value.field) == ("outcome_missing", "outcome")
    task.refresh_from_db()
    assert task.status == "open"


def test_the_second_to_close_it_is_told_who_was_first(
    patient: Patient, prescriber: User, lead: User
) -> None:
    task = TaskFactory.create(patient=patient)
    resolve_task(task=task, by=prescriber, outcome="Rang them")
    with pytest.raises(Conflict) as refusal:
        resolve_task(task=task, by=lead, outcome="Me too")
    assert refusal.value.code == "already_done"
    assert "Petra Prescriber" in refusal.value.message
    assert Task.objects.get(pk=task.pk).outcome == "Rang them"
