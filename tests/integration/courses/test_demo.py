"""The demo clinic: the same people every time, in every state, true by construction."""

from __future__ import annotations

from datetime import date
from io import StringIO
from itertools import pairwise

import pytest
from django.core.management import CommandError, call_command

from clinic.models import Appointment, Patient, Site
from courses.actions.monitoring import reconcile_all
from courses.demo.stories import dose_days, spread, stories
from courses.models import Assessment, Course, Infusion
from labs.models import Requirement, Result, Task, UrinaryCheck

DAY = date(2026, 11, 23)


def test_the_same_people_every_time() -> None:
    first, again = list(stories(DAY)), list(stories(DAY))
    assert first == again
    assert len(first) == 60
    assert len({(s.site, s.record_number) for s in first}) == 60
    assert {s.site for s in first} == {"riverside", "lakeside"}


def test_doses_keep_their_gaps() -> None:
    for story in stories(DAY):
        days = dose_days(story, DAY)
        gaps = {(later - earlier).days for earlier, later in pairwise(days)}
        assert gaps <= {3, 4}, story
        assert len(days) == story.doses


@pytest.mark.parametrize(
    ("total", "caps", "answers"),
    [(0, (3, 3), [0, 0]), (5, (3, 3), [3, 2]), (6, (3, 3), [3, 3]), (9, (3, 3), [3, 3])],
)
def test_answers_add_up_within_their_caps(
    total: int, caps: tuple[int, ...], answers: list[int]
) -> None:
    assert spread(total, caps) == answers


@pytest.mark.django_db
def test_the_demo_clinic_is_whole() -> None:
    out = StringIO()
    call_command("seed_demo", stdout=out)
    assert "made 2 sites, 60 patients" in out.getvalue()
    assert {site.time_zone for site in Site.objects.all()} == {"Europe/London", "America/Chicago"}
    assert Patient.objects.count() == 60
    states = set(Course.objects.values_list("status", flat=True))
    assert states == {"planned", "active", "paused", "interrupted", "completed", "stopped"}
    assert Infusion.objects.count() > 200
    assert Assessment.objects.scored().on_scale("phq9").exists()
    assert Result.objects.filter(analyte__code="ALP", grade__gte=1).exists()
    assert UrinaryCheck.objects.filter(level=3).exists()
    assert Task.objects.open().filter(kind="safety_answer", is_urgent=True).exists()
    assert Appointment.objects.occupying().exists()
    for site in Site.objects.all():
        assert Requirement.objects.of_site(site.pk).overdue(DAY.replace(year=2099)).exists()
    assert reconcile_all().total == 0
    printed = StringIO()
    call_command("seed_demo", "--sign-ins", stdout=printed)
    assert "nurse@riverside.example" in printed.getvalue()
    with pytest.raises(CommandError, match="There is a site already"):
        call_command("seed_demo")
    found = StringIO()
    call_command("reconcile", stdout=found)
    assert found.getvalue().strip().endswith("0 repaired")


@pytest.mark.django_db
def test_without_the_demo_no_sign_ins_are_printed() -> None:
    out = StringIO()
    call_command("seed_demo", "--sign-ins", stdout=out)
    assert out.getvalue() == ""
