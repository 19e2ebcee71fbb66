"""Writes the demo clinic through the product's own actions, so that it is true by construction."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Final

from django.utils import timezone

from clinic.actions.patients import change_patient, register_patient
from clinic.actions.policies import set_policy
from clinic.models import Chair, Membership, OpeningHours, Patient, Role, Site, User
from clinic.queries import current
from clinic.rules.dates import to_utc, today_local
from courses.actions.assessments import record_assessment
from courses.actions.courses import complete_course, pause_course, plan_course, stop_course
from courses.actions.monitoring import patient_changed, sync
from courses.actions.moves import move_course
from courses.demo import labwork, visits
from courses.demo.stories import AFTERWARDS, SEED, Story, dose_days, improvement, spread, stories
from courses.models import Course, CourseStatus, Protocol, Scale
from courses.rules.scales import DOMAINS, parse_scale

PASSWORD: Final = "daybreak-demo-2026"
SITES: Final[tuple[tuple[str, str, str, str, int], ...]] = (
    ("riverside", "Riverside Clinic", "Europe/London", "020 7946 0101", 4),
    ("lakeside", "Lakeside Clinic", "America/Chicago", "312 555 0142", 3),
)
STAFF: Final = (
    ("coordinator", "Cora Whitfield", Role.COORDINATOR),
    ("nurse", "Nils Berger", Role.NURSE),
    ("nurse2", "Adaeze Obi", Role.NURSE),
    ("prescriber", "Dr Petra Sandoval", Role.PRESCRIBER),
    ("lead", "Dr Lena Marsh", Role.LEAD),
    ("admin", "Ada Holm", Role.SITE_ADMIN),
    ("auditor", "Otto Reyes", Role.AUDITOR),
)
CRISIS: Final = "If you are in danger now, ring the emergency number. Ring us at any hour."
BASELINE_DAYS: Final = 2
FOLLOW_UP_DAYS: Final = (7, 14, 21, 28)


@dataclass(frozen=True, slots=True)
class House:
    """A demo site with its people."""

    site: Site
    chairs: tuple[Chair, ...]
    people: dict[str, User]
    today: date
    now: datetime

    def at(self, day: date, hour: int, minute: int = 0) -> datetime:
        """A wall-clock moment of the site."""
        return to_utc(day, time(hour, minute), self.site.zone)


def write(say: Callable[[str], None]) -> dict[str, int]:
    """Two sites with their people and about sixty patients; how many of each."""
    houses = {row[0]: _house(*row) for row in SITES}
    _own_values(next(iter(houses.values())))
    draw = random.Random(SEED)
    told = list(stories(next(iter(houses.values())).today))
    for number, story in enumerate(told, 1):
        _live(houses[story.site], story, draw)
        if number % 10 == 0:
            say(f"    {number} of {len(told)} patients")
    for house in houses.values():
        visits.give_today(house)
    return {"sites": len(houses), "patients": len(told), "courses": Course.objects.count()}


def _house(slug: str, name: str, zone: str, phone: str, chairs: int) -> House:
    site = Site.objects.create(
        slug=slug, name=name, time_zone=zone, phone=phone, crisis_text=CRISIS, patients_per_nurse=4
    )
    for weekday in range(1, 8):
        OpeningHours.objects.create(site=site, weekday=weekday, opens=time(7), closes=time(21))
    people = {key: _person(site, key, full_name, role) for key, full_name, role in STAFF}
    now = timezone.now()
    return House(
        site=site,
        chairs=tuple(Chair.objects.create(site=site, name=n) for n in "ABCDEF"[:chairs]),
        people=people,
        today=today_local(now, site.zone),
        now=now,
    )


def _own_values(house: House) -> None:
    """The first site holds a dose a little earlier than the catalogue does, and says why."""
    set_policy(
        site=house.site,
        section="course_rule:gate",
        values={"blood_pressure.hold_from_sbp": "155", "blood_pressure.hold_from_dbp": "95"},
        effective_from=house.today,
        reason="Older patients: agreed at the clinical meeting.",
        by=house.people["lead"],
        base_version=0,
    )


def _person(site: Site, key: str, name: str, role: str) -> User:
    user = User.objects.create_user(f"{key}@{site.slug}.example", PASSWORD, name=name)
    Membership.objects.create(site=site, user=user, role=role)
    return user


def _live(house: House, story: Story, draw: random.Random) -> None:
    """One patient's story from registration to today."""
    patient = register_patient(
        site=house.site,
        by=house.people["coordinator"],
        record_number=story.record_number,
        given_name=story.given_name,
        family_name=story.family_name,
        birth_date=story.birth_date,
        sex=story.sex,
        email=f"{story.record_number.lower()}@patients.example" if story.reachable else "",
        phone=f"07700 900{story.number:03d}",
        consents_to_email=story.reachable,
    )
    if story.fate == "new":
        return
    days = dose_days(story, house.today) or [_first_day(house, story)]
    course = _plan(house, story, patient, days)
    labwork.baseline(house, story, patient, days[0], draw)
    _score(house, story, patient, days[0] - timedelta(days=BASELINE_DAYS), 0, hour=11)
    for number, day in enumerate(days[: story.doses], 1):
        visits.give(house, story, course, number, day)
        labwork.between(house, story, patient, number, day, draw)
        if _answers_after(story, number):
            _score(house, story, patient, day + timedelta(days=1), number, hour=10)
    _end(house, story, course, days[-1])
    _afterwards(house, story, patient, days[-1])


