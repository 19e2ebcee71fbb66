"""One reason, one wording: on the chart, in the record, on paper and over REST."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from datetime import date

import pytest
import time_machine
from django.db import connection
from django.template.loader import render_to_string
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape
from django.utils.safestring import mark_safe

from clinic.models import Chair, Patient, User
from clinic.paper import pdf
from clinic.rules.reasons import Origin, Reason, stored
from clinic.templatetags.reasons import citation, confidence, facts, rule_words
from courses.models import Course
from courses.queries.decisions import decisions
from labs.actions.urinary import record_urinary_check
from tests.integration.courses.scene import FIRST, at, attended, calm, checked, phq9, session
from tests.integration.labs.lab_results import panel, recorded

pytestmark = pytest.mark.django_db

SignIn = Callable[[User], Client]

LATER = at(date(2026, 12, 2), 12)


@pytest.fixture
def told(course: Course, chair: Chair, nurse: User, clock: time_machine.Traveller) -> Patient:
    """A patient about whom something of every kind was decided."""
    clock.move_to(LATER)
    patient = course.patient
    phq9(patient, 18, at(date(2026, 11, 27), 10), nurse)
    attended(course, 1, FIRST, chair, nurse)
    phq9(patient, 8, at(date(2026, 12, 1), 12), nurse)
    recorded(patient, panel(ALT="61"), at=LATER, by=nurse)
    record_urinary_check(
        patient=patient, checked_at=LATER, severities={"urgency": 1}, visible_haematuria=False,
        retention=False, infection_suspected=False, by=nurse, at=LATER,
    )  # fmt: skip
    checked(session(course, 2), nurse, LATER, calm(sbp=164, weighed_on=FIRST))
    return patient


SENTENCES = (
    "Better by at least 50 %.",
    "Blood pressure 164/78: hold at 160/100 or more, measure again in 15 min.",
    "PHQ-9 8 after 18 on Fri 27 Nov 2026, 55.6 % better: a response, not remission (4 or less).",
    "ALT 61 U/L is 1.79 × its upper limit 34: grade 1.",
    "Go on: repeat the panel within the days named (ALT 1.79 ×, AST 0.59 ×, ALP 0.70 ×,"
    " GGT 0.67 ×, bilirubin 0.50 ×).",
    "Level 1: one mild symptom. Repeat the check at the next session.",
)


def test_the_record_and_the_paper_say_the_same(told: Patient, nurse: User, as_user: SignIn) -> None:
    page = as_user(nurse).get(reverse("patient_decisions", args=[told.pk])).content.decode()
    record = decisions(patient=told, at=timezone.now())
    paper = render_to_string(
        "courses/decisions_print.html",
        {"record": record, "patient": told, "zone": told.site.zone, "by": "N", "style": ""},
    )
    for sentence in SENTENCES:
        assert escape(sentence) in page, sentence
        assert escape(sentence) in paper, sentence
    assert [section.title for section in record.sections] == [
        "How it goes", "The newest check before a dose", "Scores", "Liver panels",
        "Liver results", "Urinary checks", "What is due",
    ]  # fmt: skip


def test_the_chart_shows_each_reason_where_it_matters(
    told: Patient, nurse: User, as_user: SignIn
) -> None:
    page = as_user(nurse).get(reverse("patient_chart", args=[told.pk])).content.decode()
    for sentence in (SENTENCES[0], SENTENCES[2], SENTENCES[4], SENTENCES[5]):
        assert escape(sentence) in page, sentence


def test_the_gate_shows_its_reasons(
    told: Patient, course: Course, nurse: User, as_user: SignIn
) -> None:
    path = reverse("session_detail", args=[session(course, 2).pk])
    page = as_user(nurse).get(path).content.decode()
    assert escape(SENTENCES[1]) in page
    assert "default to be signed off" in page


def test_rest_tells_the_same_sentences(told: Patient, nurse: User, as_user: SignIn) -> None:
    client = as_user(nurse)
    courses = json.loads(client.get("/api/v1/courses/").content)["results"]
    scores = json.loads(client.get("/api/v1/assessments/").content)["results"]
    results = json.loads(client.get("/api/v1/results/").content)["results"]
    requirements = json.loads(client.get("/api/v1/requirements/").content)["results"]
    [course] = courses
    gate = next(one["gate"] for one in course["sessions"] if one["number"] == 2)
    said = {line["sentence"] for line in gate["lines"]}
    said |= {row["why"]["sentence"] for row in (*scores, *results, *requirements) if row["why"]}
    said.add(course["outcome"]["why"]["sentence"])
    assert set(SENTENCES[:4]) <= said
    assert all(row["why"]["sentence"] for row in requirements)


def test_the_paper_is_a_pdf_whose_name_says_nothing(
    told: Patient, nurse: User, as_user: SignIn
) -> None:
    answer = as_user(nurse).get(reverse("patient_decisions_pdf", args=[told.pk]))
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == 'inline; filename="record-20261202.pdf"'
    assert answer.content.startswith(b"%PDF-")
    assert len(answer.content) > 5000


def test_a_machine_that_cannot_draw_says_so_and_offers_the_page(
    told: Patient,
    nurse: User,
    as_user: SignIn,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As on a machine without Pango, where the library stops with this very error."""
    folder = tmp_path_factory.mktemp("without-pango")
    (folder / "weasyprint.py").write_text("raise OSError('no Pango')\n", encoding="utf-8")
    monkeypatch.delitem(sys.modules, "weasyprint", raising=False)
    monkeypatch.syspath_prepend(str(folder))
    client = as_user(nurse)
    answer = client.get(reverse("patient_decisions_pdf", args=[told.pk]), follow=True)
    assert answer.redirect_chain == [(reverse("patient_decisions", args=[told.pk]), 302)]
    page = answer.content.decode()
    assert "This machine cannot draw PDF." in page
    assert "Your browser can print this page." in page
    monkeypatch.delitem(sys.modules, "weasyprint", raising=False)


