"""Failures that reminders and due dates elsewhere are known for, each held off by a test.

Through the real actions, against real servers. The ledger goes by the database's clock, so what is
sent is sent at a site where it is early afternoon now.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.utils import timezone

from clinic.errors import Refused
from clinic.models import Chair, Patient, Role, User
from clinic.queries import current
from clinic.rules.dates import today_local
from courses.actions.assessments import record_assessment
from courses.actions.courses import pause_course, resume_course, stop_course
from courses.actions.monitoring import patient_changed
from courses.models import Course, Scale
from labs.actions.reminders import sweep, wake
from labs.actions.requirements import Repairs, reconcile, set_subject
from labs.models import Reminder, Requirement, RequirementStatus, Result
from labs.queries import monitoring_status
from labs.rules.exposure import CourseFacts, Infusion
from tests.factories import MembershipFactory, PatientFactory, SiteFactory
from tests.integration.courses import scene
from tests.integration.labs.due_rows import at_once, awake_site, requirement
from tests.integration.labs.lab_results import panel, recorded, result
from tests.mail import Mailbox


def person(**fields: Any) -> Patient:
    """At a site where messages may leave now, with somebody of every role to tell."""
    patient: Patient = PatientFactory.create(site=awake_site(), **fields)
    for role in (Role.COORDINATOR, Role.PRESCRIBER, Role.LEAD):
        MembershipFactory.create(site=patient.site, role=role)
    return patient


def under_treatment(patient: Patient, days_ago: int = 21) -> date:
    """A course that began with one infusion so many days ago; its first day."""
    first = today_local(timezone.now(), patient.site.zone) - timedelta(days=days_ago)
    begun = datetime(first.year, first.month, first.day, 10, tzinfo=UTC)
    facts = CourseFacts(patient.site.zone, "active", planned_start_on=first, planned_count=8)
    given = (Infusion("s1", first, begun, begun + timedelta(minutes=40)),)
    set_subject(
        site_id=patient.site_id,
        patient_id=patient.pk,
        subject_id=uuid4(),
        facts=replace(facts, started_on=first, infusions=given),
    )
    return first


def liver(patient: Patient) -> Requirement:
    return Requirement.objects.get(patient=patient, kind="lft_periodic")


def panel_on(patient: Patient, day: date, **more: Any) -> None:
    moment = datetime(day.year, day.month, day.day, 0, 30, tzinfo=patient.site.zone)
    recorded(
        patient, panel(), identifier=str(day), collected_at=moment, precision="day",
        at=timezone.now(), **more,
    )  # fmt: skip


# --- case 3 -----------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_case_3_a_run_with_nothing_due_sends_nothing(mailbox: Mailbox) -> None:
    """Elsewhere an empty run wrote to everybody."""
    patient = person()
    under_treatment(patient)
    panel_on(patient, today_local(timezone.now(), patient.site.zone))
    Requirement.objects.exclude(kind="lft_periodic").update(status="closed", notify_on=None)
    wake()
    wake()
    assert mailbox.arrived == []
    assert not Reminder.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_case_3_twice_by_two_workers_and_with_the_clock_put_back_it_is_one_message(
    mailbox: Mailbox,
) -> None:
    """Elsewhere a second run, a second worker or the hour in October wrote again."""
    requirement(person())
    at_once(wake, wake, wake, wake)
    wake()
    assert sweep(timezone.now() - timedelta(hours=1)) == 0
    assert sweep(timezone.now() + timedelta(hours=1)) == 0
    wake()
    assert len(mailbox.arrived) == 1


# --- case 4 -----------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_case_4_done_between_planning_and_sending_it_is_not_sent(mailbox: Mailbox) -> None:
    """Elsewhere the message that was planned went although the test had been done."""
    patient = person()
    under_treatment(patient)
    assert sweep() > 0
    waiting = Reminder.objects.get(requirement=liver(patient))
    panel_on(patient, today_local(timezone.now(), patient.site.zone))
    Reminder.objects.exclude(pk=waiting.pk).update(state="cancelled")
    wake()
    waiting.refresh_from_db()
    assert (waiting.state, waiting.state_reason) == ("cancelled", "moved")
    assert mailbox.arrived == []


# --- case 5 -----------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("field", ["deceased_on", "transferred_on", "consent_withdrawn_on"])
def test_case_5_who_is_gone_is_not_written_to_and_has_nothing_overdue(
    mailbox: Mailbox, field: str
) -> None:
    """Elsewhere the dead were reminded of their appointments."""
    patient = person()
    under_treatment(patient)
    assert sweep() > 0
    today = today_local(timezone.now(), patient.site.zone)
    setattr(patient, field, today)
    patient.save()
    patient_changed(patient=patient, by=None)
    wake()
    wake()
    assert mailbox.arrived == []
    assert set(Reminder.objects.values_list("state", flat=True)) == {"cancelled"}
    assert monitoring_status(patient_id=patient.pk, on=today + timedelta(days=400)) == ()
    assert reconcile(site_id=patient.site_id) == Repairs()


@pytest.mark.django_db(transaction=True)
def test_case_5_who_opted_out_is_not_written_to_and_the_coordinator_is(mailbox: Mailbox) -> None:
    """Elsewhere an opt-out counted from the next planning on, or lost the reminder altogether."""
    patient = person()
    requirement(patient)
    assert sweep() == 1
    patient.consents_to_email = False
    patient.save()
    wake()
    wake()
    [[told]] = mailbox.recipients
    assert told != patient.email
    assert sorted(Reminder.objects.values_list("recipient", "state")) == [
        ("coordinator", "accepted"),
        ("patient", "cancelled"),
    ]


# --- case 6 -----------------------------------------------------------------------------------
@pytest.mark.django_db
def test_case_6_overdue_stays_overdue_and_late_is_accepted_as_late() -> None:
    """Elsewhere what was overdue closed itself, or could no longer be entered."""
    patient = person()
    first = under_treatment(patient, days_ago=400)
    today = today_local(timezone.now(), patient.site.zone)
    for day in (today, today + timedelta(days=3650)):
        [status] = [
            one
            for one in monitoring_status(patient_id=patient.pk, on=day)
            if one.kind == "lft_periodic"
        ]
        assert (status.state, status.due_on, status.blocks_dose) == ("overdue", first, True)
        assert status.lateness_days == (day - first).days
    assert reconcile(site_id=patient.site_id) == Repairs()
    assert liver(patient).status == RequirementStatus.OPEN
    panel_on(patient, today)
    row = liver(patient)
    assert (row.last_done_on, row.done_late_days) == (today, 400)
    assert (row.status, row.next_due_on) == ("open", today + timedelta(days=28))


# --- case 7 -----------------------------------------------------------------------------------
@pytest.mark.django_db
def test_case_7_two_laboratories_two_limits_each_result_by_its_own(patient: Patient) -> None:
    """Elsewhere one upper limit was kept for each analyte, and the second laboratory's was lost."""
    for laboratory, limit in (("North Laboratory", 34), ("South Laboratory", 50)):
        recorded(
            patient,
            [result("ALT", "45", upper_limit=Decimal(limit))],
            laboratory=laboratory,
        )
    grades = Result.objects.order_by("upper_limit").values_list("upper_limit", "grade")
    assert [(int(limit), grade) for limit, grade in grades if limit] == [(34, 1), (50, 0)]


