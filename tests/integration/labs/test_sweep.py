"""What falls due is told once, on the site's own day, at a decent hour of its own clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from clinic.models import Role
from labs.actions.reminders import current_terms, sweep
from labs.models import Reminder, Requirement
from labs.queries_policies import default_reminder_policy
from labs.rules.due import window
from labs.rules.reminders import next_step_on, step_on
from labs.sweep import SWEEP, parameters, run_sweep
from tests.factories import MembershipFactory, PatientFactory, SiteFactory
from tests.integration.labs.due_rows import NOON, TODAY, at_once, requirement, told_on

pytestmark = pytest.mark.django_db


def due(zone: str = "Europe/London", notify_on: date = TODAY, **patient: Any) -> Requirement:
    person = PatientFactory.create(site=SiteFactory.create(time_zone=zone), **patient)
    return requirement(person, notify_on=notify_on, next_due_on=date(2026, 12, 3))


def test_one_message_with_everything_that_is_needed_to_send_it() -> None:
    row = due()
    assert sweep(NOON) == 1
    written = Reminder.objects.get()
    assert written.dedup_key == (
        f"req:{row.pk}|due:2026-12-03|rev:0|step:due_soon|chan:email|to:patient"
    )
    assert (written.site, written.patient, written.requirement) == (row.site, row.patient, row)
    assert (written.state, written.step, written.recipient) == ("scheduled", "due_soon", "patient")
    assert written.requirement_due_on == date(2026, 12, 3)
    assert (written.local_date, written.local_time) == (TODAY, time(12))
    assert written.time_zone == "Europe/London"
    assert written.due_at == written.next_at == NOON
    assert written.not_after == NOON + timedelta(days=7)
    assert (written.attempts, written.lease_token, written.provider_ref) == (0, None, "")
    # The next step is the due day itself.
    assert told_on(row) == date(2026, 12, 3)


@pytest.mark.parametrize(
    ("day", "step", "recipient", "next_on"),
    [
        # Due on 3 December, seven days of grace, escalated after two graces.
        (date(2026, 11, 26), "due_soon", "patient", date(2026, 12, 3)),
        (date(2026, 12, 2), "due_soon", "patient", date(2026, 12, 3)),
        (date(2026, 12, 3), "due", "coordinator", date(2026, 12, 11)),
        (date(2026, 12, 10), "due", "coordinator", date(2026, 12, 11)),
        (date(2026, 12, 11), "overdue", "prescriber", date(2026, 12, 18)),
        (date(2026, 12, 17), "overdue", "prescriber", date(2026, 12, 18)),
        (date(2026, 12, 18), "escalated", "lead", None),
        (date(2027, 6, 1), "escalated", "lead", None),
    ],
)
def test_the_ladder(day: date, step: str, recipient: str, next_on: date | None) -> None:
    row = due()
    assert sweep(datetime.combine(day, time(12), UTC)) == 1
    written = Reminder.objects.get()
    assert (written.step, written.recipient) == (step, recipient)
    assert told_on(row) == next_on


def test_every_step_of_the_ladder_is_told_once_on_its_day() -> None:
    due()
    days = [NOON + timedelta(days=n) for n in range(60)]
    written = [day.date() for day in days for _ in range(sweep(day) + sweep(day))]
    assert written == [
        date(2026, 11, 26), date(2026, 12, 3), date(2026, 12, 11), date(2026, 12, 18),
    ]  # fmt: skip


def test_the_statement_and_the_rule_agree_on_every_step() -> None:
    patient = PatientFactory.create(site=SiteFactory.create(time_zone="Europe/London"))
    policy = default_reminder_policy()
    rows = {}
    for number, (ahead, soon, grace) in enumerate(product(range(-40, 12), (0, 2, 7), (0, 1, 7))):
        due_on = TODAY + timedelta(days=ahead)
        dates = window(due_on, soon, grace)
        row = requirement(
            patient, cycle=str(number), next_due_on=due_on, soon_on=dates.soon_on,
            overdue_on=dates.overdue_on, notify_on=max(dates.soon_on, TODAY),
        )  # fmt: skip
        rows[row.pk] = dates
    sweep(NOON)
    told = {one.requirement_id: one.step for one in Reminder.objects.all()}
    for row in Requirement.objects.all():
        dates = rows[row.pk]
        step = step_on(dates, TODAY, policy)
        assert told.get(row.pk, "none") == step
        if step != "none":
            assert row.notify_on == next_step_on(dates, TODAY, policy)


def test_who_may_be_texted_and_not_mailed_is_texted(settings: Settings) -> None:
    settings.SMS_THROUGH = "gateway"
    due(consents_to_email=False, consents_to_sms=True, phone="020 7946 0000")
    sweep(NOON)
    written = Reminder.objects.get()
    assert (written.recipient, written.channel) == ("patient", "sms")
    assert written.dedup_key.endswith("|chan:sms|to:patient")


def test_without_a_carrier_for_text_messages_somebody_else_is_told() -> None:
    due(consents_to_email=False, consents_to_sms=True, phone="020 7946 0000")
    sweep(NOON)
    assert (Reminder.objects.get().recipient, Reminder.objects.get().channel) == (
        "coordinator",
        "email",
    )


def test_a_site_names_its_own_recipients_and_the_first_who_is_there_is_told() -> None:
    row = due()
    MembershipFactory.create(site=row.site, role=Role.LEAD)
    MembershipFactory.create(site=row.site, role=Role.PRESCRIBER, is_active=False)
    terms = current_terms(NOON)
    ladder = {**terms.default.recipients, "due_soon": ("prescriber", "lead", "patient")}
    own = replace(terms.default, recipients=ladder)
    assert run_sweep(lambda: replace(terms, by_site={row.site_id: own}), NOON) == 1
    assert Reminder.objects.get().recipient == "lead"


def test_a_step_is_not_told_again_another_way() -> None:
    row = due()
    sweep(NOON)
    Requirement.objects.update(notify_on=TODAY)
    row.patient.consents_to_email = False
    row.patient.save()
    assert sweep(NOON) == 0
    # Unless the first message was called off.
    Reminder.objects.update(state="cancelled")
    Requirement.objects.update(notify_on=TODAY)
    assert sweep(NOON) == 1
    assert [one.recipient for one in Reminder.objects.order_by("created_at")] == [
        "patient",
        "coordinator",
    ]


def test_a_second_sweep_finds_nothing() -> None:
    due()
    assert [sweep(NOON), sweep(NOON), sweep(NOON - timedelta(hours=1))] == [1, 0, 0]
    assert Reminder.objects.count() == 1


def test_nothing_due_is_nothing_written() -> None:
    assert sweep(NOON) == 0
    row = due(notify_on=TODAY + timedelta(days=1))
    assert sweep(NOON) == 0
    assert told_on(row) == date(2026, 11, 27)


def test_a_look_two_questions_about_terms_and_one_statement_for_any_number() -> None:
    with CaptureQueriesContext(connection) as seen:
        sweep(NOON)
    assert len(seen) == 1
    for _ in range(5):
        due()
    with CaptureQueriesContext(connection) as seen:
        assert sweep(NOON) == 5
    assert len(seen) == 4


def test_the_index_is_used_when_few_of_many_are_due() -> None:
    row = due()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO labs_requirement SELECT (r).* FROM (SELECT jsonb_populate_record(r,"
            " jsonb_build_object('id', gen_random_uuid(), 'cycle', n, 'notify_on',"
            " date '2027-01-01' + n %% 100)) AS r FROM labs_requirement r,"
            " generate_series(1, 4000) n WHERE r.id = %s) copies",
            [row.pk],
        )
        cursor.execute("ANALYZE labs_requirement")
        cursor.execute("EXPLAIN " + SWEEP, parameters(current_terms(), NOON))
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "requirement_to_notify" in plan
    assert "Seq Scan on labs_requirement" not in plan


@pytest.mark.parametrize(
    ("zone", "at", "written"),
    [
        # 26 November begins in Kiritimati (UTC+14) at 10:00 UTC on the 25th ...
        ("Pacific/Kiritimati", datetime(2026, 11, 25, 9, 59, tzinfo=UTC), 0),
        ("Pacific/Kiritimati", datetime(2026, 11, 25, 10, tzinfo=UTC), 1),
        # ... and in Pago Pago (UTC-11) at 11:00 UTC on the 26th.
        ("Pacific/Pago_Pago", datetime(2026, 11, 26, 10, 59, tzinfo=UTC), 0),
        ("Pacific/Pago_Pago", datetime(2026, 11, 26, 11, tzinfo=UTC), 1),
    ],
)
def test_the_day_is_the_sites_own(zone: str, at: datetime, written: int) -> None:
    due(zone)
    assert sweep(at) == written


@pytest.mark.parametrize(
    ("at", "local_date", "local_time", "due_at"),
    [
        # New York is five hours behind UTC in November; decent is 09:00 to 19:00.
        ((26, 5, 30), date(2026, 11, 26), time(9), (26, 14, 0)),
        ((26, 13, 59), date(2026, 11, 26), time(9), (26, 14, 0)),
        ((26, 14, 0), date(2026, 11, 26), time(9), (26, 14, 0)),
        ((26, 23, 59), date(2026, 11, 26), time(18, 59), (26, 23, 59)),
        ((27, 0, 0), date(2026, 11, 27), time(9), (27, 14, 0)),
        ((27, 4, 59), date(2026, 11, 27), time(9), (27, 14, 0)),
    ],
)
def test_it_leaves_at_a_decent_hour(
    at: tuple[int, int, int], local_date: date, local_time: time, due_at: tuple[int, int, int]
) -> None:
    due("America/New_York")
    assert sweep(datetime(2026, 11, *at, tzinfo=UTC)) == 1
    written = Reminder.objects.get()
    assert (written.local_date, written.local_time) == (local_date, local_time)
    assert written.due_at == datetime(2026, 11, *due_at, tzinfo=UTC)


def test_the_morning_after_a_clock_change_is_nine_by_the_new_clock() -> None:
    # London goes back on 25 October 2026: 09:00 there is 08:00 UTC on the 24th, 09:00 on the 25th.
    due(notify_on=date(2026, 10, 24))
    sweep(datetime(2026, 10, 24, 20, tzinfo=UTC))
    assert Reminder.objects.get().due_at == datetime(2026, 10, 25, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("patient", "recipient"),
    [
        ({}, "patient"),
        ({"consents_to_email": False}, "coordinator"),
        ({"consents_to_email": False, "email": ""}, "coordinator"),
        ({"deceased_on": date(2026, 11, 1)}, "coordinator"),
        ({"transferred_on": date(2026, 11, 1)}, "coordinator"),
        ({"consent_withdrawn_on": date(2026, 11, 1)}, "coordinator"),
    ],
)
def test_who_may_not_be_written_to_is_not(patient: dict[str, Any], recipient: str) -> None:
    due(**patient)
    sweep(NOON)
    assert Reminder.objects.get().recipient == recipient


def test_the_key_holds_for_ever_whatever_became_of_the_message() -> None:
    row = due()
    sweep(NOON)
    Reminder.objects.update(state="cancelled")
    Requirement.objects.update(notify_on=TODAY)
    assert sweep(NOON) == 0
    Requirement.objects.update(notify_on=TODAY, revision=1)
    assert sweep(NOON) == 1
    assert Reminder.objects.filter(requirement=row).count() == 2


def test_telling_leaves_no_trace_in_the_history_of_the_requirement() -> None:
    row = due()
    sweep(NOON)
    assert row.events.count() == 1  # type: ignore[attr-defined]


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_write_every_message_once() -> None:
    site = SiteFactory.create()
    for _ in range(40):
        requirement(PatientFactory.create(site=site), notify_on=TODAY)
    written = at_once(*[lambda: sweep(NOON)] * 4)
    # What one skips because the other holds it, the other writes.
    assert sum(written) + sweep(NOON) == 40
    assert Reminder.objects.count() == 40