def _first_day(house: House, story: Story) -> date:
    return house.today + timedelta(days=0 if story.fate == "today" else 2 + story.number % 3)


def _plan(house: House, story: Story, patient: Patient, days: list[date]) -> Course:
    second = days[1] if len(days) > 1 else days[0] + timedelta(days=3)
    protocol = current(Protocol, story.protocol)
    return plan_course(
        patient=patient,
        protocol=protocol,
        primary_scale=current(Scale, story.scale),
        prescriber=house.people["prescriber"],
        second_prescriber=house.people["lead"] if story.protocol == "trd_high_dose" else None,
        mg_per_kg=Decimal("0.75" if story.protocol == "trd_high_dose" else "0.5"),
        planned_count=max(story.planned, 6),
        first_on=days[0],
        weekdays=sorted({days[0].isoweekday(), second.isoweekday()}),
        by=house.people["prescriber"],
    )


def _answers_after(story: Story, dose: int) -> bool:
    """The vanished stop answering before they stop coming; nobody answers every time."""
    if story.fate == "vanished" and dose >= story.doses - 1:
        return False
    return dose in {1, 2, 3, 4, 6, 8}


def _score(
    house: House, story: Story, patient: Patient, day: date, dose: int, *, hour: int
) -> None:
    percent = improvement(story, dose) if dose else 0
    _record(house, story, patient, day, percent, hour=hour)


def _record(
    house: House, story: Story, patient: Patient, day: date, percent: int, *, hour: int
) -> None:
    at = house.at(day, hour, story.number % 60)
    if at >= house.now:
        return
    scale = current(Scale, story.scale)
    rules = parse_scale(scale.content)
    top = rules.range[1]
    baseline = top * story.baseline_pct // 100
    total = max(0, round(baseline * (100 - percent) / 100))
    caps = [item.highest for item in rules.items]
    if rules.method == DOMAINS:
        first = {domain[0] for domain in rules.domains}
        caps = [item.highest if item.id in first else 0 for item in rules.items]
    # The safety item stays low, so that the demo holds a few alerts and not sixty.
    for alert in rules.alerts:
        place = next(n for n, item in enumerate(rules.items) if item.id == alert.item)
        caps[place] = min(caps[place], alert.at_least - 1)
    answers = spread(total, tuple(caps))
    if rules.code == "phq9" and story.number % 15 == 0 and percent < 20:
        answers[-1] = 1
    record_assessment(
        patient=patient,
        scale=scale,
        items=answers,
        functional=1 if rules.functional else None,
        taken_at=at,
        by=house.people["nurse"],
    )


def _end(house: House, story: Story, course: Course, last: date) -> None:
    """How the course stands today."""
    course.refresh_from_db()
    by = house.people["prescriber"]
    day_after = house.at(last + timedelta(days=1), 15)
    patient = course.patient
    if story.fate == "completed":
        complete_course(course=course, by=by, at=day_after)
    elif story.fate == "stopped":
        reason = "no_response" if story.response == "none" else "urinary"
        stop_course(course=course, reason=reason, by=by, at=day_after)
    elif story.fate == "paused":
        pause_course(course=course, reason="Travelling", by=by, at=day_after)
    elif story.fate == "interrupted":
        move_course(course, CourseStatus.INTERRUPTED, by=None, at=house.now, reason="No dose")
        sync(course=course)
    elif story.fate == "deceased":
        change_patient(patient=patient, by=by, deceased_on=last + timedelta(days=9))
        patient_changed(patient=patient, by=by)
    elif story.fate == "transferred":
        change_patient(
            patient=patient,
            by=by,
            transferred_on=last + timedelta(days=4),
            transferred_to="Harbour Clinic",
        )
        patient_changed(patient=patient, by=by)


def _afterwards(house: House, story: Story, patient: Patient, last: date) -> None:
    if story.fate != "completed":
        return
    for days, percent in zip(FOLLOW_UP_DAYS, AFTERWARDS[story.response], strict=False):
        _record(house, story, patient, last + timedelta(days=days), percent, hour=16)
    labwork.after(house, story, patient, last)