def test_paper_fetches_nothing(patient: Patient, caplog: pytest.LogCaptureFixture) -> None:
    picture = mark_safe('<img src="http://127.0.0.1:9/x.png" alt="">')
    record = {"headline": picture, "sections": [], "at": LATER}
    shown = {"record": record, "patient": patient, "zone": patient.site.zone, "by": "N"}
    with caplog.at_level(logging.ERROR, logger="weasyprint"):
        assert pdf("courses/decisions_print.html", shown).startswith(b"%PDF-")
    assert "disallowed protocol: http://127.0.0.1:9/x.png" in caplog.text


def test_an_empty_record_teaches(patient: Patient, nurse: User, as_user: SignIn) -> None:
    page = as_user(nurse).get(reverse("patient_decisions", args=[patient.pk])).content.decode()
    assert "Nothing was decided yet." in page


def test_the_record_costs_the_same_with_many_rows(
    told: Patient, nurse: User, as_user: SignIn
) -> None:
    client = as_user(nurse)
    path = reverse("patient_decisions", args=[told.pk])
    first = queries(client, path)
    for number in range(2, 6):
        recorded(told, panel(ALT="70"), at=LATER, by=nurse, identifier=f"F{number}")
        phq9(told, 8, at(date(2026, 12, 1), 12 + number), nurse)
    assert queries(client, path) == first <= 30


def queries(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as found:
        assert client.get(path).status_code == 200
    return len(found)


# --- how a reason is said ---------------------------------------------------------------------
def test_facts_are_said_in_words() -> None:
    why = stored(
        Reason(
            "x",
            "X.",
            {
                "sbp": 164,
                "due_on": date(2026, 11, 16),
                "is_remission": False,
                "symptoms": {"gu_pain": 2},
                "reasons": ["several_symptoms", "retention"],
                "phase": "acute",
                "period_days": None,
            },
        )
    )
    assert facts(why) == [
        ("Systolic", "164"),
        ("Due on", "Mon 16 Nov 2026"),
        ("Is remission", "no"),
        ("Symptoms", "gu pain 2"),
        ("Reasons", "several symptoms, retention"),
    ]
    assert facts({"inputs": None}) == []


def test_a_source_is_said_as_its_citation() -> None:
    lit = stored(Reason("x", "X.", {}, Origin("SUSTAIN3", "lit", "phq9 2")))
    assert citation(lit) == "PMC10439056, table 3."
    assert confidence(lit) == "published source"
    own = stored(Reason("x", "X.", {}, Origin("SITE", "site", "gate 2", 4)))
    assert citation(own) == "set by this site, policy version 4"
    assert citation({"source": "NOBODY"}) == "NOBODY"
    assert rule_words("lft_periodic 2") == "Liver panel periodic, version 2"