# --- case 13 ----------------------------------------------------------------------------------
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("zone", "told_at", "told_not_yet"),
    [
        # 3 December begins in Kiritimati at ten in the morning of the 2nd by UTC ...
        ("Pacific/Kiritimati", (2, 10, 0), (2, 9, 59)),
        # ... in London at midnight, and in Pago Pago at eleven of the 3rd.
        ("Europe/London", (3, 0, 0), (2, 23, 59)),
        ("Pacific/Pago_Pago", (3, 11, 0), (3, 10, 59)),
    ],
)
def test_case_13_due_by_the_sites_own_date(
    zone: str, told_at: tuple[int, int, int], told_not_yet: tuple[int, int, int]
) -> None:
    """Elsewhere the server's date decided, a day off for half of the world."""
    patient = PatientFactory.create(site=SiteFactory.create(time_zone=zone))
    due_on = date(2026, 12, 3)
    requirement(patient, next_due_on=due_on, soon_on=due_on, notify_on=due_on)
    assert sweep(datetime(2026, 12, *told_not_yet, tzinfo=UTC)) == 0
    moment = datetime(2026, 12, *told_at, tzinfo=UTC)
    [status] = monitoring_status(patient_id=patient.pk, on=today_local(moment, patient.site.zone))
    assert (status.state, status.lateness_days) == ("due", 0)
    assert sweep(moment) == 1
    assert Reminder.objects.get().local_date == due_on


# --- case 17 ----------------------------------------------------------------------------------
def answered(patient: Patient, by: User, moment: datetime, **more: Any) -> Any:
    return record_assessment(
        patient=patient, scale=current(Scale, "gad7"), items=(1,) * 7, taken_at=moment, by=by,
        **more,
    )  # fmt: skip


def test_case_17_a_score_belongs_to_the_dose_it_was_taken_for_and_to_no_other(
    course: Course, prescriber: User, chair: Chair, clock: time_machine.Traveller
) -> None:
    """Elsewhere a score was linked to the nearest visit, and a chart told another story."""
    clock.move_to(scene.at(scene.FIRST, 9))
    scene.visit(course, 1, scene.FIRST, chair, prescriber)
    dose = scene.session(course, 1)
    loose = answered(course.patient, prescriber, scene.at(scene.FIRST, 8))
    assert loose.session is None
    bound = answered(course.patient, prescriber, scene.at(scene.FIRST, 9), session=dose)
    assert bound.session == dose
    stranger = PatientFactory.create(site=course.site)
    with pytest.raises(Refused) as refused:
        answered(stranger, prescriber, scene.at(scene.FIRST, 9), session=dose)
    assert (refused.value.code, refused.value.field) == ("other_patient", "session")


# --- what moves a due day, and leaves nothing to mend -------------------------------------------
Move = Callable[[Course, User], object]


@pytest.mark.parametrize(
    ("moves", "status"),
    [
        ((lambda c, by: pause_course(course=c, reason="Holiday", by=by),), {"suspended"}),
        (
            (
                lambda c, by: pause_course(course=c, reason="Holiday", by=by),
                lambda c, by: resume_course(course=c, reason="Back", by=by),
            ),
            {"open"},
        ),
        (
            (lambda c, by: stop_course(course=c, reason="patient_choice", by=by),),
            {"closed"},
        ),
    ],
)
def test_pause_resume_and_stop_move_what_is_due_and_leave_nothing_to_mend(
    course: Course,
    prescriber: User,
    chair: Chair,
    clock: time_machine.Traveller,
    moves: tuple[Move, ...],
    status: set[str],
) -> None:
    clock.move_to(scene.at(scene.FIRST, 10))
    scene.attended(course, 1, scene.FIRST, chair, prescriber)
    clock.move_to(scene.at(scene.FIRST, 14))
    for move in moves:
        move(Course.objects.get(pk=course.pk), prescriber)
    periodic = Requirement.objects.filter(kind__in=("lft_periodic", "gu_periodic"))
    assert set(periodic.values_list("status", flat=True)) == status
    assert reconcile(site_id=course.site_id) == Repairs()
