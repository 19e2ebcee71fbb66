"""Pages: who opens them, what they cost, what they say when they refuse, what they keep."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic.models import Chair, Patient, Site, User
from courses.models import Assessment, Course
from labs.models import Report, Task, UrinaryCheck
from tests.factories import (
    AppointmentFactory,
    AssessmentFactory,
    MembershipFactory,
    PatientFactory,
    ReportFactory,
    TaskFactory,
    member,
    protocol,
    scale,
)
from tests.integration.courses import scene

SignIn = Callable[[User], Client]
ROLES = ("coordinator", "nurse", "prescriber", "lead", "site_admin", "auditor", "integration")
CARE = {"nurse", "prescriber", "lead"}
DESK = CARE | {"coordinator"}


def text(answer: Any) -> str:
    return str(answer.content.decode())


@pytest.fixture
def paths(course: Course, patient: Patient) -> dict[str, tuple[str, set[str]]]:
    """Every page with a row of its own, and who may open it."""
    report = ReportFactory.create(patient=patient)
    task = TaskFactory.create(patient=patient)
    session = scene.session(course)
    every = {
        "today": (reverse("today"), DESK | {"integration"}),
        "worklist": (reverse("worklist"), DESK | {"integration"}),
        "patients": (reverse("patients"), DESK | {"integration"}),
        "patient_new": (reverse("patient_new"), DESK),
        "patient_chart": (reverse("patient_chart", args=[patient.pk]), DESK | {"integration"}),
        "course_new": (reverse("course_new", args=[patient.pk]), {"prescriber", "lead"}),
        "course_detail": (reverse("course_detail", args=[course.pk]), DESK | {"integration"}),
        "course_stop": (reverse("course_stop", args=[course.pk]), {"prescriber", "lead"}),
        "session_detail": (reverse("session_detail", args=[session.pk]), CARE),
        "assessment_new": (reverse("assessment_new", args=[patient.pk, "phq9"]), CARE),
        "panel_new": (reverse("panel_new", args=[patient.pk]), CARE),
        "urinary_new": (reverse("urinary_new", args=[patient.pk]), CARE),
        "report_detail": (reverse("report_detail", args=[report.pk]), CARE | {"integration"}),
        "patient_decisions": (
            reverse("patient_decisions", args=[patient.pk]),
            CARE | {"integration"},
        ),
        "patient_decisions_pdf": (
            reverse("patient_decisions_pdf", args=[patient.pk]),
            CARE | {"integration"},
        ),
        "report_withdraw": (reverse("report_withdraw", args=[report.pk]), CARE),
        "task_resolve": (reverse("task_resolve", args=[task.pk]), DESK),
    }
    return every


@pytest.mark.parametrize("role", ROLES)
def test_each_role_opens_exactly_its_pages(
    site: Site, as_user: SignIn, paths: dict[str, tuple[str, set[str]]], role: str
) -> None:
    client = as_user(member(site, role))
    for name, (path, may) in paths.items():
        answer = client.get(path)
        assert answer.status_code == (200 if role in may else 403), name


def test_nobody_opens_a_page_without_signing_in(
    paths: dict[str, tuple[str, set[str]]],
) -> None:
    for path, _ in paths.values():
        answer = Client().get(path)
        assert answer.status_code == 302
        assert answer["Location"].startswith(reverse("account_login"))


def test_a_stranger_finds_no_such_thing(
    other_site: Site, as_user: SignIn, paths: dict[str, tuple[str, set[str]]]
) -> None:
    client = as_user(member(other_site, "lead"))
    of_site = {"today", "worklist", "patients", "patient_new"}
    for name, (path, _) in paths.items():
        if name not in of_site:
            assert client.get(path).status_code == 404, name
    assert "Okafor" not in text(client.get(reverse("patients")))
    assert "Okafor" not in text(client.get(reverse("worklist")))


def test_pages_of_people_are_not_kept_by_the_browser(nurse: User, as_user: SignIn) -> None:
    assert as_user(nurse).get(reverse("today"))["Cache-Control"] == "no-store"


def queries(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as found:
        assert client.get(path).status_code == 200
    return len(found)


@pytest.mark.parametrize(("name", "most"), [("today", 12), ("worklist", 12), ("patients", 12)])
def test_a_list_costs_the_same_at_any_length(
    site: Site, nurse: User, as_user: SignIn, name: str, most: int
) -> None:
    client = as_user(nurse)
    counts = []
    for more in (2, 8):
        for _ in range(more):
            patient = PatientFactory.create(site=site)
            AppointmentFactory.create(patient=patient)
            TaskFactory.create(patient=patient)
        counts.append(queries(client, reverse(name)))
    assert counts[0] == counts[1]
    assert counts[1] <= most


def test_a_chart_costs_the_same_with_many_rows(
    course: Course, patient: Patient, nurse: User, as_user: SignIn
) -> None:
    client = as_user(nurse)
    path = reverse("patient_chart", args=[patient.pk])
    AssessmentFactory.create(patient=patient, course=course)
    first = queries(client, path)
    for _ in range(6):
        AssessmentFactory.create(patient=patient, course=course)
        ReportFactory.create(patient=patient)
    assert queries(client, path) <= first + 1


def test_what_was_typed_stays_beside_the_error(
    course: Course, nurse: User, as_user: SignIn
) -> None:
    path = reverse("session_detail", args=[scene.session(course).pk])
    answer = as_user(nurse).post(
        path,
        {
            "check": "1",
            "sbp": "1280",
            "dbp": "78",
            "spo2": "98",
            "weight_kg": "70.2",
            "weighed_on": "2026-11-26",
            "pregnancy": "negative",
            "fasting_kept": "yes",
            "escort": "yes",
            "airway_equipment": "yes",
            "capnography": "yes",
        },
    )
    said = text(answer)
    assert "is not possible" in said
    assert 'value="70.2"' in said
    assert "Everything you typed is still here" in said
    assert not scene.session(course).gate_checks.exists()


def test_a_course_is_proposed_before_it_is_booked(
    clock: time_machine.Traveller,
    patient: Patient,
    prescriber: User,
    chair: Chair,
    as_user: SignIn,
) -> None:
    client = as_user(prescriber)
    path = reverse("course_new", args=[patient.pk])
    form = text(client.get(path))
    assert "Show the proposal" in form
    wish = {
        "protocol": protocol("trd_standard").pk,
        "mg_per_kg": "0.5",
        "planned_count": "6",
        "primary_scale": scale("madrs").pk,
        "prescriber": prescriber.pk,
        "first_on": "2026-11-30",
        "weekdays": ["1", "4"],
        "at_time": "09:00",
        "chair": chair.pk,
    }
    proposal = text(client.post(path, wish | {"propose": "1"}))
    assert "Book all 6 doses" in proposal
    assert not Course.objects.exists()
    early = text(client.post(path, wish | {"propose": "1", "at_time": "06:00"}))
    assert "not open for the whole of that time" in early
    assert "Book all" not in early
    high = text(client.post(path, wish | {"propose": "1", "mg_per_kg": "0.9"}))
    assert "0.9 mg/kg is above" in high
    answer = client.post(path, wish | {"book": "1"})
    course = Course.objects.get()
    assert answer["Location"] == reverse("course_detail", args=[course.pk])
    assert course.sessions.filter(status="booked").count() == 6


def test_a_course_rests_goes_on_ends_and_is_opened_again(
    course: Course,
    clock: time_machine.Traveller,
    chair: Chair,
    prescriber: User,
    as_user: SignIn,
) -> None:
    client = as_user(prescriber)

    def press(move: str, **data: str) -> str:
        client.post(reverse(f"course_{move}", args=[course.pk]), data)
        course.refresh_from_db()
        return course.status

    assert press("pause", reason="") == "planned"
    assert press("stop", reason="patient_choice") == "stopped"
    assert course.stop_reason == "patient_choice"
    page = text(client.get(reverse("course_detail", args=[course.pk])))
    assert "Reopen" in page
    refused = text(
        client.post(reverse("course_reopen", args=[course.pk]), {"reason": "By mistake"})
    )
    assert "No infusion was given yet" in refused


def test_a_safety_answer_is_said_and_makes_a_task(
    patient: Patient, nurse: User, as_user: SignIn
) -> None:
    path = reverse("assessment_new", args=[patient.pk, "phq9"])
    answers = {f"item_{n}": "1" for n in range(1, 10)} | {"functional": "1"}
    client = as_user(nurse)
    answer = client.post(path, answers | {"taken_at": "2026-11-20T10:00"}, follow=True)
    said = text(answer)
    assert "PHQ-9: total 9." in said
    assert "Ring 999 if you are in danger." in said
    assert "safety answer" in said
    assert Task.objects.open().urgent().count() == 1


def test_an_unfinished_form_is_a_draft(patient: Patient, nurse: User, as_user: SignIn) -> None:
    path = reverse("assessment_new", args=[patient.pk, "gad7"])
    answer = as_user(nurse).post(path, {"item_1": "2", "taken_at": "2026-11-20T10:00"}, follow=True)
    assert "kept as a draft" in text(answer)
    draft = Assessment.objects.get()
    assert (draft.status, draft.total) == ("draft", None)


def test_a_scale_that_is_not_there(patient: Patient, nurse: User, as_user: SignIn) -> None:
    path = reverse("assessment_new", args=[patient.pk, "no-such-scale"])
    assert as_user(nurse).get(path).status_code == 404


PANEL = {
    "laboratory": "North",
    "identifier": "F1",
    "collected_at": "2026-11-20T09:00",
    "ALT_value": "61",
    "ALT_unit": "U/L",
    "ALT_lower": "6",
    "ALT_upper": "34",
}


def test_a_report_is_entered_reviewed_and_withdrawn(
    patient: Patient, prescriber: User, as_user: SignIn
) -> None:
    client = as_user(prescriber)
    client.post(reverse("panel_new", args=[patient.pk]), PANEL)
    report = Report.objects.get()
    result = report.results.get()
    assert (result.grade, str(result.times_limit)) == (1, "1.7941")
    detail = reverse("report_detail", args=[report.pk])
    assert "not a complete liver panel" in text(client.get(detail))
    client.post(reverse("report_review", args=[report.pk]))
    assert "Reviewed" in text(client.get(detail))
    path = reverse("report_withdraw", args=[report.pk])
    assert "This field is required" in text(client.post(path, {"reason": ""}))
    client.post(path, {"reason": "Another person's"})
    report.refresh_from_db()
    assert report.status == "entered_in_error"


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"ALT_value": "sixty"}, "is not a number"),
        ({"ALT_upper": ""}, "limit"),
        ({"ALT_unit": "furlong"}, "unit"),
        ({"collected_at": "2099-01-01T09:00"}, "future"),
        ({"ALT_value": ""}, "at least one value"),
        ({"laboratory": ""}, "This field is required"),
    ],
)
def test_a_report_is_refused_in_words(
    patient: Patient, nurse: User, as_user: SignIn, changed: dict[str, str], words: str
) -> None:
    answer = as_user(nurse).post(reverse("panel_new", args=[patient.pk]), PANEL | changed)
    assert answer.status_code == 200
    assert words in text(answer)
    assert not Report.objects.exists()


def test_a_urinary_check_is_entered(patient: Patient, nurse: User, as_user: SignIn) -> None:
    path = reverse("urinary_new", args=[patient.pk])
    client = as_user(nurse)
    page = client.get(path)
    fields = dict.fromkeys(page.context["form"].symptoms, "0")
    answer = client.post(path, fields | {"checked_at": "2026-11-20T09:00"}, follow=True)
    assert "Urinary check: level 0." in text(answer)
    assert UrinaryCheck.objects.get().level == 0


def test_a_task_wants_words(patient: Patient, nurse: User, as_user: SignIn) -> None:
    task = TaskFactory.create(patient=patient)
    path = reverse("task_resolve", args=[task.pk])
    client = as_user(nurse)
    assert "This field is required" in text(client.post(path, {"outcome": ""}))
    client.post(path, {"outcome": "Rang, safe, seen tomorrow"})
    task.refresh_from_db()
    assert (task.status, task.done_by) == ("done", nurse)
    assert "has already closed" in text(client.post(path, {"outcome": "Again"}))


def test_a_patient_is_registered_once(site: Site, nurse: User, as_user: SignIn) -> None:
    client = as_user(nurse)
    person = {
        "record_number": "r77",
        "given_name": "Ines",
        "family_name": "Ruiz",
        "birth_date": "1990-02-03",
        "sex": "female",
    }
    client.post(reverse("patient_new"), person)
    assert Patient.objects.get().record_number == "R77"
    again = client.post(reverse("patient_new"), person)
    assert again.status_code == 200
    assert 'value="Ines"' in text(again)
    assert Patient.objects.count() == 1
    assert "Ruiz, Ines" in text(client.get(reverse("patients"), {"q": "rui"}))
    assert "no such record number" in text(client.get(reverse("patients"), {"q": "xyz"}))


def test_one_switches_between_ones_own_sites(
    site: Site, other_site: Site, nurse: User, as_user: SignIn
) -> None:
    MembershipFactory.create(user=nurse, site=other_site, role="nurse")
    foreign = MembershipFactory.create().site
    client = as_user(nurse)
    client.post(reverse("choose_site"), {"site": other_site.pk})
    assert "Hilltop" in text(client.get(reverse("today")))
    answer = client.post(
        reverse("choose_site"), {"site": foreign.pk, "next": "https://elsewhere.example/"}
    )
    assert answer["Location"] == reverse("today")
    assert "Hilltop" in text(client.get(reverse("today")))


def test_somebody_without_a_site_is_told(db: None, as_user: SignIn) -> None:
    nobody = User.objects.create_user("new@clinic.example", "long enough for it", name="New")
    for name in ("today", "patients", "worklist"):
        assert as_user(nobody).get(reverse(name)).status_code == 403


def test_another_day_of_the_board(nurse: User, as_user: SignIn) -> None:
    client = as_user(nurse)
    assert "Nobody is booked on this day" in text(client.get(reverse("today")))
    assert "Mon 23 Nov 2026" in text(client.get(reverse("today"), {"day": "2026-11-23"}))
    assert client.get(reverse("today"), {"day": "soon"}).status_code == 200


def test_the_worklist_shows_one_kind(
    course: Course, patient: Patient, nurse: User, as_user: SignIn
) -> None:
    client = as_user(nurse)
    everything = text(client.get(reverse("worklist")))
    assert "check" in everything
    assert client.get(reverse("worklist"), {"kind": "liver"}).status_code == 200
