"""What a site sets moves its own due days, levels, actions and hours, and nobody else's."""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine

from clinic.actions.policies import set_policy
from clinic.celery import app
from clinic.models import Patient, Policy, Site, User
from clinic.queries_policies import under_version
from labs.actions.policies import follow_policies
from labs.actions.reminders import sweep
from labs.actions.requirements import reconcile
from labs.actions.urinary import record_urinary_check
from labs.models import MonitoringSubject, Reminder
from labs.queries_results import liver_history
from labs.rules.requirement_rules import read_requirement
from labs.tasks import follow_policies as task
from tests.factories import PatientFactory, SiteFactory
from tests.integration.labs.course_facts import NOON, course, liver, panel, place
from tests.integration.labs.due_rows import requirement
from tests.integration.labs.lab_results import AT, recorded, result

pytestmark = pytest.mark.django_db
PERIODIC = "requirement:lft_periodic"
DAYS = "acute.period_days"
TODAY = NOON.date()


def put(site: Site, by: User, section: str, values: dict[str, str], **more: Any) -> Policy:
    given: dict[str, Any] = {
        "effective_from": TODAY,
        "reason": "Agreed at the clinical meeting.",
        "base_version": Policy.objects.of_site(site.pk).filter(section=section).count(),
        "at": NOON,
    }
    return set_policy(site=site, by=by, section=section, values=values, **(given | more))


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture
def stranger_patient(other_site: Site) -> Patient:
    person: Patient = PatientFactory.create(site=other_site)
    return person


def test_a_site_that_looks_sooner_is_due_sooner(
    patient: Patient, stranger_patient: Patient, lead: User
) -> None:
    for person in (patient, stranger_patient):
        panel(person, date(2026, 11, 12))
    place(patient, course())
    place(stranger_patient, course(), subject_id=stranger_patient.pk)
    policy = put(patient.site, lead, PERIODIC, {DAYS: "21"})
    assert follow_policies(at=NOON) == 1

    row = liver(patient)
    assert (row.next_due_on, row.policy_version) == (date(2026, 12, 3), 1)
    assert row.why["sentence"] == (
        "21 days or 6 infusions, whichever comes first, after the last one on Thu 12 Nov 2026."
    )
    assert (row.why["source"], row.why["confidence"], row.why["policy_version"]) == (
        "SITE", "site", policy.version,
    )  # fmt: skip
    theirs = liver(stranger_patient)
    assert (theirs.next_due_on, theirs.policy_version) == (date(2026, 12, 10), 0)
    assert theirs.why["source"] == "EXPERT"


def test_following_twice_finds_nothing_and_reconciling_mends_nothing(
    patient: Patient, lead: User
) -> None:
    panel(patient, date(2026, 11, 12))
    place(patient, course())
    put(patient.site, lead, PERIODIC, {DAYS: "21"})
    assert [follow_policies(at=NOON), follow_policies(at=NOON)] == [1, 0]
    found = reconcile(site_id=patient.site_id)
    assert (found.patients, found.requirements, found.faults) == (0, 0, 0)


def test_a_policy_waits_for_its_day_on_the_sites_calendar(patient: Patient, lead: User) -> None:
    panel(patient, date(2026, 11, 12))
    place(patient, course())
    put(patient.site, lead, PERIODIC, {DAYS: "21"}, effective_from=TODAY + timedelta(days=1))
    assert follow_policies(at=NOON) == 0
    # London keeps winter time: its day begins at midnight UTC.
    assert follow_policies(at=datetime(2026, 11, 26, 23, 59, tzinfo=UTC)) == 0
    with time_machine.travel(datetime(2026, 11, 27, 0, 0, tzinfo=UTC), tick=False):
        task()
    assert liver(patient).next_due_on == date(2026, 12, 3)


def test_going_back_to_the_catalogue_moves_the_day_back(patient: Patient, lead: User) -> None:
    panel(patient, date(2026, 11, 12))
    place(patient, course())
    put(patient.site, lead, PERIODIC, {DAYS: "21"})
    follow_policies(at=NOON)
    put(patient.site, lead, PERIODIC, {})
    assert follow_policies(at=NOON) == 1
    row = liver(patient)
    assert (row.next_due_on, row.policy_version) == (date(2026, 12, 10), 2)


