"""The smallest valid object of each kind; what a test is about, it says itself."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from clinic.models import (
    Appointment,
    Chair,
    Closure,
    Membership,
    OpeningHours,
    Patient,
    Role,
    Site,
    User,
)
from clinic.queries import current
from courses.models import Assessment, Course, Protocol, Scale, Session
from labs.models import Report, Task


class SiteFactory(DjangoModelFactory[Site]):
    """Open every day of the week from 8 to 20, so that tests need not look at the calendar."""

    class Meta:
        model = Site
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"Riverside {n}")
    slug = factory.Sequence(lambda n: f"riverside-{n}")
    time_zone = "Europe/London"
    phone = "020 7946 0000"
    crisis_text = "Ring 999 if you are in danger."

    @factory.post_generation
    def hours(self, create: bool, extracted: Any, **kwargs: Any) -> None:
        if create and extracted is not False:
            for weekday in range(1, 8):
                OpeningHoursFactory.create(site=self, weekday=weekday)


class OpeningHoursFactory(DjangoModelFactory[OpeningHours]):
    class Meta:
        model = OpeningHours

    site = factory.SubFactory(SiteFactory)
    weekday = 1
    opens = time(8)
    closes = time(20)


class ClosureFactory(DjangoModelFactory[Closure]):
    class Meta:
        model = Closure

    site = factory.SubFactory(SiteFactory)
    starts_on = date(2026, 12, 25)
    ends_on = date(2026, 12, 26)
    reason = "Holiday"


class ChairFactory(DjangoModelFactory[Chair]):
    class Meta:
        model = Chair

    site = factory.SubFactory(SiteFactory)
    name = factory.Sequence(lambda n: f"Chair {n}")


class UserFactory(DjangoModelFactory[User]):
    class Meta:
        model = User

    email = factory.Sequence(lambda n: f"person{n}@clinic.example")
    name = factory.Sequence(lambda n: f"Person {n}")
    password = factory.django.Password("correct horse battery")


class MembershipFactory(DjangoModelFactory[Membership]):
    class Meta:
        model = Membership

    site = factory.SubFactory(SiteFactory)
    user = factory.SubFactory(UserFactory)
    role = Role.NURSE


def member(site: Site, role: str, **fields: Any) -> User:
    """A user with one role at one site."""
    user = UserFactory.create(**fields)
    MembershipFactory.create(site=site, user=user, role=role)
    return user


class PatientFactory(DjangoModelFactory[Patient]):
    class Meta:
        model = Patient

    site = factory.SubFactory(SiteFactory)
    record_number = factory.Sequence(lambda n: f"R{n:05d}")
    given_name = "Ngozi"
    family_name = "Okafor"
    birth_date = date(1985, 4, 12)
    sex = "female"
    email = factory.Sequence(lambda n: f"patient{n}@mail.example")
    consents_to_email = True


class AppointmentFactory(DjangoModelFactory[Appointment]):
    """Starts at `starts_at`, for three hours."""

    class Meta:
        model = Appointment

    class Params:
        starts_at = factory.LazyFunction(lambda: timezone.now() + timedelta(days=1))

    patient = factory.SubFactory(PatientFactory)
    site = factory.SelfAttribute("patient.site")
    chair = factory.SubFactory(ChairFactory, site=factory.SelfAttribute("..site"))
    during = factory.LazyAttribute(lambda o: (o.starts_at, o.starts_at + timedelta(hours=3)))


def protocol(code: str = "trd_standard") -> Protocol:
    """The newest version of a shipped protocol."""
    return current(Protocol, code)


def scale(code: str = "phq9") -> Scale:
    """The newest version of a shipped scale."""
    return current(Scale, code)


class CourseFactory(DjangoModelFactory[Course]):
    class Meta:
        model = Course

    patient = factory.SubFactory(PatientFactory)
    site = factory.SelfAttribute("patient.site")
    number = 1
    protocol = factory.LazyFunction(protocol)
    primary_scale = factory.LazyFunction(scale)
    prescriber = factory.LazyAttribute(lambda o: member(o.site, Role.PRESCRIBER))
    planned_count = 6
    mg_per_kg = Decimal("0.5")
    infusion_minutes = 40
    planned_start_on = date(2026, 11, 23)


class SessionFactory(DjangoModelFactory[Session]):
    class Meta:
        model = Session

    course = factory.SubFactory(CourseFactory)
    site = factory.SelfAttribute("course.site")
    number = 1
    ideal_on = date(2026, 11, 23)
    earliest_on = factory.LazyAttribute(lambda o: o.ideal_on - timedelta(days=1))
    latest_on = factory.LazyAttribute(lambda o: o.ideal_on + timedelta(days=1))


class AssessmentFactory(DjangoModelFactory[Assessment]):
    class Meta:
        model = Assessment

    patient = factory.SubFactory(PatientFactory)
    site = factory.SelfAttribute("patient.site")
    scale = factory.LazyFunction(scale)
    taken_at = datetime(2026, 11, 20, 10, tzinfo=UTC)
    taken_on = factory.LazyAttribute(lambda o: o.taken_at.date())
    items = factory.LazyFunction(lambda: [2, 2, 2, 2, 2, 2, 2, 2, 0])
    functional = 2
    status = "final"
    total = 16
    band = "moderately_severe"


class ReportFactory(DjangoModelFactory[Report]):
    class Meta:
        model = Report

    patient = factory.SubFactory(PatientFactory)
    site = factory.SelfAttribute("patient.site")
    laboratory = "North Laboratory"
    identifier = factory.Sequence(lambda n: f"F{n:06d}")
    collected_at = datetime(2026, 11, 16, 9, tzinfo=UTC)
    collected_on = factory.LazyAttribute(lambda o: o.collected_at.date())
    status = "final"
    source = "hand"
    is_complete_liver_panel = True


class TaskFactory(DjangoModelFactory[Task]):
    class Meta:
        model = Task

    patient = factory.SubFactory(PatientFactory)
    site = factory.SelfAttribute("patient.site")
    kind = "safety_answer"
    role = Role.PRESCRIBER
    title = "Safety answer to review"
    due_at = factory.LazyFunction(timezone.now)
    dedup_key = factory.Sequence(lambda n: f"task:{n}")
    subject_id = factory.SelfAttribute("patient.id")
