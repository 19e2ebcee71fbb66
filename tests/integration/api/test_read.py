"""REST v1: rows with their parts, page by page, filtered, at a constant price."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from clinic.models import Site
from clinic.queries import current
from courses.models import Assessment, Course, Infusion, Session
from labs.models import Analyte, Requirement
from tests.factories import AssessmentFactory, CourseFactory, PatientFactory, SessionFactory
from tests.integration.api.scene import LISTS, fill, give, requirement, result, rows

# Savepoint and release, the token with its user, the memberships, the rows with all their parts.
QUERIES = 5


@pytest.mark.parametrize("name", LISTS)
def test_a_list_costs_the_same_at_any_length(site: Site, client: APIClient, name: str) -> None:
    for count in (2, 10):
        fill(site, count)
        with CaptureQueriesContext(connection) as queries:
            found = rows(client, name)
        assert len(queries) == QUERIES, [q["sql"][:90] for q in queries]
    assert len(found) == 12


@pytest.mark.parametrize("name", LISTS)
def test_one_row_is_the_same_as_in_the_list(site: Site, client: APIClient, name: str) -> None:
    fill(site, 1)
    (row,) = rows(client, name)
    with CaptureQueriesContext(connection) as queries:
        one = client.get(f"/api/v1/{name}/{row['id']}/")
    assert len(queries) == QUERIES
    assert json.loads(one.content) == row


@time_machine.travel(datetime(2026, 11, 27, 12, tzinfo=UTC), tick=False)
def test_a_course_with_its_parts(site: Site, client: APIClient) -> None:
    fill(site, 1)
    (course,) = rows(client, "courses", status="active")
    assert (course["protocol_code"], course["mg_per_kg"]) == ("trd_standard", "0.500")
    (session,) = course["sessions"]
    assert session["appointment"]["status"] == "fulfilled"
    assert session["appointment"]["starts_at"] == "2026-11-23T08:30:00.000000Z"
    assert session["infusion"]["dose_mg"] == "35.0"
    assert session["infusion"]["started_at"] == "2026-11-23T09:00:00.000000Z"
    (score,) = course["scores"]
    assert (score["scale_code"], score["total"]) == ("phq9", 16)
    (due,) = course["requirements"]
    assert (due["kind"], due["state"], due["lateness_days"]) == ("lft_periodic", "due", 1)


def test_a_course_without_parts_has_empty_lists(site: Site, client: APIClient) -> None:
    course = CourseFactory.create(patient__site=site)
    SessionFactory.create(course=course)
    (row,) = rows(client, "courses")
    assert (row["scores"], row["requirements"]) == ([], [])
    assert (row["sessions"][0]["infusion"], row["sessions"][0]["appointment"]) == (None, None)


def test_sessions_come_in_order_with_what_took_their_place(site: Site, client: APIClient) -> None:
    course = CourseFactory.create(patient__site=site)
    third = SessionFactory.create(course=course, number=3)
    missed = SessionFactory.create(course=course, number=1, status="missed")
    again = SessionFactory.create(course=course, number=1, replaces=missed)
    found = rows(client, "courses")[0]["sessions"]
    assert [row["id"] for row in found] == [str(missed.pk), str(again.pk), str(third.pk)]
    assert [row["status"] for row in found] == ["missed", "planned", "planned"]
    assert found[0]["replaced_by_id"] == str(again.pk)
    assert found[1]["replaces_id"] == str(missed.pk)


def test_a_draft_and_a_replaced_form_are_no_scores_but_stay_listed(
    site: Site, client: APIClient
) -> None:
    course = CourseFactory.create(patient__site=site)
    told: dict[str, Any] = {"patient": course.patient, "course": course}
    old = AssessmentFactory.create(status="superseded", total=20, **told)
    new = AssessmentFactory.create(status="corrected", total=12, replaces=old, **told)
    AssessmentFactory.create(status="draft", total=None, band="", **told)
    assert [score["total"] for score in rows(client, "courses")[0]["scores"]] == [12]
    found = {row["status"]: row for row in rows(client, "assessments")}
    assert set(found) == {"superseded", "corrected", "draft"}
    assert found["superseded"]["replaced_by_id"] == str(new.pk)
    assert found["corrected"]["replaces_id"] == str(old.pk)


def test_withdrawn_and_corrected_results_stay_with_links(site: Site, client: APIClient) -> None:
    patient = PatientFactory.create(site=site)
    old = result(patient, status="superseded")
    new = result(patient, status="corrected", report=old.report, replaces=old, value="59.5")
    gone = result(patient, status="entered_in_error")
    found = {row["id"]: row for row in rows(client, "results")}
    assert found[str(old.pk)]["replaced_by_id"] == str(new.pk)
    assert found[str(new.pk)]["replaces_id"] == str(old.pk)
    assert found[str(new.pk)]["value"] == "59.500000"
    assert found[str(gone.pk)]["status"] == "entered_in_error"


@pytest.mark.parametrize(
    ("at", "state", "late"),
    [
        # Due on 26 November: soon from the 19th, overdue from 4 December.
        ("2026-11-18T12:00Z", "not_due", 0),
        ("2026-11-19T12:00Z", "due_soon", 0),
        ("2026-11-25T12:00Z", "due_soon", 0),
        ("2026-11-26T12:00Z", "due", 0),
        ("2026-12-03T12:00Z", "due", 7),
        ("2026-12-04T12:00Z", "overdue", 8),
        # Still the day before by the clock of New York.
        ("2026-11-26T04:59Z", "due_soon", 0),
        ("2026-11-26T05:00Z", "due", 0),
    ],
)
def test_the_state_follows_the_sites_own_day(
    site: Site, client: APIClient, at: str, state: str, late: int
) -> None:
    site.time_zone = "America/New_York"
    site.save()
    requirement(CourseFactory.create(patient__site=site), date(2026, 11, 26))
    with time_machine.travel(datetime.fromisoformat(at), tick=False):
        (row,) = rows(client, "requirements")
        assert (row["state"], row["lateness_days"]) == (state, late)
        assert len(rows(client, "requirements", state=state)) == 1
    assert row["title"] == Requirement.objects.get().rule.title


@time_machine.travel(datetime(2027, 1, 15, 12, tzinfo=UTC), tick=False)
@pytest.mark.parametrize("status", ["suspended", "closed"])
def test_what_rests_or_ended_is_never_late(site: Site, client: APIClient, status: str) -> None:
    requirement(CourseFactory.create(patient__site=site), date(2026, 11, 26), status=status)
    (row,) = rows(client, "requirements")
    assert (row["state"], row["lateness_days"]) == (status, 0)


def test_contact_ways_stay_inside(site: Site, client: APIClient) -> None:
    PatientFactory.create(site=site, email="ngozi@mail.example", phone="020 7946 0999")
    answer = client.get("/api/v1/patients/")
    assert b"ngozi@mail.example" not in answer.content
    assert b"7946" not in answer.content


def test_pages_reach_the_end_while_others_write(site: Site, client: APIClient) -> None:
    made = [PatientFactory.create(site=site) for _ in range(5)]
    seen: list[str] = []
    url: str | None = "/api/v1/patients/?page_size=2"
    while url:
        page = json.loads(client.get(url).content)
        seen += [row["id"] for row in page["results"]]
        url = page["next"]
        if len(seen) == 2:
            late = PatientFactory.create(site=site)
            # What was passed and what is to come change under the reader.
            made[0].save()
            made[4].save()
    assert seen == [str(patient.pk) for patient in [*made, late]]


def test_the_next_page_keeps_the_filters(site: Site, client: APIClient) -> None:
    fill(site, 3)
    CourseFactory.create(patient__site=site, status="planned")
    first = json.loads(client.get("/api/v1/courses/?status=active&page_size=2").content)
    second = json.loads(client.get(first["next"]).content)
    assert (len(first["results"]), len(second["results"]), second["next"]) == (2, 1, None)


def test_a_page_of_exactly_all_rows_has_no_next(site: Site, client: APIClient) -> None:
    PatientFactory.create_batch(2, site=site)
    page = json.loads(client.get("/api/v1/patients/?page_size=2").content)
    assert (len(page["results"]), page["next"]) == (2, None)


@pytest.mark.parametrize(
    ("name", "asked", "count"),
    [
        ("patients", {"record_number": "none such"}, 0),
        ("patients", {"updated_since": "2099-01-01T00:00:00Z"}, 0),
        ("patients", {"updated_since": "2026-01-01"}, 2),
        ("courses", {"status": "active"}, 2),
        ("courses", {"status": "paused"}, 0),
        ("courses", {"protocol": "trd_high_dose"}, 0),
        ("assessments", {"scale": "phq9"}, 2),
        ("assessments", {"scale": "madrs"}, 0),
        ("assessments", {"taken_since": "2026-11-20T10:00:00Z"}, 2),
        ("assessments", {"taken_since": "2026-11-20T10:00:01Z"}, 0),
        ("results", {"status": "corrected"}, 0),
        ("results", {"observed_since": "2026-11-16T10:00:00+01:00"}, 2),
        ("requirements", {"due_before": "2026-11-26"}, 0),
        ("requirements", {"due_before": "2026-11-27"}, 1),
        ("requirements", {"kind": "lft_periodic", "status": "open"}, 2),
        ("requirements", {"status": "closed"}, 0),
    ],
)
def test_filters(
    site: Site, client: APIClient, name: str, asked: dict[str, str], count: int
) -> None:
    fill(site, 2)
    assert len(rows(client, name, **asked)) == count


def test_results_of_one_analyte(site: Site, client: APIClient) -> None:
    patient = PatientFactory.create(site=site)
    result(patient)
    known = result(patient, analyte=current(Analyte, "ALT"))
    (row,) = rows(client, "results", analyte="ALT")
    assert (row["id"], row["analyte"]) == (str(known.pk), "ALT")
    assert len(rows(client, "results", report=known.report_id)) == 1


@pytest.mark.parametrize("name", ["courses", "assessments", "results", "requirements"])
def test_rows_of_one_patient(site: Site, client: APIClient, name: str) -> None:
    fill(site, 2)
    first = rows(client, name)[0]
    assert rows(client, name, patient=first["patient_id"]) == [first]
    assert rows(client, name, patient=uuid4()) == []


@pytest.mark.parametrize("name", ["assessments", "requirements"])
def test_rows_of_one_course(site: Site, client: APIClient, name: str) -> None:
    fill(site, 2)
    first = rows(client, name)[0]
    assert rows(client, name, course=first["course_id"]) == [first]


@pytest.mark.parametrize("part", [Course, Session, Infusion, Assessment, Requirement, "booking"])
def test_a_course_changes_with_each_of_its_parts(site: Site, client: APIClient, part: Any) -> None:
    fill(site, 2)
    course = Course.objects.order_by("pk")[0]
    since = timezone.now()
    assert rows(client, "courses", updated_since=since.isoformat()) == []
    held = {
        Course: course,
        Session: course.sessions.get(),
        Infusion: course.infusions.get(),
        Assessment: course.assessments.get(),
        Requirement: Requirement.objects.get(subject_id=course.pk),
        "booking": course.sessions.get().appointment,
    }[part]
    assert held is not None
    held.save()
    found = rows(client, "courses", updated_since=since.isoformat())
    assert [row["id"] for row in found] == [str(course.pk)]


def test_a_withdrawn_infusion_says_so(site: Site, client: APIClient) -> None:
    course = CourseFactory.create(patient__site=site)
    at = datetime(2026, 11, 23, 11, 0, 0, 250, tzinfo=UTC)
    given = give(SessionFactory.create(course=course), course.prescriber, entered_in_error_at=at)
    assert given.ended_at == datetime(2026, 11, 23, 9, 40, tzinfo=UTC)
    (session,) = rows(client, "courses")[0]["sessions"]
    assert session["infusion"]["entered_in_error_at"] == "2026-11-23T11:00:00.000250Z"


def test_the_index_names_every_list(client: APIClient) -> None:
    found = json.loads(client.get("/api/v1/").content)
    assert found == {name: f"http://testserver/api/v1/{name}/" for name in LISTS}


@pytest.mark.parametrize("name", LISTS)
def test_head_and_options_answer(site: Site, client: APIClient, name: str) -> None:
    fill(site, 1)
    assert client.head(f"/api/v1/{name}/").status_code == 200
    told = client.options(f"/api/v1/{name}/")
    assert told.status_code == 200
    assert told["Allow"] == "GET, HEAD, OPTIONS"


def test_what_is_read_is_not_kept_by_anybody_between(client: APIClient) -> None:
    assert "no-store" in client.get("/api/v1/patients/")["Cache-Control"]


def test_updated_since_is_inclusive(site: Site, client: APIClient) -> None:
    patient = PatientFactory.create(site=site)
    at = patient.updated_at
    assert len(rows(client, "patients", updated_since=at.isoformat())) == 1
    later = at + timedelta(microseconds=1)
    assert rows(client, "patients", updated_since=later.isoformat()) == []
