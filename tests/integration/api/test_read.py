"""REST v1: who sees what, page by page, at a constant price, and what a refusal says."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from knox.models import get_token_model
from rest_framework.test import APIClient

from api import serializers
from clinic.models import Patient, Site, User
from clinic.queries import current
from courses.models import CourseRule, GateCheck, Infusion
from labs.models import Requirement, RequirementRule, Result
from tests.factories import (
    AssessmentFactory,
    CourseFactory,
    PatientFactory,
    ReportFactory,
    SessionFactory,
    member,
)

ROOT = Path(__file__).resolve().parents[3]
LISTS = ("patients", "courses", "assessments", "results", "requirements")
SHAPES = {
    "patients": serializers.Patient,
    "courses": serializers.Course,
    "assessments": serializers.Assessment,
    "results": serializers.Result,
    "requirements": serializers.Requirement,
}
# Savepoint and release, token, user, memberships, rows; two more for the parts of courses.
QUERIES = {"patients": 6, "courses": 8, "assessments": 6, "results": 6, "requirements": 6}
SignIn = Callable[[User], Client]


@pytest.fixture
def program(site: Site) -> User:
    return member(site, "integration", email="bridge@clinic.example")


def with_token(user: User) -> APIClient:
    _, token = get_token_model().objects.create(user=user)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {token}")
    return client


@pytest.fixture
def client(program: User) -> APIClient:
    return with_token(program)


def fill(site: Site, count: int) -> None:
    """`count` rows of every kind."""
    for number in range(count):
        patient = PatientFactory.create(site=site)
        course = CourseFactory.create(patient=patient, status="active")
        session = SessionFactory.create(course=course, status="completed")
        _give(session, course.prescriber)
        AssessmentFactory.create(patient=patient, course=course)
        report = ReportFactory.create(patient=patient)
        Result.objects.create(
            site=site,
            report=report,
            patient=patient,
            code="1742-6",
            display="ALT",
            value=Decimal("61"),
            unit="U/L",
            upper_limit=Decimal("34"),
            times_limit=Decimal("1.7941"),
            grade=1,
            observed_at=report.collected_at,
            status="final",
        )
        Requirement.objects.create(
            site=site,
            patient=patient,
            kind="lft_periodic",
            rule=current(RequirementRule, "lft_periodic"),
            subject_id=course.pk,
            subject_state="active",
            status="open",
            next_due_on=date(2026, 11, 26) + timedelta(days=number),
            overdue_on=date(2026, 12, 4),
            blocks_when="overdue",
        )


def _give(session: Any, by: User) -> None:
    at = datetime(2026, 11, 23, 9, tzinfo=UTC)
    check = GateCheck.objects.create(
        site=session.site,
        session=session,
        at=at,
        by=by,
        decision="allow",
        facts={},
        lines=[],
        rule=current(CourseRule, "gate"),
    )
    Infusion.objects.create(
        site=session.site,
        session=session,
        course=session.course,
        patient=session.course.patient,
        gate_check=check,
        weight_kg=Decimal("70.0"),
        weighed_on=date(2026, 11, 23),
        mg_per_kg=Decimal("0.5"),
        dose_mg=Decimal("35.0"),
        given_mg=Decimal("35.0"),
        concentration_mg_per_ml=Decimal(50),
        drug_volume_ml=Decimal("0.70"),
        total_volume_ml=Decimal(100),
        rate_ml_per_h=Decimal(150),
        started_at=at,
        ended_at=at + timedelta(minutes=40),
        given_on=date(2026, 11, 23),
        started_by=by,
    )


def rows(client: APIClient, name: str, **asked: str) -> list[dict[str, Any]]:
    answer = client.get(f"/api/v1/{name}/", asked)
    assert answer.status_code == 200, answer.content
    return list(json.loads(answer.content)["results"])


@pytest.mark.parametrize("name", LISTS)
def test_a_list_costs_the_same_at_any_length(site: Site, client: APIClient, name: str) -> None:
    for count in (2, 10):
        fill(site, count)
        with CaptureQueriesContext(connection) as queries:
            found = rows(client, name)
        assert len(queries) == QUERIES[name], [q["sql"][:90] for q in queries]
    assert len(found) == 12


@pytest.mark.parametrize("name", LISTS)
def test_rows_agree_with_the_published_shape(site: Site, client: APIClient, name: str) -> None:
    """What a plain serializer would say of the same row, to the letter."""
    fill(site, 1)
    row = rows(client, name)[0]
    shape = SHAPES[name]()
    assert set(row) == set(shape.fields)
    plain = shape.to_internal_value(row) if hasattr(shape, "to_internal_value") else {}
    assert json.loads(json.dumps(shape.to_representation(plain))).keys() == row.keys()


def test_a_course_with_what_was_given(site: Site, client: APIClient) -> None:
    fill(site, 1)
    (course,) = rows(client, "courses", status="active")
    assert course["protocol_code"] == "trd_standard"
    assert course["mg_per_kg"] == "0.500"
    (session,) = course["sessions"]
    assert session["infusion"]["dose_mg"] == "35.0"
    assert session["infusion"]["started_at"] == "2026-11-23T09:00:00Z"
    one = client.get(f"/api/v1/courses/{course['id']}/")
    assert json.loads(one.content) == course


@pytest.mark.parametrize("name", LISTS)
def test_a_stranger_finds_nothing_and_a_foreign_row_is_no_row(
    site: Site, other_site: Site, client: APIClient, name: str
) -> None:
    fill(site, 1)
    row = rows(client, name)[0]
    foreign = with_token(member(other_site, "integration"))
    assert rows(foreign, name) == []
    there = foreign.get(f"/api/v1/{name}/{row['id']}/")
    nowhere = foreign.get(f"/api/v1/{name}/{uuid4()}/")
    assert (there.status_code, nowhere.status_code) == (404, 404)
    assert there.content == nowhere.content
    assert json.loads(there.content)["code"] == "not_found"


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("role", ["coordinator", "site_admin", "auditor"])
def test_roles_without_the_api_are_refused(site: Site, name: str, role: str) -> None:
    answer = with_token(member(site, role)).get(f"/api/v1/{name}/")
    assert answer.status_code == 403
    assert answer["Content-Type"] == "application/problem+json"
    assert json.loads(answer.content)["code"] == "not_allowed"


@pytest.mark.parametrize("name", LISTS)
def test_without_a_token_nothing_opens(db: None, name: str) -> None:
    answer = APIClient().get(f"/api/v1/{name}/")
    assert answer.status_code == 401
    assert json.loads(answer.content)["code"] == "not_signed_in"


def test_an_ended_token_opens_nothing(program: User) -> None:
    row, token = get_token_model().objects.create(user=program)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {token}")
    assert client.get("/api/v1/").status_code == 200
    row.expiry = timezone.now() - timedelta(seconds=1)
    row.save()
    assert client.get("/api/v1/").status_code == 401


def test_somebody_switched_off_opens_nothing(program: User, client: APIClient) -> None:
    program.is_active = False
    program.save()
    assert client.get("/api/v1/patients/").status_code == 401


def test_pages_reach_the_end_while_others_write(site: Site, client: APIClient) -> None:
    wanted = [str(PatientFactory.create(site=site).pk) for _ in range(5)]
    seen: list[str] = []
    url: str | None = "/api/v1/patients/?page_size=2"
    while url:
        page = json.loads(client.get(url).content)
        seen += [row["id"] for row in page["results"]]
        url = page["next"]
        if len(seen) == 2:
            late = str(PatientFactory.create(site=site).pk)
    assert seen == [*wanted, late]


@pytest.mark.parametrize(
    ("name", "asked", "count"),
    [
        ("patients", {"record_number": "none such"}, 0),
        ("courses", {"status": "active"}, 2),
        ("courses", {"protocol": "trd_high_dose"}, 0),
        ("assessments", {"scale": "phq9"}, 2),
        ("assessments", {"taken_since": "2026-11-21T00:00:00Z"}, 0),
        ("results", {"status": "corrected"}, 0),
        ("requirements", {"due_before": "2026-11-26"}, 1),
        ("requirements", {"kind": "lft_periodic"}, 2),
        ("patients", {"updated_since": "2099-01-01T00:00:00Z"}, 0),
    ],
)
def test_filters(
    site: Site, client: APIClient, name: str, asked: dict[str, str], count: int
) -> None:
    fill(site, 2)
    assert len(rows(client, name, **asked)) == count


@pytest.mark.parametrize(
    ("name", "asked", "field"),
    [
        ("patients", {"nmae": "x"}, "nmae"),
        ("courses", {"patient": "not-a-uuid"}, "patient"),
        ("results", {"updated_since": "yesterday"}, "updated_since"),
        ("requirements", {"due_before": "31 November"}, "due_before"),
        ("patients", {"page_size": "0"}, "page_size"),
        ("patients", {"page_size": "201"}, "page_size"),
        ("patients", {"page_size": "x"}, "page_size"),
        ("patients", {"cursor": "x"}, "cursor"),
    ],
)
def test_a_wrong_question_is_refused_by_name(
    client: APIClient, name: str, asked: dict[str, str], field: str
) -> None:
    answer = client.get(f"/api/v1/{name}/", asked)
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    found = json.loads(answer.content)
    assert found["errors"][0]["field"] == field
    assert found["errors"][0]["message"]


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_nothing_is_written_here(client: APIClient, method: str) -> None:
    answer = getattr(client, method)("/api/v1/patients/", {}, format="json")
    assert answer.status_code == 405
    assert json.loads(answer.content)["code"] == "method_not_allowed"
    assert Patient.objects.count() == 0


def test_another_form_is_not_to_be_had(client: APIClient) -> None:
    answer = client.get("/api/v1/patients/", headers={"Accept": "text/csv"})
    assert answer.status_code == 406


def test_the_index_names_every_list(client: APIClient) -> None:
    assert set(json.loads(client.get("/api/v1/").content)) == set(LISTS)


def test_the_schema_is_whole(db: None) -> None:
    out = StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=out)
    assert "openapi: 3.1" in out.getvalue()


def test_the_docs_open_for_those_who_sign_in(nurse: User, as_user: SignIn) -> None:
    answer = as_user(nurse).get("/api/docs/")
    assert answer.status_code == 200
    # The content policy lets no script of the page itself run; this one comes as a file.
    assert b"<script>" not in answer.content
    assert APIClient().get("/api/docs/").status_code == 401


def test_a_token_is_made_and_shown_once(site: Site) -> None:
    out = StringIO()
    call_command("create_token", "bridge@clinic.example", site="riverside", stdout=out)
    token = out.getvalue().strip()
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {token}")
    assert client.get("/api/v1/patients/").status_code == 200
    user = User.objects.get(email="bridge@clinic.example")
    assert not user.has_usable_password()
    assert not user.is_staff
    assert token not in str(list(get_token_model().objects.values()))
    call_command("create_token", "bridge@clinic.example", site="riverside", stdout=StringIO())
    assert user.memberships.count() == 1


@pytest.mark.parametrize(
    ("email", "options", "words"),
    [
        ("a@b.example", {"site": "nowhere"}, "There is no site “nowhere”"),
        ("a@b.example", {"site": "riverside", "days": 91}, "from 1 to 90"),
        ("nils@clinic.example", {"site": "riverside"}, "belongs to a person"),
    ],
)
def test_a_token_is_refused_in_words(
    nurse: User, email: str, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(CommandError, match=words):
        call_command("create_token", email, **options)
    assert get_token_model().objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_the_published_example_runs(live_server: Any, site: Site, program: User) -> None:
    fill(site, 1)
    _, token = get_token_model().objects.create(user=program)
    text = (ROOT / "docs/reference/api.md").read_text(encoding="utf-8")
    found = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    assert found
    done = subprocess.run(
        [sys.executable, "-c", found.group(1)],
        env={**os.environ, "TOKEN": token, "DAYBREAK": live_server.url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith("active 1 of 6")
