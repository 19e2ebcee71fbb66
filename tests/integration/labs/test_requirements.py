"""Due days follow from facts, move with them, and take the messages about them along."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone

from clinic.models import Patient
from clinic.queries import current
from labs.actions.reminders import sweep, wake
from labs.actions.requirements import Repairs, reconcile, replan, set_subject
from labs.facts import as_json, from_json
from labs.models import (
    LabRule,
    MonitoringSubject,
    Reminder,
    Report,
    Requirement,
    RequirementRule,
    Result,
    UrinaryCheck,
)
from labs.rules.exposure import Completion, CourseFacts, Infusion, PlannedSession
from tests.factories import PatientFactory, ReportFactory, SiteFactory
from tests.integration.labs.due_rows import at_once, awake_site
from tests.mail import Mailbox

pytestmark = pytest.mark.django_db
LONDON = ZoneInfo("Europe/London")
COURSE = UUID("00000000-0000-7000-8000-000000000001")
NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)


def infusion(session: str, day: date, **fields: Any) -> Infusion:
    started = datetime(day.year, day.month, day.day, 10, tzinfo=UTC)
    return Infusion(session, day, started, started + timedelta(minutes=40), **fields)


def course(**fields: Any) -> CourseFacts:
    """Active; infusions on 16 and 19 November 2026, the next on 23 and 26."""
    facts = CourseFacts(
        zone=LONDON,
        state="active",
        planned_start_on=date(2026, 11, 16),
        planned_count=6,
        started_on=date(2026, 11, 16),
        infusions=(
            infusion("s1", date(2026, 11, 16)),
            infusion("s2", date(2026, 11, 19)),
        ),
        sessions=(
            PlannedSession("s3", date(2026, 11, 23)),
            PlannedSession("s4", date(2026, 11, 26)),
        ),
    )
    return replace(facts, **fields)


def place(patient: Patient, facts: CourseFacts, subject_id: UUID = COURSE) -> int:
    return set_subject(
        site_id=patient.site_id, patient_id=patient.pk, subject_id=subject_id, facts=facts
    )


def liver(patient: Patient) -> Requirement:
    return Requirement.objects.get(patient=patient, kind="lft_periodic")


def panel(patient: Patient, day: date, **fields: Any) -> Report:
    at = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
    report: Report = ReportFactory.create(
        patient=patient, collected_at=at, collected_on=day, **fields
    )
    return report


def check(patient: Patient, day: date, level: int = 0, **fields: Any) -> UrinaryCheck:
    return UrinaryCheck.objects.create(
        site=patient.site, patient=patient, checked_on=day, level=level,
        checked_at=datetime(day.year, day.month, day.day, 9, tzinfo=UTC),
        rule=current(LabRule, "levels"), **fields,
    )  # fmt: skip


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
