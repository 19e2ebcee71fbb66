"""Facts of a course and what a laboratory says, as the tests of planning need them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from clinic.models import Patient
from clinic.queries import current
from labs.actions.requirements import set_subject
from labs.models import (
    LabRule,
    Report,
    Requirement,
    UrinaryCheck,
)
from labs.rules.exposure import CourseFacts, Infusion, PlannedSession
from tests.factories import ReportFactory

LONDON = ZoneInfo("Europe/London")
COURSE = UUID("00000000-0000-7000-8000-000000000001")
NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)


def infusion(session: str, day: date, **fields: Any) -> Infusion:
    started = datetime(day.year, day.month, day.day, 10, tzinfo=UTC)
    return Infusion(session, day, started, started + timedelta(minutes=40), **fields)


def course(**fields: Any) -> CourseFacts:
    """Active; infusions on 16 and 19 November 2026, the next on 23 and 26."""
    facts = CourseFacts(
        zone=LONDON,
        state="active",
        planned_start_on=date(2026, 11, 16),
        planned_count=6,
        started_on=date(2026, 11, 16),
        infusions=(
            infusion("s1", date(2026, 11, 16)),
            infusion("s2", date(2026, 11, 19)),
        ),
        sessions=(
            PlannedSession("s3", date(2026, 11, 23)),
            PlannedSession("s4", date(2026, 11, 26)),
        ),
    )
    return replace(facts, **fields)


def place(patient: Patient, facts: CourseFacts, subject_id: UUID = COURSE) -> int:
    return set_subject(
        site_id=patient.site_id, patient_id=patient.pk, subject_id=subject_id, facts=facts
    )


def liver(patient: Patient) -> Requirement:
    return Requirement.objects.get(patient=patient, kind="lft_periodic")


def panel(patient: Patient, day: date, **fields: Any) -> Report:
    at = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
    report: Report = ReportFactory.create(
        patient=patient, collected_at=at, collected_on=day, **fields
    )
    return report


def check(patient: Patient, day: date, level: int = 0, **fields: Any) -> UrinaryCheck:
    return UrinaryCheck.objects.create(
        site=patient.site, patient=patient, checked_on=day, level=level,
        checked_at=datetime(day.year, day.month, day.day, 9, tzinfo=UTC),
        rule=current(LabRule, "levels"), **fields,
    )  # fmt: skip
