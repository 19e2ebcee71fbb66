"""Programs that read, and rows for them to read."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from knox.models import get_token_model
from rest_framework.test import APIClient

from clinic.models import Patient, Site, User
from clinic.queries import current
from courses.models import Course, CourseRule, GateCheck, Infusion, Session
from labs.models import Requirement, RequirementRule, Result
from tests.factories import (
    AppointmentFactory,
    AssessmentFactory,
    CourseFactory,
    PatientFactory,
    ReportFactory,
    SessionFactory,
)

LISTS = ("patients", "courses", "assessments", "results", "requirements")
LINE = {
    "code": "bp_elevated", "verdict": "warn", "sentence": "Blood pressure 150/80: above 140/90.",
    "overridable": True, "source": "EXPERT", "confidence": "expert", "rule": "gate 2",
    "policy_version": 0, "inputs": {"sbp": 150, "dbp": 80},
}  # fmt: skip
GIVEN_AT = datetime(2026, 11, 23, 9, tzinfo=UTC)


def with_token(user: User) -> APIClient:
    """A program that carries a token of `user`."""
    _, token = get_token_model().objects.create(user=user)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {token}")
    return client


def rows(client: APIClient, name: str, **asked: Any) -> list[dict[str, Any]]:
    answer = client.get(f"/api/v1/{name}/", asked)
    assert answer.status_code == 200, answer.content
    return list(json.loads(answer.content)["results"])


def refused(answer: Any, status: int) -> dict[str, Any]:
    """The problem document of a refusal."""
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    found: dict[str, Any] = json.loads(answer.content)
    assert set(found) == {"type", "title", "status", "detail", "code", "errors"}
    assert found["status"] == status
    return found


def fill(site: Site, count: int) -> None:
    """`count` patients, each with one row of every kind."""
    for number in range(count):
        patient = PatientFactory.create(site=site)
        course = CourseFactory.create(patient=patient, status="active")
        booked = AppointmentFactory.create(
            patient=patient, starts_at=GIVEN_AT - timedelta(minutes=30), status="fulfilled"
        )
        session = SessionFactory.create(course=course, status="completed", appointment=booked)
        give(session, course.prescriber)
        AssessmentFactory.create(patient=patient, course=course, session=session)
        result(patient)
        requirement(course, date(2026, 11, 26) + timedelta(days=number))


def result(patient: Patient, **fields: Any) -> Result:
    fields.setdefault("report", None)
    report = fields.pop("report") or ReportFactory.create(patient=patient)
    told: dict[str, Any] = {
        "code": "1742-6", "display": "ALT", "value": Decimal(61), "unit": "U/L",
        "upper_limit": Decimal(34), "times_limit": Decimal("1.7941"), "grade": 1,
        "observed_at": report.collected_at, "status": "final", **fields,
    }  # fmt: skip
    return Result.objects.create(site=patient.site, report=report, patient=patient, **told)


def requirement(course: Course, due_on: date, **fields: Any) -> Requirement:
    """Due soon from a week before, overdue after a week."""
    told: dict[str, Any] = {
        "kind": "lft_periodic", "status": "open", "soon_on": due_on - timedelta(days=7),
        "overdue_on": due_on + timedelta(days=8), "blocks_when": "overdue", **fields,
    }  # fmt: skip
    return Requirement.objects.create(
        site=course.site,
        patient=course.patient,
        rule=current(RequirementRule, told["kind"]),
        subject_id=course.pk,
        subject_state=course.status,
        next_due_on=due_on,
        **told,
    )


def give(session: Session, by: User, **fields: Any) -> Infusion:
    check = GateCheck.objects.create(
        site=session.site, session=session, at=GIVEN_AT, by=by, decision="allow",
        facts={}, lines=[LINE], rule=current(CourseRule, "gate"),
    )  # fmt: skip
    told: dict[str, Any] = {
        "weight_kg": Decimal("70.0"), "weighed_on": date(2026, 11, 23),
        "mg_per_kg": Decimal("0.5"), "dose_mg": Decimal("35.0"), "given_mg": Decimal("35.0"),
        "concentration_mg_per_ml": Decimal(50), "drug_volume_ml": Decimal("0.70"),
        "total_volume_ml": Decimal(100), "rate_ml_per_h": Decimal(150), "started_at": GIVEN_AT,
        "ended_at": GIVEN_AT + timedelta(minutes=40), "given_on": date(2026, 11, 23), **fields,
    }  # fmt: skip
    return Infusion.objects.create(
        site=session.site,
        session=session,
        course=session.course,
        patient=session.course.patient,
        gate_check=check,
        started_by=by,
        **told,
    )
