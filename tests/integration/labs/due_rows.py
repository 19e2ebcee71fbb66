"""Requirements and reminders as the tests of the ledger need them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection, connections
from django.utils import timezone

from clinic.models import Patient, Site
from clinic.queries import current
from labs.actions.reminders import sweep
from labs.actions.watch import beat
from labs.delivery.channels import Providers
from labs.delivery.port import Message, Outcome, Provider, Verdict
from labs.models import Reminder, Requirement, RequirementRule, Task
from tests.factories import PatientFactory, SiteFactory

# Thursday; London is on winter time, so that wall clock and UTC agree there.
NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
TODAY = NOON.date()


def zone_where_it_is(hour: int) -> str:
    """A zone in whose wall clock it is now between `hour` and an hour later (0 to 23)."""
    ahead = (hour - datetime.now(UTC).hour + 10) % 24 - 10
    return f"Etc/GMT{-ahead:+d}"


def awake_site(**fields: Any) -> Site:
    """A site at which it is now early afternoon, so that messages may leave."""
    site: Site = SiteFactory.create(time_zone=zone_where_it_is(13), **fields)
    return site


def requirement(patient: Patient | None = None, **fields: Any) -> Requirement:
    """An open liver requirement, due in a week and to be told today, by the site's calendar."""
    patient = patient or PatientFactory.create(site=awake_site())
    assert patient is not None
    today = timezone.now().astimezone(ZoneInfo(patient.site.time_zone)).date()
    due_on = fields.pop("next_due_on", today + timedelta(days=7))
    values: dict[str, Any] = {
        "kind": "lft_periodic",
        "rule": current(RequirementRule, "lft_periodic"),
        "subject_id": patient.pk,
        "subject_state": "active",
        "status": "open",
        "next_due_on": due_on,
        "soon_on": due_on - timedelta(days=7),
        "overdue_on": due_on + timedelta(days=8),
        "notify_on": today,
        "blocks_when": "overdue",
    }
    return Requirement.objects.create(site=patient.site, patient=patient, **values | fields)


def reminder(patient: Patient | None = None, **fields: Any) -> Reminder:
    """One message about a requirement, written by the sweep."""
    row = requirement(patient, **fields)
    assert sweep() == 1
    return Reminder.objects.get(requirement=row)


def told_on(row: Requirement) -> date | None:
    row.refresh_from_db()
    return row.notify_on


def at_once(*jobs: Callable[[], Any]) -> list[Any]:
    """Run the jobs at the same moment, each on a connection of its own; their answers in order."""
    ready = threading.Barrier(len(jobs))
    answers: list[Any] = [None] * len(jobs)

    def run(number: int, job: Callable[[], Any]) -> None:
        try:
            connection.ensure_connection()
            ready.wait(timeout=10)
            answers[number] = job()
        except Exception as fault:  # the test looks at what came back, also when that is a fault
            answers[number] = fault
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return answers


def lease_ran_out(row: Reminder) -> None:
    """What the clock does to the lease of a sender that was killed."""
    Reminder.objects.filter(pk=row.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


@dataclass
class Carrier:
    """A provider that answers as it is told and remembers what it was given."""

    answer: Outcome = field(default_factory=lambda: Outcome(Verdict.ACCEPTED, ref="ref-1"))
    keyed: bool = False
    name: str = "carrier"
    given: list[Message] = field(default_factory=list)
    closed: int = 0

    def send(self, message: Message) -> Outcome:
        self.given.append(message)
        return self.answer

    def close(self) -> None:
        self.closed += 1


def again(row: Reminder) -> Reminder:
    return Reminder.objects.get(pk=row.pk)


def make_due(row: Reminder) -> None:
    Reminder.objects.filter(pk=row.pk).update(next_at=timezone.now() - timedelta(seconds=1))


def the_task(row: Reminder, state: str) -> Task:
    task = Task.objects.get(dedup_key=f"reminder:{row.pk}|{state}")
    assert (task.kind, task.role, task.status) == (f"reminder_{state}", "coordinator", "open")
    assert (task.patient_id, task.site_id) == (row.patient_id, row.site_id)
    return task


def by_mail(provider: Provider) -> Providers:
    """E-mail through this one; nothing else leaves."""
    return {"email": provider}


def late(site: Site | None = None, minutes: int = 11) -> Reminder:
    """One that should have left so long ago."""
    row = reminder(PatientFactory.create(site=site or awake_site()))
    Reminder.objects.filter(pk=row.pk).update(next_at=timezone.now() - timedelta(minutes=minutes))
    return row


def all_at_work() -> None:
    """Everybody shows a sign of life, and there was nothing to mend."""
    for name in ("worker", "loop", "reconcile"):
        beat(name)
