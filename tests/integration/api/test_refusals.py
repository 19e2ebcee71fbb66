"""REST v1: who is let in, what a stranger finds, and what every refusal says."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from knox.models import get_token_model
from rest_framework.exceptions import ErrorDetail, NotAcceptable, ValidationError
from rest_framework.test import APIClient
from rest_framework.throttling import UserRateThrottle

from api.errors import problem
from clinic.errors import Conflict, DomainError, Invalid, NotAllowed, NotFound, Refused
from clinic.models import Patient, Site, User
from clinic.rules.errors import RuleError
from tests.factories import MembershipFactory, PatientFactory, member
from tests.integration.api.scene import LISTS, fill, refused, rows, with_token

# The same in every worker of a parallel run.
ABSENT = "00000000-0000-7000-8000-000000000000"


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
    assert refused(there, 404)["code"] == "not_found"
    assert there.content == nowhere.content


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("role", ["coordinator", "site_admin", "auditor"])
def test_roles_without_the_api_are_refused(site: Site, name: str, role: str) -> None:
    told = refused(with_token(member(site, role)).get(f"/api/v1/{name}/"), 403)
    assert (told["code"], told["detail"]) == ("not_allowed", "Your role does not open this.")


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("role", ["nurse", "prescriber", "lead", "integration"])
def test_roles_with_the_api_read_every_list(site: Site, name: str, role: str) -> None:
    fill(site, 1)
    assert len(rows(with_token(member(site, role)), name)) == 1


def test_the_api_at_one_site_opens_no_other(site: Site, other_site: Site, nurse: User) -> None:
    """A coordinator sees patients on pages, but may not pull them by the API."""
    MembershipFactory.create(site=other_site, user=nurse, role="coordinator")
    mine = PatientFactory.create(site=site)
    theirs = PatientFactory.create(site=other_site)
    client = with_token(nurse)
    assert [row["id"] for row in rows(client, "patients")] == [str(mine.pk)]
    assert client.get(f"/api/v1/patients/{theirs.pk}/").status_code == 404


def test_a_membership_switched_off_opens_nothing(program: User, client: APIClient) -> None:
    program.memberships.update(is_active=False)
    refused(client.get("/api/v1/patients/"), 403)


@pytest.mark.parametrize(
    "path", ["", *(f"{n}/" for n in LISTS), f"patients/{ABSENT}/", "patients/x/", "nothing/"]
)
def test_without_a_token_nothing_opens(db: None, path: str) -> None:
    answer = APIClient().get(f"/api/v1/{path}")
    assert refused(answer, 401)["code"] == "not_signed_in"
    assert answer["WWW-Authenticate"] == "Token"


@pytest.mark.parametrize(
    "header", ["Token", "Token a b", "Token abc", f"Token {'a' * 64}", "Token \xff\xfe", "Token \0"]
)
def test_a_wrong_token_opens_nothing(client: APIClient, header: str) -> None:
    client.credentials(HTTP_AUTHORIZATION=header)
    assert refused(client.get("/api/v1/patients/"), 401)["code"] == "not_signed_in"


def test_an_ended_or_withdrawn_token_opens_nothing(program: User) -> None:
    row, token = get_token_model().objects.create(user=program)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {token}")
    assert client.get("/api/v1/").status_code == 200
    row.expiry = timezone.now() - timedelta(seconds=1)
    row.save()
    refused(client.get("/api/v1/"), 401)
    row.expiry = timezone.now() + timedelta(minutes=1)
    row.save()
    assert client.get("/api/v1/").status_code == 200
    row.delete()
    refused(client.get("/api/v1/"), 401)


def test_somebody_switched_off_opens_nothing(program: User, client: APIClient) -> None:
    program.is_active = False
    program.save()
    refused(client.get("/api/v1/patients/"), 401)


def test_a_signed_in_person_reads_without_a_token(
    site: Site, nurse: User, coordinator: User, as_user: Any
) -> None:
    fill(site, 1)
    assert len(json.loads(as_user(nurse).get("/api/v1/courses/").content)["results"]) == 1
    refused(as_user(coordinator).get("/api/v1/courses/"), 403)


@pytest.mark.parametrize(
    ("name", "asked", "field", "code"),
    [
        ("patients", {"nmae": "x"}, "nmae", "unknown_parameter"),
        ("patients", {"site__name": "x"}, "site__name", "unknown_parameter"),
        ("patients", {"format": "xml"}, "format", "unknown_parameter"),
        ("patients", {"record_number": ["a", "b"]}, "record_number", "given_twice"),
        ("patients", {"record_number": "a\0b"}, "record_number", "null_characters_not_allowed"),
        ("courses", {"patient": "not-a-uuid"}, "patient", "invalid"),
        ("courses", {"status": "finished"}, "status", "invalid_choice"),
        ("courses", {"updated_since": "yesterday"}, "updated_since", "invalid"),
        ("requirements", {"state": "late"}, "state", "invalid_choice"),
        ("results", {"updated_since": "yesterday"}, "updated_since", "invalid"),
        ("results", {"updated_since": "2026-02-30T00:00:00Z"}, "updated_since", "invalid"),
        ("requirements", {"due_before": "31 November"}, "due_before", "invalid"),
        ("patients", {"page_size": "0"}, "page_size", "out_of_range"),
        ("patients", {"page_size": "201"}, "page_size", "out_of_range"),
        ("patients", {"page_size": "-1"}, "page_size", "out_of_range"),
        ("patients", {"page_size": "9" * 5000}, "page_size", "out_of_range"),
        ("patients", {"page_size": "٣"}, "page_size", "out_of_range"),
        ("patients", {"cursor": "x"}, "cursor", "not_a_cursor"),
    ],
)
def test_a_wrong_question_is_refused_by_name(
    client: APIClient, name: str, asked: dict[str, Any], field: str, code: str
) -> None:
    told = refused(client.get(f"/api/v1/{name}/", asked), 400)
    assert told["code"] == "invalid"
    (row,) = told["errors"]
    assert (row["field"], row["code"]) == (field, code)
    assert row["message"].endswith(".")


def test_one_row_takes_no_parameters(site: Site, client: APIClient) -> None:
    patient = PatientFactory.create(site=site)
    told = refused(client.get(f"/api/v1/patients/{patient.pk}/", {"status": "x"}), 400)
    assert told["errors"][0]["field"] == "status"


@pytest.mark.parametrize(
    "path",
    [
        "v1/patients/not-a-uuid/",
        "v1/patients/1/",
        "v1/nothing/",
        "v2/patients/",
        "",
        "v1/patients/%00/",
    ],
)
def test_an_address_that_is_not_there(client: APIClient, path: str) -> None:
    assert refused(client.get(f"/api/{path}"), 404)["code"] == "not_found"


def test_an_address_without_its_slash_is_sent_on(client: APIClient) -> None:
    answer = client.get("/api/v1/patients?page_size=1")
    assert (answer.status_code, answer["Location"]) == (301, "/api/v1/patients/?page_size=1")


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "trace"])
@pytest.mark.parametrize("path", ["", "patients/", f"courses/{ABSENT}/"])
def test_nothing_is_written_here(client: APIClient, method: str, path: str) -> None:
    answer = client.generic(method.upper(), f"/api/v1/{path}", "{}", "application/json")
    assert refused(answer, 405)["code"] == "method_not_allowed"
    assert answer["Allow"] == "GET, HEAD, OPTIONS"
    assert Patient.objects.count() == 0


@pytest.mark.parametrize("accept", ["text/csv", "application/xml", "text/html"])
def test_another_form_is_not_to_be_had(client: APIClient, accept: str) -> None:
    told = refused(client.get("/api/v1/patients/", headers={"Accept": accept}), 406)
    assert told["code"] == "not_acceptable"


def test_too_many_questions_are_told_when_to_come_back(
    client: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(UserRateThrottle, "THROTTLE_RATES", {"user": "2/min"})
    assert [client.get("/api/v1/").status_code for _ in range(2)] == [200, 200]
    answer = client.get("/api/v1/")
    assert refused(answer, 429)["code"] == "too_many_requests"
    assert 0 < int(answer["Retry-After"]) <= 60


class Stale(Conflict):
    """A kind that somebody adds later."""


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Invalid("bad", "Bad.", "name"), 400),
        (NotAllowed("no", "No.", "name"), 403),
        (NotFound("none", "None.", "name"), 404),
        (Conflict("taken", "Taken.", "name"), 409),
        (Stale("stale", "Stale.", "name"), 409),
        (Refused("held", "Held.", "name"), 422),
        (RuleError("odd", "name", "Odd."), 400),
    ],
)
def test_one_table_from_error_to_status(error: DomainError | RuleError, status: int) -> None:
    answer = problem(error, {})
    assert answer is not None
    assert answer.status_code == status
    assert answer.data["code"] == error.code
    assert answer.data["errors"] == [
        {"field": "name", "code": error.code, "message": error.message}
    ]


def test_an_error_of_no_field_names_none() -> None:
    answer = problem(Refused("held", "Held."), {})
    assert answer is not None
    assert (answer.data["detail"], answer.data["errors"]) == ("Held.", [])


def test_nested_errors_name_their_way() -> None:
    detail = {"sessions": {"0": [ErrorDetail("Too high.", code="max")]}}
    answer = problem(ValidationError(detail), {})
    assert answer is not None
    assert answer.data["errors"] == [{"field": "sessions.0", "code": "max", "message": "Too high."}]


def test_an_unforeseen_error_is_left_to_the_server() -> None:
    assert problem(ZeroDivisionError(), {}) is None
    assert problem(NotAcceptable(), {}) is not None


# Anything that a program may put behind the question mark.
ODD = st.text(max_size=40) | st.sampled_from(
    ["0001-01-01", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "1e400", "null", "%s"]
)
FILTERS = (
    "cursor", "page_size", "updated_since", "taken_since", "observed_since", "due_before",
    "patient", "course", "status", "state", "scale", "record_number",
)  # fmt: skip


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(name=st.sampled_from(LISTS), asked=st.sampled_from(FILTERS), value=ODD)
def test_no_question_breaks_the_server(
    client: APIClient, name: str, asked: str, value: str
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(UserRateThrottle, "THROTTLE_RATES", {"user": "100000/min"})
        answer = client.get(f"/api/v1/{name}/", {asked: value.encode("utf-8", "replace")})
    assert answer.status_code in {200, 400}


def test_a_page_of_the_api_is_not_the_login_page(db: None) -> None:
    answer = Client().get("/api/schema/")
    assert refused(answer, 401)["code"] == "not_signed_in"
