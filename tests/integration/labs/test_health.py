"""Each check, green and red, by rows that are really there; and what a monitor is answered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pgtrigger
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.fixtures import Settings

from clinic.models import User
from labs.actions.reminder_tasks import open_reminder_task
from labs.actions.tasks import resolve_task
from labs.actions.watch import beat
from labs.models import Heartbeat, Reminder, ReminderState, Requirement, Task
from labs.queries_health import Check, health
from tests.factories import PatientFactory, SiteFactory
from tests.integration.labs.due_rows import again, awake_site, reminder, requirement

pytestmark = pytest.mark.django_db
committed = pytest.mark.django_db(transaction=True)
AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
NAMES = [
    "late", "unwritten", "hold", "dead", "in_doubt", "expired", "bounced", "without_task",
    "repairs", "worker", "loop", "triggers",
]  # fmt: skip


@pytest.fixture
def well() -> None:
    """Everybody was at work a moment ago, and there was nothing to mend."""
    beat("worker")
    beat("loop")
    beat("reconcile", patients=0, requirements=0, reminders=0, faults=0, stale_facts=0, seconds=1)


def check(name: str, at: datetime | None = None) -> Check:
    return next(one for one in health(at).checks if one.name == name)


def red() -> list[str]:
    return [one.name for one in health().checks if not one.ok]


def ago(minutes: float) -> datetime:
    return timezone.now() - timedelta(minutes=minutes)


def ended(state: str) -> Reminder:
    """A reminder that ended badly, with its task."""
    row = reminder()
    open_reminder_task(row.pk, row.site_id, row.patient_id, state)
    Reminder.objects.filter(pk=row.pk).update(state=state, ended_at=timezone.now())
    return again(row)


def test_all_is_well(well: None) -> None:
    reminder()
    with CaptureQueriesContext(connection) as asked:
        found = health()
    assert [one.name for one in found.checks] == NAMES
    assert found.ok
    assert red() == []
    assert len(asked) <= 6


def test_with_nothing_ever_run_the_parts_are_silent() -> None:
    assert red() == ["repairs", "worker", "loop"]
    assert check("worker") == Check(
        "worker", False, None, "The Celery worker has never run. Nobody else sends reminders."
    )
    assert check("repairs").sentence == "The full recomputation of due dates has never run."


@pytest.mark.parametrize(("minutes", "is_well"), [(44, True), (46, False)])
def test_the_first_recomputation_is_given_its_time(minutes: int, is_well: bool) -> None:
    beat("loop")
    Heartbeat.objects.update(created_at=ago(minutes))
    found = check("repairs")
    assert found.ok is is_well
    assert ("still to come" in found.sentence) is is_well


@pytest.mark.parametrize(("seconds", "is_late"), [(600, False), (601, True)])
def test_a_reminder_that_should_have_left(well: None, seconds: int, is_late: bool) -> None:
    row = reminder()
    Reminder.objects.filter(pk=row.pk).update(next_at=AT - timedelta(seconds=seconds))
    assert check("late", AT).ok is not is_late
    assert check("late", AT).figure == int(is_late)


def test_one_that_waits_for_the_morning_is_not_late(well: None) -> None:
    row = reminder()
    tomorrow = timezone.now() + timedelta(hours=14)
    Reminder.objects.filter(pk=row.pk).update(due_at=ago(60), next_at=tomorrow)
    assert red() == []


def test_one_that_is_refused_again_and_again_is_late_while_it_waits_for_its_next_try(
    well: None,
) -> None:
    row = reminder()
    soon = timezone.now() + timedelta(minutes=15)
    Reminder.objects.filter(pk=row.pk).update(due_at=ago(11), next_at=soon, attempts=3)
    assert red() == ["late"]
    Reminder.objects.filter(pk=row.pk).update(due_at=ago(9))
    assert red() == []


@pytest.mark.parametrize("state", ["leased", "sending"])
def test_one_that_nobody_takes_back_is_late(well: None, state: str) -> None:
    row = reminder()
    held: dict[str, Any] = {"state": state, "lease_token": row.pk, "due_at": ago(60)}
    Reminder.objects.filter(pk=row.pk).update(lease_until=ago(9), **held)
    assert red() == []
    Reminder.objects.filter(pk=row.pk).update(lease_until=ago(11))
    assert red() == ["late"]
    assert check("late").sentence == "1 reminders should have left more than 10 minutes ago."


def test_a_due_date_that_nobody_swept(well: None) -> None:
    row = requirement(PatientFactory.create(site=awake_site()))
    assert red() == []
    Requirement.objects.filter(pk=row.pk).update(updated_at=ago(11))
    assert red() == ["unwritten"]
    tomorrow = timezone.now().date() + timedelta(days=2)
    Requirement.objects.filter(pk=row.pk).update(notify_on=tomorrow)
    assert red() == []


def test_the_day_begins_at_the_sites_midnight(well: None) -> None:
    """In Auckland 23 November begins at 11:00 UTC on the 22nd."""
    site = SiteFactory.create(time_zone="Pacific/Auckland")
    row = requirement(PatientFactory.create(site=site), notify_on=date(2026, 11, 23))
    Requirement.objects.filter(pk=row.pk).update(updated_at=datetime(2026, 11, 1, tzinfo=UTC))
    assert check("unwritten", datetime(2026, 11, 22, 11, 9, tzinfo=UTC)).figure == 0
    assert check("unwritten", datetime(2026, 11, 22, 11, 11, tzinfo=UTC)).figure == 1


@pytest.mark.parametrize("state", ["dead", "in_doubt", "expired", "bounced"])
def test_a_bad_end_is_red_until_somebody_has_seen_to_it(
    well: None, state: str, prescriber: User
) -> None:
    row = ended(state)
    assert red() == [state]
    assert check(state).figure == 1
    task = Task.objects.get(dedup_key=f"reminder:{row.pk}|{state}")
    resolve_task(task=task, by=prescriber, outcome="Rang them.")
    assert red() == []


@committed
def test_a_bad_end_without_a_task_is_red(well: None) -> None:
    row = reminder()
    with pgtrigger.ignore("labs.Reminder:bad_end_has_a_task"):
        Reminder.objects.filter(pk=row.pk).update(state=ReminderState.DEAD, ended_at=ago(0))
    assert red() == ["without_task"]
    assert check("without_task").figure == 1


@pytest.mark.parametrize(
    ("name", "figure"),
    [("requirements", 2), ("reminders", 1), ("faults", 3), ("stale_facts", 1)],
)
def test_what_had_to_be_mended_is_red(well: None, name: str, figure: int) -> None:
    beat("reconcile", patients=1, **{name: figure})
    assert red() == ["repairs"]
    assert check("repairs").figure == figure


def silent(name: str, seconds: int) -> Check:
    """What is said of it so long after its last sign of life, while the others are at work."""
    Heartbeat.objects.update(at=AT)
    Heartbeat.objects.filter(name=name).update(at=AT - timedelta(seconds=seconds))
    return check("repairs" if name == "reconcile" else name, AT)


def test_a_recomputation_that_does_not_come_is_red(well: None) -> None:
    assert silent("reconcile", 2700).ok
    late = silent("reconcile", 2701)
    assert not late.ok
    assert late.sentence == "The full recomputation of due dates last ran 45 minutes ago."


@pytest.mark.parametrize(("seconds", "is_ok"), [(120, True), (121, False)])
@pytest.mark.parametrize("name", ["worker", "loop"])
def test_a_silent_sender_is_red(well: None, name: str, seconds: int, is_ok: bool) -> None:
    said = silent(name, seconds)
    assert (said.ok, said.figure) == (is_ok, seconds)


def test_it_is_said_whether_reminders_still_flow(well: None) -> None:
    assert silent("worker", 430).sentence == (
        "The Celery worker last ran 7 minutes ago. The dispatch loop still sends reminders."
    )
    Heartbeat.objects.update(at=AT - timedelta(seconds=310))
    assert check("loop", AT).sentence == (
        "The dispatch loop last ran 5 minutes ago. Nobody else sends reminders."
    )


@pytest.fixture
def alter() -> Iterator[Callable[[str, str], None]]:
    """Switch a trigger off and on again at the end."""
    off: list[tuple[str, str]] = []

    def switch(table: str, trigger: str) -> None:
        off.append((table, trigger))
        _alter(table, "DISABLE", trigger)

    yield switch
    for table, trigger in off:
        _alter(table, "ENABLE", trigger)


def _alter(table: str, what: str, trigger: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND tgname LIKE %s",
            [table, f"pgtrigger_{trigger}_%"],
        )
        [(name,)] = cursor.fetchall()
        cursor.execute(f"ALTER TABLE {table} {what} TRIGGER {name}")


@pytest.mark.parametrize(
    ("table", "trigger"),
    [
        ("labs_reminder", "bad_end_has_a_task"),
        ("labs_reminder", "never_deleted"),
        ("labs_reminderattempt", "never_deleted"),
        ("labs_requirement", "insert_insert"),
        ("labs_requirement", "update_update"),
    ],
)
def test_a_guard_that_is_switched_off_is_red(
    well: None, alter: Callable[[str, str], None], table: str, trigger: str
) -> None:
    alter(table, trigger)
    assert red() == ["triggers"]
    assert check("triggers").figure == 1


def test_holding_back_is_red(well: None, settings: Settings, tmp_path: Path) -> None:
    settings.RESTORE_HOLD_FILE = tmp_path / "hold"
    assert check("hold") == Check("hold", True, 0, "Reminders may leave.")
    settings.RESTORE_HOLD = True
    assert red() == ["hold"]
    assert check("hold").sentence == "Held on request, as after a restore."
