"""Many people book at the same moment: the database lets in what fits, and nothing else."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from clinic.actions.appointments import book_appointment, move_appointment
from clinic.models import Appointment, Chair, Patient, Role, Site, User
from tests.factories import ChairFactory, PatientFactory, SiteFactory, member
from tests.racing import racing

pytestmark = pytest.mark.django_db(transaction=True)

MORNING = datetime(2027, 1, 4, 8, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
PEOPLE = 8


def booking(
    patient: Patient, chair: Chair, starts_at: datetime, staff: User | None = None
) -> Callable[[], object]:
    return lambda: book_appointment(
        patient=patient,
        chair=chair,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=1),
        staff=staff,
        by=None,
    )


def overlaps(of: Callable[[Appointment], object]) -> int:
    rows = list(Appointment.objects.occupying())
    return sum(
        of(one) == of(other)
        and one.during.lower < other.during.upper
        and other.during.lower < one.during.upper
        for place, one in enumerate(rows)
        for other in rows[place + 1 :]
    )


def test_one_chair_goes_to_one_of_eight() -> None:
    site = SiteFactory.create()
    chair = ChairFactory.create(site=site)
    came = racing(
        [booking(PatientFactory.create(site=site), chair, MORNING) for _ in range(PEOPLE)]
    )
    assert came == {"done": 1, "chair_taken": 7}


def test_one_patient_gets_one_of_eight_chairs() -> None:
    site = SiteFactory.create()
    patient = PatientFactory.create(site=site)
    came = racing(
        [booking(patient, ChairFactory.create(site=site), MORNING) for _ in range(PEOPLE)]
    )
    assert came == {"done": 1, "patient_busy": 7}


def test_one_nurse_is_given_two_of_eight() -> None:
    site = SiteFactory.create()
    nurse = member(site, Role.NURSE)
    acts = [
        booking(PatientFactory.create(site=site), ChairFactory.create(site=site), MORNING, nurse)
        for _ in range(PEOPLE)
    ]
    assert racing(acts) == {"done": 2, "staff_full": 6}


def test_a_busy_morning_has_no_overlap() -> None:
    """Eight people, three chairs, quarter hours of one day, with a fixed seed."""
    site = SiteFactory.create()
    chairs = [ChairFactory.create(site=site) for _ in range(3)]
    patients = [PatientFactory.create(site=site) for _ in range(12)]
    draw = random.Random(20261123)
    came: Counter[str] = Counter()
    for _ in range(15):
        acts = [
            booking(
                draw.choice(patients), draw.choice(chairs), MORNING + draw.randrange(44) * QUARTER
            )
            for _ in range(PEOPLE)
        ]
        came += racing(acts)
    assert set(came) <= {"done", "chair_taken", "patient_busy"}
    assert came.total() == 120
    assert came["done"] == Appointment.objects.occupying().count() > 10
    assert overlaps(lambda row: row.chair_id) == 0
    assert overlaps(lambda row: row.patient_id) == 0


def test_of_two_moves_of_one_visit_one_is_stale() -> None:
    site: Site = SiteFactory.create()
    by = member(site, Role.COORDINATOR)
    chair = ChairFactory.create(site=site)
    visit = book_appointment(
        patient=PatientFactory.create(site=site),
        chair=chair,
        starts_at=MORNING,
        ends_at=MORNING + timedelta(hours=1),
        by=by,
    )

    def moving(starts_at: datetime) -> Callable[[], object]:
        return lambda: move_appointment(
            appointment=Appointment.objects.get(pk=visit.pk),
            chair=chair,
            starts_at=starts_at,
            ends_at=starts_at + timedelta(hours=1),
            staff=None,
            version=1,
            by=by,
        )

    assert racing([moving(MORNING + timedelta(hours=n)) for n in (2, 4)]) == {"done": 1, "stale": 1}
    visit.refresh_from_db()
    assert visit.version == 2
