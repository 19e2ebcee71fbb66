"""Two people at two screens press the same button: one is served, the other reads why not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from clinic.models import Patient, Role, User
from courses.actions.courses import stop_course
from courses.actions.missed import mark_missed
from courses.actions.monitoring import reconcile_all
from courses.actions.sessions import end_infusion, start_infusion
from courses.models import Course, Infusion
from tests.factories import PatientFactory, SiteFactory, member
from tests.integration.courses.scene import (
    MIXTURE,
    baselines,
    calm,
    checked,
    phq9,
    planned,
    screened,
    session,
)
from tests.racing import racing

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def patient(transactional_db: None) -> Patient:
    found: Patient = PatientFactory.create(site=SiteFactory.create())
    baselines(found, timezone.now().date() - timedelta(days=2))
    return found


@pytest.fixture
def prescriber(patient: Patient) -> User:
    return member(patient.site, Role.PRESCRIBER)


@pytest.fixture
def course(patient: Patient, prescriber: User) -> Course:
    """Its first dose is today, whatever day that is."""
    today = timezone.localdate(timezone=patient.site.zone)
    days = (today.isoweekday(), (today + timedelta(days=3)).isoweekday())
    return planned(patient, prescriber, first_on=today, weekdays=days)


def test_four_people_start_one_course(patient: Patient, prescriber: User) -> None:
    today = timezone.localdate(timezone=patient.site.zone)
    days = (today.isoweekday(), (today + timedelta(days=3)).isoweekday())
    came = racing([
        lambda: planned(patient, prescriber, first_on=today, weekdays=days) for _ in range(4)
    ])  # fmt: skip
    assert came == {"done": 1, "course_under_way": 3}
    assert (Course.objects.count(), Course.objects.get().sessions.count()) == (1, 6)
    assert reconcile_all().total == 0


def test_four_people_start_one_dose(course: Course, patient: Patient, prescriber: User) -> None:
    now = timezone.now()
    screened(patient, now, prescriber)
    today = timezone.localdate(timezone=patient.site.zone)
    facts = calm(weighed_on=today, drug_screen_on=today)
    check = checked(session(course), prescriber, timezone.now(), facts)
    came = racing([
        lambda: start_infusion(
            session=session(course), gate_check=check, mixture=MIXTURE, by=prescriber
        )
        for _ in range(4)
    ])  # fmt: skip
    assert came == {"done": 1, "illegal_move": 3}
    infusion = Infusion.objects.get()
    assert racing([lambda: end_infusion(infusion=infusion, by=prescriber) for _ in range(4)]) == {
        "done": 1,
        "not_running": 3,
    }
    assert reconcile_all().total == 0


def test_scores_stops_and_the_calendar_at_once_end_in_one_truth(
    course: Course, patient: Patient, prescriber: User
) -> None:
    """Whoever comes first: no lock is waited for in a circle, and nothing is left to repair."""
    now = timezone.now()
    acts: list[Callable[[], object]] = [
        lambda: stop_course(course=course, reason="other", by=prescriber),
        lambda: mark_missed(now + timedelta(days=9)),
        lambda: phq9(patient, 18, now, prescriber),
        lambda: screened(patient, now, prescriber),
        lambda: mark_missed(now + timedelta(days=9)),
        lambda: phq9(patient, 9, now - timedelta(hours=1), prescriber),
    ]
    assert racing(acts) == {"done": 6}
    course.refresh_from_db()
    assert course.status == "stopped"
    assert not course.sessions.waiting().exists()
    assert reconcile_all().total == 0
