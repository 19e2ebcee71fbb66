"""What PostgreSQL writes and what a plain serializer would say of the same rows: to the letter."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from rest_framework.renderers import JSONRenderer
from rest_framework.serializers import Serializer
from rest_framework.test import APIClient

from api import serializers
from clinic.models import Patient, Site
from clinic.queries import current
from clinic.rules.reasons import Reason, stored
from courses.models import Assessment, Course, CourseOutcome, CourseRule, Session
from labs.models import Analyte, Requirement, Result
from labs.queries import status_of
from tests.factories import (
    AppointmentFactory,
    AssessmentFactory,
    ChairFactory,
    CourseFactory,
    PatientFactory,
    ReportFactory,
    SessionFactory,
)
from tests.integration.api.scene import LISTS, give, requirement, result, rows

NOW = datetime(2026, 11, 23, 18, 30, tzinfo=UTC)
TODAY = date(2026, 11, 23)
# What JSON must escape, and what it need not.
WORDS = (
    'a "quoted" word',
    "back\\slash",
    "line\nbreak\ttab",
    "Zoë Ünlü 李",
    "</script>",
    "",
    "\x7f",
)


class Dice(random.Random):
    """Values as odd as the columns allow."""

    def number(self, digits: int, places: int) -> Decimal:
        return Decimal(self.randint(1, 10**digits - 1)).scaleb(-places)

    def moment(self) -> datetime:
        micro = self.choice((0, 1, 120_000, 999_999))
        seconds = self.randint(-86_400 * 30, 0)
        return NOW.replace(microsecond=micro) + timedelta(seconds=seconds)

    def day(self) -> date:
        return TODAY + timedelta(days=self.randint(-20, 20))

    def maybe(self, value: Any) -> Any:
        return self.choice((value, None))

    def word(self) -> str:
        return self.choice(WORDS)

    def why(self) -> dict[str, Any]:
        reason = Reason(self.word(), self.word(), {"ratio": self.number(4, 2), "on": self.day()})
        return self.choice(({}, stored(reason)))


def draw(site: Site, seed: int) -> None:
    """Patients with courses in odd states."""
    dice = Dice(seed)
    for number in range(6):
        patient = PatientFactory.create(
            site=site, family_name=f"O'Neil {dice.word()}", deceased_on=dice.maybe(dice.day())
        )
        course = CourseFactory.create(
            patient=patient, status=dice.choice(("planned", "active", "paused")),
            mg_per_kg=dice.number(4, 3), started_on=dice.maybe(dice.day()), number=number + 1,
        )  # fmt: skip
        _sessions(course, dice)
        _forms(course, dice)
        _results(patient, dice)
        for cycle in range(dice.randint(0, 4)):
            _requirement(course, str(cycle), dice)


def _sessions(course: Course, dice: Dice) -> None:
    chair = ChairFactory.create(site=course.site, name=f"{course.pk}"[-12:] + dice.word())
    replaces = None
    for number in range(dice.randint(0, 4)):
        booked = None
        if dice.random() < 0.7:
            at = NOW + timedelta(days=number, microseconds=number)
            booked = AppointmentFactory.create(patient=course.patient, chair=chair, starts_at=at)
        session = SessionFactory.create(
            course=course, number=number + 1, appointment=booked, replaces=dice.maybe(replaces)
        )
        replaces = session
        if dice.random() < 0.6:
            at = dice.moment()
            give(
                session, course.prescriber, started_at=at, given_on=at.date(),
                ended_at=dice.maybe(at + timedelta(minutes=40)), dose_mg=dice.number(4, 1) + 1,
                given_mg=dice.maybe(Decimal("0.5")), stop_reason=dice.word(),
                weight_kg=dice.number(4, 1), entered_in_error_at=dice.maybe(dice.moment()),
            )  # fmt: skip


def _forms(course: Course, dice: Dice) -> None:
    replaces = None
    for _ in range(dice.randint(0, 4)):
        status = dice.choice(("draft", "final", "corrected", "superseded"))
        is_draft = status == "draft"
        replaces = AssessmentFactory.create(
            patient=course.patient, course=dice.maybe(course), taken_at=dice.moment(),
            status=status, total=None if is_draft else dice.randint(0, 27),
            band="" if is_draft else dice.choice(("mild", dice.word())),
            items=[dice.choice((0, 3, None)) for _ in range(9)],
            alerts=dice.choice(([], [{"item": "9", "answer": 2, "level": "urgent"}])),
            tags=dice.choice(([], ["early", dice.word()])),
            hours_since_infusion=dice.maybe(dice.number(5, 1)), replaces=dice.maybe(replaces),
            baseline=dice.maybe(replaces), improvement_percent=dice.maybe(dice.number(3, 1)),
            outcome=dice.choice(("", "response")), is_remission=dice.maybe(dice.random() < 0.5),
            policy_version=dice.randint(0, 9), why=dice.why(),
        )  # fmt: skip
    if dice.random() < 0.7:
        CourseOutcome.objects.create(
            site=course.site, course=course, patient=course.patient, latest=replaces,
            state=dice.choice(("none", "relapse")), rule=current(CourseRule, "response"),
            improvement_percent=dice.maybe(dice.number(3, 1)), relapse_on=dice.maybe(dice.day()),
            days_followed=dice.maybe(7), policy_version=dice.randint(0, 9), why=dice.why(),
        )  # fmt: skip


def _results(patient: Patient, dice: Dice) -> None:
    report = ReportFactory.create(patient=patient, laboratory=dice.word() or "North")
    analyte = current(Analyte, "ALT")
    for number in range(dice.randint(0, 3)):
        result(
            patient, report=report, code=f"{number}", analyte=dice.maybe(analyte),
            value=dice.number(12, 6), value_text=dice.word(), lower_limit=dice.maybe(Decimal(0)),
            times_limit=dice.maybe(dice.number(8, 4)), comparator=dice.choice(("", "<", ">")),
            observed_at=dice.moment(), grade=dice.maybe(4), display=dice.word(),
            why=dice.why(), policy_version=dice.randint(0, 9),
        )  # fmt: skip


def _requirement(course: Course, cycle: str, dice: Dice) -> None:
    status = dice.choice(("open", "suspended", "closed"))
    held = requirement(course, dice.day(), status=status, cycle=cycle, why=dice.why())
    if status != "open":
        Requirement.objects.filter(pk=held.pk).update(
            next_due_on=dice.maybe(held.next_due_on), soon_on=None, overdue_on=None
        )


def replacement(row: Any) -> Any:
    after = row.replaced_by.order_by("-pk").first()
    return after.pk if after else None


def patients() -> list[Patient]:
    return list(Patient.objects.order_by("pk"))


def results() -> list[Result]:
    found = list(Result.objects.order_by("pk"))
    for row in found:
        row.replaced_by_id = replacement(row)  # type: ignore[attr-defined]
    return found


def assessments() -> list[Assessment]:
    found = list(Assessment.objects.order_by("pk"))
    for row in found:
        row.replaced_by_id = replacement(row)  # type: ignore[attr-defined]
    return found


def requirements(**of: Any) -> list[Requirement]:
    """With the state as the pages say it."""
    found = list(Requirement.objects.filter(**of).order_by("next_due_on", "kind", "pk"))
    for row in found:
        status = status_of(row, TODAY)
        row.state = "closed" if row.status == "closed" else status.state  # type: ignore[attr-defined]
        row.lateness_days = status.lateness_days  # type: ignore[attr-defined]
    return found


def requirements_by_key() -> list[Requirement]:
    return sorted(requirements(), key=lambda row: row.pk)


class PlainCourse:
    """A course with its parts gathered by hand."""

    def __init__(self, course: Course) -> None:
        self._course = course
        self.sessions = list(course.sessions.order_by("number", "created_at", "pk"))
        for row in self.sessions:
            row.replaced_by_id = replacement(row)  # type: ignore[attr-defined]
            row.gate = row.gate_checks.order_by("-at", "-id").first()  # type: ignore[attr-defined]
        self.outcome = CourseOutcome.objects.filter(course=course).first()
        kept = course.assessments.filter(status__in=("final", "corrected"))
        self.scores = list(kept.order_by("taken_at", "pk"))
        self.requirements = requirements(subject_id=course.pk)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._course, name)


def courses() -> list[PlainCourse]:
    return [PlainCourse(course) for course in Course.objects.order_by("pk")]


PLAIN: dict[str, tuple[type[Serializer[Any]], Callable[[], Any]]] = {
    "patients": (serializers.Patient, patients),
    "courses": (serializers.Course, courses),
    "assessments": (serializers.Assessment, assessments),
    "results": (serializers.Result, results),
    "requirements": (serializers.Requirement, requirements_by_key),
}


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("name", LISTS)
def test_both_ways_say_the_same(site: Site, client: APIClient, name: str, seed: int) -> None:
    shape, found = PLAIN[name]
    with time_machine.travel(NOW, tick=False):
        draw(site, seed)
        said = rows(client, name)
    plain = JSONRenderer().render(shape(found(), many=True).data)
    # As text, so that the order of the keys counts as well.
    assert json.dumps(said, indent=1) == json.dumps(json.loads(plain), indent=1)
    assert len(said) > 3


def test_the_odd_rows_are_there(site: Site) -> None:
    """The draw reaches what the comparison is about."""
    for seed in (1, 2, 3):
        draw(site, seed)
    assert Session.objects.filter(replaces__isnull=False).exists()
    assert Session.objects.filter(infusion__isnull=True, appointment__isnull=False).exists()
    assert Session.objects.filter(infusion__ended_at__isnull=True, infusion__isnull=False).exists()
    assert Result.objects.filter(analyte__isnull=True, display__contains="\\").exists()
    assert set(Requirement.objects.values_list("status", flat=True)) == {
        "open", "suspended", "closed"
    }  # fmt: skip
