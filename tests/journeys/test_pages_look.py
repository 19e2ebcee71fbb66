"""Every page on a desk and on a telephone: axe finds nothing, nothing runs off sideways."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import Page, expect

from clinic.models import Patient, Role
from courses.models import Course
from labs.models import Report, Requirement
from tests.factories import AssessmentFactory, CourseFactory, PatientFactory, member
from tests.journeys import steps
from tests.journeys.conftest import Watched
from tests.journeys.stack import Stack
from tests.journeys.test_whole_line import afternoon_site

pytestmark = pytest.mark.xdist_group("journeys")

# Without `preload` axe adds no styles of its own, which the content policy would refuse.
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"], "preload": False}
FOLLOW_UPS = ("contact", "snooze", "declined")
SIZES = {"desk": (1280, 800), "telephone": (390, 844)}


@pytest.fixture
def busy_clinic(stack: Stack, watched: Watched) -> dict[str, str]:
    """The pages of one patient with a course, by name."""
    site = afternoon_site()
    now = timezone.now().astimezone(site.zone)
    context = watched.context()
    page = context.new_page()
    steps.sign_in(page, "petra@clinic.example")
    chart = steps.register(
        page, given="Ngozi", family="Okafor", number="R1", email="ngozi@mail.example"
    )
    steps.record_phq9(page, chart, [3, 3, 3, 3, 2, 2, 2, 2, 1], now - timedelta(days=9))
    steps.record_panel(page, chart, number="F1", at=now - timedelta(days=25))
    steps.record_urinary_check(page, chart)
    steps.propose_course(page, chart, now + timedelta(minutes=5))
    steps.book(page)
    context.close()
    PatientFactory.create(site=site, record_number="R2", family_name="Adeyemi")
    course = Course.objects.get()
    owed = Requirement.objects.filter(status="open").order_by("next_due_on", "kind")[0]
    return {
        "today": "/",
        "patients": "/patients/",
        "new-patient": "/patients/new/",
        "chart": chart,
        "reasons": f"{chart}reasons/",
        "course": f"/courses/{course.pk}/",
        "session": f"/sessions/{course.sessions.get(number=1).pk}/",
        "score": f"{chart}form/phq9/",
        "screener": f"{chart}form/cssrs_screener/",
        "panel": f"{chart}panel/",
        "urinary": f"{chart}urinary/",
        "report": f"/reports/{Report.objects.get().pk}/",
        "worklist": "/worklist/",
        "worklist-none": "/worklist/?view=declined&kind=liver&state=worst",
        "worklist-months": "/worklist/months/",
        "due": f"{chart}due/",
        **{f"follow-{what}": f"/requirements/{owed.pk}/{what}/" for what in FOLLOW_UPS},
        "reference": "/reference/",
        "reference-gate": "/reference/course_rule/gate/",
        "reference-scale": "/reference/scale/phq9/",
        "reference-due": "/reference/requirement/relapse_follow_up/",
    }


def test_pages_can_be_read_and_used_by_mail(busy_clinic: dict[str, str], watched: Watched) -> None:
    # given: a clinic with work in it
    faults: dict[str, Any] = {}
    for size, (width, height) in SIZES.items():
        context = watched.context(width=width, height=height)
        page = context.new_page()
        # when: each page is opened
        page.goto("/accounts/login/")
        faults |= found(page, f"sign-in {size}")
        steps.sign_in(page, "petra@clinic.example")
        for name, address in busy_clinic.items():
            page.goto(address)
            faults |= found(page, f"{name} {size}")
        newcomer = f"/patients/{Patient.objects.get(record_number='R2').pk}/"
        steps.propose_course(page, newcomer, timezone.now() + timedelta(days=60))
        faults |= found(page, f"proposal {size}")
        context.close()
    # then: no rule is broken
    assert not faults, "\n".join(f"{page}: {fault}" for page, fault in faults.items())


ADMIN_PAGES = {
    "admin": "/admin/",
    "admin-list": "/admin/clinic/patient/",
    "admin-new": "/admin/clinic/patient/add/",
    "admin-users": "/admin/clinic/user/",
    "admin-new-user": "/admin/clinic/user/add/",
    "rule-checks": "/admin/courses/rulecheck/",
    "rule-check-new": "/admin/courses/rulecheck/add/",
}


WORKED_CASES = b"""{"vectors": [
  {"id": "good", "fn": "dose.mg", "input": {"weight_kg": "70", "mg_per_kg": "0.5"},
   "expected": {"dose_mg": "35.0"}},
  {"id": "bad", "fn": "dose.mg", "input": {"weight_kg": "70", "mg_per_kg": "0.5"},
   "expected": {"dose_mg": "36.0"}, "note": "meant to fail"}
]}"""


@pytest.mark.usefixtures("stack")
def test_the_admin_can_be_read_and_used_by_mail(watched: Watched) -> None:
    # given: a clinical lead, who may open all of it
    site = afternoon_site()
    member(site, Role.LEAD, name="Lena Lead", email="lena@clinic.example")
    PatientFactory.create(site=site)
    faults: dict[str, Any] = {}
    for size, (width, height) in SIZES.items():
        context = watched.context(width=width, height=height)
        page = context.new_page()
        steps.sign_in(page, "lena@clinic.example")
        # when: each page is opened
        for name, address in ADMIN_PAGES.items():
            page.goto(address)
            faults |= found(page, f"{name} {size}")
        # and a file of cases is judged, of which one fails
        steps.judge_cases(page, WORKED_CASES)
        faults |= found(page, f"rule-check {size}")
        context.close()
    # then: no rule is broken
    assert not faults, "\n".join(f"{page}: {fault}" for page, fault in faults.items())


GATE = "course_rule:gate"


@pytest.mark.usefixtures("stack")
def test_a_policy_can_be_set_by_mail(watched: Watched) -> None:
    # given: a clinical lead
    site = afternoon_site()
    member(site, Role.LEAD, name="Lena Lead", email="lena@clinic.example")
    faults: dict[str, Any] = {}
    for size, (width, height) in SIZES.items():
        context = watched.context(width=width, height=height)
        page = context.new_page()
        steps.sign_in(page, "lena@clinic.example")
        page.goto("/admin/clinic/policy/")
        faults |= found(page, f"policies {size}")
        # when: they set when a dose is held, once with a slip
        page.goto(f"/admin/clinic/policy/{site.pk}/{GATE}/set/")
        faults |= found(page, f"policy-set {size}")
        value = "155" if size == "desk" else "156"
        page.get_by_label("Hold from systolic").fill(value)
        page.get_by_label("Why").fill("Slip")
        page.get_by_role("button", name="Show what changes").click()
        faults |= found(page, f"policy-refused {size}")
        page.get_by_label("Why").fill("Agreed at the clinical meeting.")
        page.get_by_role("button", name="Show what changes").click()
        faults |= found(page, f"policy-preview {size}")
        page.get_by_role("button", name="Put in force").click()
        # then: it counts, and nobody was kept from reading any of it
        expect(page.locator("ins").first).to_have_text(f"{value} mmHg")
        faults |= found(page, f"policy-versions {size}")
        context.close()
    assert not faults, "\n".join(f"{page}: {fault}" for page, fault in faults.items())


@pytest.mark.usefixtures("stack")
def test_the_trend_needs_no_script(watched: Watched) -> None:
    # given: a patient with a course and one score, and a browser that runs no script
    patient = CourseFactory.create(patient__site=afternoon_site()).patient
    AssessmentFactory.create(patient=patient)
    page = watched.context(script=False).new_page()
    steps.sign_in(page, "petra@clinic.example")
    # when: the chart is opened
    page.goto(f"/patients/{patient.pk}/")
    # then: the trend is there
    trend = page.get_by_role("img", name="PHQ-9 over time")
    expect(trend).to_be_visible()
    expect(trend.locator("circle.dot")).to_have_count(1)


@pytest.mark.usefixtures("stack")
def test_an_administrator_signs_in_to_what_they_may_open(page: Page) -> None:
    # given: a site administrator, who sees no patients and so no board
    member(afternoon_site(), Role.SITE_ADMIN, name="Ada Admin", email="ada@clinic.example")
    # when: they sign in
    steps.sign_in(page, "ada@clinic.example")
    # then: the admin opens
    expect(page.get_by_role("link", name="Users", exact=True)).to_be_visible()


def found(page: Page, name: str) -> dict[str, Any]:
    """What is wrong with the page that is open; empty where nothing is."""
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name.replace(' ', '-')}.png", full_page=True)
    faults = [
        f"{rule['id']}: {node['html'][:120]} {node['failureSummary'][:160]}"
        for rule in Axe().run(page, options=RULES).response["violations"]
        for node in rule["nodes"]
    ]
    if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
        faults.append("it scrolls sideways")
    return {name: faults} if faults else {}
