"""Due days move with their facts and take the messages about them along."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest
import time_machine
from django.utils import timezone

from clinic.models import Patient, Role
from clinic.queries import current
from labs.actions.reminders import sweep, wake
from labs.actions.requirements import Repairs, reconcile, replan
from labs.models import (
    MonitoringSubject,
    Reminder,
    Report,
    Requirement,
    RequirementRule,
)
from labs.rules.exposure import PlannedSession
from tests.factories import MembershipFactory, PatientFactory
from tests.integration.labs.course_facts import (
    NOON,
    course,
    infusion,
    liver,
    panel,
    place,
)
from tests.integration.labs.due_rows import at_once, awake_site
from tests.mail import Mailbox

pytestmark = pytest.mark.django_db


# --- what moves -------------------------------------------------------------------------------
@time_machine.travel(NOON, tick=False)
def test_a_later_panel_calls_off_the_message_about_the_earlier_day(patient: Patient) -> None:
    place(patient, course())
    sweep(NOON)
    about = Reminder.objects.filter(requirement=liver(patient))
    assert about.get().state == "scheduled"
    panel(patient, date(2026, 11, 25))
    replan(patient_id=patient.pk)
    row = liver(patient)
    assert (row.next_due_on, row.notify_on, row.revision) == (
        date(2026, 12, 23), date(2026, 12, 16), 0,
    )  # fmt: skip
    assert (about.get().state, about.get().state_reason) == ("cancelled", "moved")
    assert about.get().ended_at == NOON


@time_machine.travel(NOON, tick=False)
def test_a_withdrawn_panel_moves_the_day_back_and_tells_anew(patient: Patient) -> None:
    place(patient, course())
    sweep(NOON)
    report = panel(patient, date(2026, 11, 25))
    replan(patient_id=patient.pk)
    Report.objects.filter(pk=report.pk).update(status="entered_in_error")
    assert replan(patient_id=patient.pk) > 0
    row = liver(patient)
    assert (row.next_due_on, row.revision, row.last_done_on) == (date(2026, 11, 16), 1, None)
    assert row.notify_on == date(2026, 11, 26)
    sweep(NOON)
    about = Reminder.objects.filter(requirement=row).order_by("created_at")
    assert [(one.state, "|rev:1|" in one.dedup_key) for one in about] == [
        ("cancelled", False),
        ("scheduled", True),
    ]


@time_machine.travel(NOON, tick=False)
def test_a_baseline_whose_panel_is_withdrawn_is_open_again(patient: Patient) -> None:
    planned = course(state="planned", infusions=(), started_on=None)
    report = panel(patient, date(2026, 11, 12))
    place(patient, planned)
    baseline = Requirement.objects.get(kind="lft_baseline")
    assert (baseline.status, baseline.last_done_on) == ("closed", date(2026, 11, 12))
    Report.objects.filter(pk=report.pk).update(status="entered_in_error")
    replan(patient_id=patient.pk)
    baseline.refresh_from_db()
    assert (baseline.status, baseline.last_done_on, baseline.revision) == ("open", None, 1)
    assert baseline.notify_on == date(2026, 11, 26)


@time_machine.travel(NOON, tick=False)
def test_a_pause_suspends_and_a_resume_tells_what_was_called_off(patient: Patient) -> None:
    place(patient, course())
    sweep(NOON)
    place(patient, course(state="paused"))
    row = liver(patient)
    assert (row.status, row.notify_on, row.next_due_on) == ("suspended", None, date(2026, 11, 16))
    assert Reminder.objects.get(requirement=row).state_reason == "suspended"
    place(patient, course())
    row = liver(patient)
    assert (row.status, row.revision, row.notify_on) == ("open", 1, date(2026, 11, 26))


@time_machine.travel(NOON, tick=False)
def test_a_pause_after_the_message_left_does_not_send_it_again(patient: Patient) -> None:
    place(patient, course())
    sweep(NOON)
    Reminder.objects.update(state="accepted", provider_ref="x")
    place(patient, course(state="paused"))
    place(patient, course())
    row = liver(patient)
    assert (row.status, row.revision, row.notify_on) == ("open", 0, None)


@pytest.mark.parametrize(
    "change",
    [
        {"deceased_on": date(2026, 11, 25)},
        {"transferred_on": date(2026, 11, 25)},
        {"consent_withdrawn_on": date(2026, 11, 25)},
    ],
)
@time_machine.travel(NOON, tick=False)
def test_death_transfer_and_withdrawal_close_everything(
    patient: Patient, change: dict[str, date]
) -> None:
    place(patient, course())
    sweep(NOON)
    Patient.objects.filter(pk=patient.pk).update(**change)
    replan(patient_id=patient.pk)
    assert set(Requirement.objects.values_list("status", "notify_on")) == {("closed", None)}
    assert set(Reminder.objects.values_list("state", "state_reason")) == {("cancelled", "closed")}
    assert liver(patient).next_due_on == date(2026, 11, 16)


@time_machine.travel(NOON, tick=False)
def test_a_row_that_no_longer_follows_is_closed(patient: Patient) -> None:
    place(patient, course())
    place(patient, course(sessions=(PlannedSession("s9", date(2026, 12, 1)),)))
    gone = Requirement.objects.get(kind="bp_predose", cycle="s3")
    new = Requirement.objects.get(kind="bp_predose", cycle="s9")
    assert (gone.status, gone.next_due_on) == ("closed", date(2026, 11, 23))
    assert (new.status, new.next_due_on) == ("open", date(2026, 12, 1))


@pytest.mark.django_db(transaction=True)
def test_a_correction_that_moves_the_day_back_is_told_anew(mailbox: Mailbox) -> None:
    patient = PatientFactory.create(site=awake_site())
    # Overdue for so long that the lead is told.
    MembershipFactory.create(site=patient.site, role=Role.LEAD)
    today = timezone.now().astimezone(patient.site.zone).date()
    start = today - timedelta(days=30)
    only_liver = frozenset(
        {"gu_periodic", "gu_baseline", "lft_baseline", "pregnancy", "uds", "weight", "scale_weekly"}
    )
    facts = course(
        started_on=start, planned_start_on=start, sessions=(), not_required=only_liver,
        infusions=(replace(infusion("s1", start), ended_at=None),),
    )  # fmt: skip
    place(patient, facts)
    wake()
    assert len(mailbox.arrived) == 1
    report = panel(patient, today)
    replan(patient_id=patient.pk)
    wake()
    assert len(mailbox.arrived) == 1
    Report.objects.filter(pk=report.pk).update(status="entered_in_error")
    replan(patient_id=patient.pk)
    wake()
    wake()
    assert len(mailbox.arrived) == 2


@time_machine.travel(NOON, tick=False)
def test_a_change_that_moves_no_day_leaves_the_message_alone(patient: Patient) -> None:
    place(patient, course(state="planned"))
    sweep(NOON)
    assert place(patient, course()) > 0
    row = liver(patient)
    assert (row.subject_state, row.notify_on, row.revision) == ("active", None, 0)
    assert Reminder.objects.get(requirement=row).state == "scheduled"


@time_machine.travel(NOON, tick=False)
def test_a_longer_notice_moves_the_message_but_not_the_revision(patient: Patient) -> None:
    panel(patient, date(2026, 11, 12))
    place(patient, course())
    old = current(RequirementRule, "lft_periodic")
    content = old.content | {"window": old.content["window"] | {"soon_days": {"value": "10"}}}
    RequirementRule.objects.create(
        code=old.code, version=old.version + 1, title=old.title, content=content,
        released_on=old.released_on, sha256="0" * 64,
    )  # fmt: skip
    assert replan(patient_id=patient.pk) == 1
    row = liver(patient)
    assert (row.rule.version, row.notify_on, row.revision) == (
        old.version + 1, date(2026, 11, 30), 0,
    )  # fmt: skip


# --- the full recomputation -------------------------------------------------------------------
def test_reconciling_finds_nothing_to_mend(patient: Patient) -> None:
    place(patient, course())
    sweep()
    assert reconcile(site_id=patient.site_id) == Repairs()


def test_reconciling_mends_what_a_forgotten_plan_left(patient: Patient) -> None:
    place(patient, course())
    sweep()
    panel(patient, timezone.now().date())
    repairs = reconcile(site_id=patient.site_id)
    assert (repairs.patients, repairs.faults) == (1, 0)
    assert repairs.requirements >= 1
    assert reconcile(site_id=patient.site_id) == Repairs()


def test_reconciling_calls_off_what_lost_its_point(patient: Patient) -> None:
    place(patient, course())
    sweep()
    row = Reminder.objects.filter(requirement=liver(patient)).get()
    Reminder.objects.filter(pk=row.pk).update(requirement_due_on=date(2020, 1, 1), dedup_key="old")
    assert reconcile(site_id=patient.site_id) == Repairs(reminders=1)
    row.refresh_from_db()
    assert (row.state, row.state_reason) == ("cancelled", "moved")


def test_one_patients_broken_facts_do_not_keep_the_others_waiting(patient: Patient) -> None:
    other = PatientFactory.create(site=patient.site)
    place(patient, course())
    place(other, course(), UUID(int=2))
    MonitoringSubject.objects.filter(patient=patient).update(facts={"state": "active"})
    panel(other, date(2026, 11, 25))
    repairs = reconcile(site_id=patient.site_id)
    assert (repairs.patients, repairs.faults) == (1, 1)
    assert liver(other).last_done_on == date(2026, 11, 25)


@pytest.mark.django_db(transaction=True)
def test_two_writers_of_one_patient_take_turns() -> None:
    patient = PatientFactory.create()
    answers = at_once(
        *[lambda: place(patient, course())] * 2, *[lambda: replan(patient_id=patient.pk)] * 2
    )
    assert all(isinstance(answer, int) for answer in answers), answers
    assert Requirement.objects.filter(kind="lft_periodic").count() == 1
    assert reconcile(site_id=patient.site_id) == Repairs()