def test_what_a_row_was_decided_by_can_be_read_again(patient: Patient, lead: User) -> None:
    panel(patient, date(2026, 11, 12))
    place(patient, course())
    put(patient.site, lead, PERIODIC, {DAYS: "21"})
    follow_policies(at=NOON)
    row = liver(patient)
    put(patient.site, lead, PERIODIC, {DAYS: "35"})
    then = under_version(row.rule, row.site_id, row.policy_version).parsed(read_requirement)
    assert then.clocks["acute"].period_days == 21


def test_broken_facts_of_one_patient_do_not_keep_the_others(
    patient: Patient, lead: User, caplog: pytest.LogCaptureFixture
) -> None:
    other = PatientFactory.create(site=patient.site)
    place(patient, course())
    place(other, course(), subject_id=other.pk)
    MonitoringSubject.objects.filter(patient=other).update(facts={"state": "active"})
    put(patient.site, lead, PERIODIC, {DAYS: "21"})
    with caplog.at_level(logging.ERROR):
        assert follow_policies(at=NOON) == 1
    assert f"Patient {other.pk} cannot be planned: facts_broken" in caplog.text


def test_the_workers_are_told_once_it_is_committed(
    patient: Patient,
    lead: User,
    django_capture_on_commit_callbacks: Any,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with django_capture_on_commit_callbacks() as hooks:
        put(patient.site, lead, "urinary:levels", {"levels.several_symptoms_from": "3"})
        assert hooks == []
    with django_capture_on_commit_callbacks() as hooks:
        put(patient.site, lead, PERIODIC, {DAYS: "21"})
    told: list[str] = []
    monkeypatch.setattr(app, "send_task", told.append)
    [hook] = hooks
    hook()
    assert told == ["labs.tasks.follow_policies"]

    def gone(name: str) -> None:
        raise ConnectionError(name)

    monkeypatch.setattr(app, "send_task", gone)
    with caplog.at_level(logging.WARNING):
        hook()
    assert "The workers could not be told (ConnectionError)" in caplog.text


def test_a_urinary_level_follows_the_sites_own_number(patient: Patient, lead: User) -> None:
    def level() -> tuple[int, int]:
        row = record_urinary_check(
            patient=patient, checked_at=NOON, severities={"urgency": 1, "frequency": 1},
            visible_haematuria=False, retention=False, infection_suspected=False, by=None, at=NOON,
        )  # fmt: skip
        return row.level, row.policy_version

    assert level() == (2, 0)
    put(patient.site, lead, "urinary:levels", {"levels.several_symptoms_from": "3"})
    assert level() == (1, 1)


def test_a_liver_action_follows_the_sites_own_number(patient: Patient, lead: User) -> None:
    put(
        patient.site, lead, "liver:pattern_actions",
        {"actions.repeat_transaminase_above": "2"}, effective_from=AT.date(), at=AT,
    )  # fmt: skip
    recorded(patient, [result("ALT", "85")])
    [point] = liver_history(patient=patient, on=AT.date())
    assert (point.action, point.holds_dose) == ("hold_repeat_7d", True)
    assert point.why["policy_version"] == 1
    assert point.why["source"] == "SITE"
    [before] = liver_history(patient=patient, on=AT.date() - timedelta(days=1))
    assert before.action == "continue_repeat_14d"
    # Grades come from a publication: no site sets them, and version 0 says so.
    stored = patient.results.get()
    assert (stored.grade, stored.policy_version, stored.times_limit) == (1, 0, Decimal("2.5"))
    assert stored.why["sentence"] == "ALT 85 U/L is 2.50 × its upper limit 34: grade 1."


def test_a_sites_own_terms_hold_for_its_own_messages(lead: User, site: Site) -> None:
    early = PatientFactory.create(site=site)
    usual = PatientFactory.create(site=SiteFactory.create(time_zone="Europe/London"))
    put(site, lead, "reminders:steps", {"expiry.days": "5"})
    for person in (early, usual):
        requirement(person, notify_on=TODAY, next_due_on=date(2026, 12, 3))
    assert sweep(NOON) == 2
    lasts = {row.patient_id: row.not_after - NOON for row in Reminder.objects.all()}
    assert lasts == {early.pk: timedelta(days=5), usual.pk: timedelta(days=7)}
