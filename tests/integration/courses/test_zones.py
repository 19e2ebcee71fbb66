"""A site that moves its clock: what waits follows the wall, what was sent stays sent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from clinic.models import Site, User
from courses.actions.zones import follow_zone
from labs.actions.reminders import sweep
from labs.actions.requirements import Repairs, reconcile
from labs.actions.rezoning import rezone
from labs.models import Reminder
from tests.factories import PatientFactory, SiteFactory
from tests.integration.labs.due_rows import requirement

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
# Before the decent hours of London, on winter time: the message waits for nine o'clock.
EARLY = datetime(2026, 11, 26, 6, tzinfo=UTC)
NINE_IN_NEW_YORK = datetime(2026, 11, 26, 14, tzinfo=UTC)


def waiting(site: Site) -> Reminder:
    row = requirement(
        PatientFactory.create(site=site), notify_on=EARLY.date(), next_due_on=date(2026, 12, 3)
    )
    assert sweep(EARLY) == 1
    return Reminder.objects.get(requirement=row)


def moved(site: Site, zone: str) -> Site:
    site.time_zone = zone
    site.save()
    return site


@time_machine.travel(EARLY, tick=False)
def test_what_waits_leaves_at_the_same_hour_of_the_new_clock() -> None:
    site = SiteFactory.create(time_zone="Europe/London")
    row = waiting(site)
    assert row.next_at == datetime(2026, 11, 26, 9, tzinfo=UTC)
    assert rezone(site_id=moved(site, "America/New_York").pk) == 1
    row.refresh_from_db()
    assert (row.local_date, row.local_time) == (date(2026, 11, 26), time(9))
    assert (row.due_at, row.next_at) == (NINE_IN_NEW_YORK, NINE_IN_NEW_YORK)
    assert row.not_after == NINE_IN_NEW_YORK + timedelta(days=7)
    assert row.time_zone == "America/New_York"
    assert rezone(site_id=site.pk) == 0


@time_machine.travel(EARLY, tick=False)
def test_a_later_try_keeps_its_distance() -> None:
    site = SiteFactory.create(time_zone="Europe/London")
    row = waiting(site)
    Reminder.objects.update(next_at=row.next_at + timedelta(minutes=15))
    rezone(site_id=moved(site, "America/New_York").pk)
    row.refresh_from_db()
    assert row.next_at == NINE_IN_NEW_YORK + timedelta(minutes=15)


@time_machine.travel(EARLY, tick=False)
def test_what_left_is_left_alone_and_not_sent_again() -> None:
    site, other = SiteFactory.create(time_zone="Europe/London"), SiteFactory.create()
    row, elsewhere = waiting(site), waiting(other)
    Reminder.objects.filter(pk=row.pk).update(state="accepted", provider_ref="1", ended_at=EARLY)
    follow_zone(site=moved(site, "Pacific/Kiritimati"))
    row.refresh_from_db()
    assert (row.state, row.time_zone) == ("accepted", "Europe/London")
    assert [sweep(EARLY + timedelta(days=days)) for days in range(3)] == [0, 0, 0]
    elsewhere.refresh_from_db()
    assert elsewhere.time_zone == other.time_zone


@time_machine.travel(EARLY, tick=False)
def test_reconciling_finds_what_a_hand_in_the_database_moved() -> None:
    site = SiteFactory.create(time_zone="Europe/London")
    waiting(site)
    Site.objects.filter(pk=site.pk).update(time_zone="America/New_York")
    assert reconcile(site_id=site.pk) == Repairs(reminders=1)
    assert reconcile(site_id=site.pk) == Repairs()


@time_machine.travel(EARLY, tick=False)
def test_the_admin_moves_the_clock_and_all_that_follows(
    site: Site, lead: User, as_user: SignIn
) -> None:
    row = waiting(site)
    sent = {
        "name": site.name,
        "time_zone": "America/New_York",
        "phone": site.phone,
        "language": "en",
        "crisis_text": site.crisis_text,
        "patients_per_nurse": "2",
    }
    page = reverse("admin:clinic_site_change", args=[site.pk])
    assert as_user(lead).post(page, sent).status_code == 302
    row.refresh_from_db()
    assert (row.time_zone, row.next_at) == ("America/New_York", NINE_IN_NEW_YORK)
    assert reconcile(site_id=site.pk) == Repairs()
