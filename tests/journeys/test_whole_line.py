"""From the referral to the next liver check: the whole line on running programs."""

from __future__ import annotations

import json
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from datetime import time as wall_clock
from http.client import HTTPConnection
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone
from playwright.sync_api import Page, expect

from clinic.models import Role, Site
from courses.models import Assessment, Infusion
from tests.factories import ChairFactory, OpeningHoursFactory, SiteFactory, member
from tests.integration.labs.due_rows import zone_where_it_is
from tests.journeys import steps
from tests.journeys.stack import Stack, eventually
from tests.mail import Mailbox

pytestmark = pytest.mark.xdist_group("journeys")

# Word for word what a mail may say: no drug, no illness, no test.
NEUTRAL = [
    "Hello,",
    "",
    "Your care team has something waiting for you. Please ring us on 020 7946 0000.",
    "",
    "If you would rather not get e-mails like this one, tell us when you ring.",
]


def afternoon_site() -> Site:
    """Open day and night; it is early afternoon there, so that a first dose still lies ahead."""
    site: Site = SiteFactory.create(
        name="Riverside", slug="riverside", time_zone=zone_where_it_is(13), hours=False
    )
    for weekday in range(1, 8):
        OpeningHoursFactory.create(
            site=site, weekday=weekday, opens=wall_clock(0), closes=wall_clock(23, 59)
        )
    ChairFactory.create(site=site, name="A")
    ChairFactory.create(site=site, name="B")
    member(site, Role.PRESCRIBER, name="Petra Prescriber", email="petra@clinic.example")
    return site


@dataclass
class Line:
    """What one patient's line is followed by."""

    page: Page
    mailbox: Mailbox
    chart: str = ""

    def mails(self, count: int) -> None:
        """So many have come, and no more come while the worker has time for another."""
        eventually(lambda: len(self.mailbox.arrived) >= count, f"mail {count} arrives")
        time.sleep(1)
        assert self.mailbox.recipients == [["ngozi@mail.example"]] * count
        for letter in self.mailbox.letters:
            assert letter["Subject"] == "A message from your care team"
            text = bytes(letter.get_payload(decode=True)).decode()
            assert text.splitlines() == NEUTRAL


def test_from_referral_to_the_next_liver_check(whole_stack: Stack, page: Page) -> None:
    # given: a prescriber of a site at which it is afternoon
    now = timezone.now().astimezone(afternoon_site().zone)
    steps.sign_in(page, "petra@clinic.example")
    line = Line(page, whole_stack.mailbox)
    # when: somebody is referred with a liver panel of 25 days ago, and a course is booked
    refer_and_book(line, now)
    # then: six doses have a chair; what is asked at the visit itself needs no mail
    expect(page.get_by_role("cell", name="Booked", exact=True)).to_have_count(6)
    # when: the first infusion begins
    give_first_dose(line)
    # then: the next liver check is due in three days, and one mail says so
    line.mails(1)
    # when: minutes pass, the infusion ends and somebody would let the patient go at once
    minutes_pass(3)
    page.get_by_role("button", name="End the infusion").click()
    page.get_by_role("button", name="Leaves now").click()
    # then: it is too early
    expect(page.get_by_text("Observation lasts until")).to_be_visible()
    # when: another score is recorded
    steps.record_phq9(page, line.chart, [1, 1, 1, 1, 1, 1, 1, 1, 0])
    # then: the chart answers, shows the dose in its trend, and the worklist has the check
    chart_answers(line)
    worklist_names_the_liver_check(page)
    # then: another program reads the course with what was given
    course = pulled_course(whole_stack, line.chart)
    assert (course["status"], course["planned_count"]) == ("active", 6)
    given = [one["infusion"]["given_mg"] for one in course["sessions"] if one["infusion"]]
    assert given == ["35.0"]
    # then: by the end nobody was written to again
    line.mails(1)


def refer_and_book(line: Line, now: datetime) -> None:
    page = line.page
    line.chart = steps.register(
        page, given="Ngozi", family="Okafor", number="R1", email="ngozi@mail.example"
    )
    yesterday = now - timedelta(days=1)
    steps.record_phq9(page, line.chart, [3, 3, 3, 3, 2, 2, 2, 2, 0], yesterday)
    expect(page.get_by_text("PHQ-9: total 20.")).to_be_visible()
    steps.record_panel(page, line.chart, number="F1", at=now - timedelta(days=25))
    steps.record_urinary_check(page, line.chart)
    steps.propose_course(page, line.chart, now + timedelta(minutes=5))
    assert line.mailbox.arrived == []
    steps.book(page)


def give_first_dose(line: Line) -> None:
    """From the board: arrival, screening, the check, the start."""
    page = line.page
    page.goto("/")
    page.get_by_role("button", name="Okafor, Ngozi has arrived").click()
    steps.screen_calm(page, line.chart)
    page.goto("/")
    page.get_by_role("link", name="Open the dose of Okafor, Ngozi").click()
    steps.check_before_dose(page)
    expect(page.get_by_text("Nothing stands against this dose.")).to_be_visible()
    page.get_by_role("button", name="Start the infusion").click()
    expect(page.get_by_text("35.0 mg (0.5 mg/kg")).to_be_visible()


def minutes_pass(minutes: int) -> None:
    """Everything of the visit lies so much further back. Scores are noted by the minute."""
    earlier = timedelta(minutes=minutes)
    Infusion.objects.update(started_at=F("started_at") - earlier)
    Assessment.objects.filter(scale__code="cssrs_screener").update(taken_at=F("taken_at") - earlier)


def chart_answers(line: Line) -> None:
    page = line.page
    page.goto(line.chart)
    expect(page.locator(".answer > p")).to_have_text(
        "Response: 60 % better than baseline (PHQ-9 20 → 8). Not yet remission (4 or less)."
    )
    trend = page.get_by_role("img", name="PHQ-9 over time")
    expect(trend.locator("line.dose")).to_have_count(1)
    expect(trend.locator("circle.dot")).to_have_count(2)


def worklist_names_the_liver_check(page: Page) -> None:
    page.get_by_role("link", name="Worklist", exact=True).click()
    check = page.get_by_role("row").filter(has_text="Liver panel during treatment")
    expect(check).to_contain_text("due in 3 days")
    expect(check.get_by_role("link", name="Okafor, Ngozi", exact=True)).to_be_visible()


def pulled_course(programs: Stack, chart: str) -> dict[str, Any]:
    """The patient's only course over REST, with a token from the command line."""
    token = programs.manage("create_token", "feed@clinic.example", "--site", "riverside").strip()
    patient = chart.rstrip("/").rsplit("/", 1)[-1]
    connection = HTTPConnection(programs.address.removeprefix("http://"), timeout=10)
    with closing(connection):
        connection.request(
            "GET",
            f"/api/v1/courses/?patient={patient}",
            headers={"Authorization": f"Token {token}"},
        )
        (course,) = json.load(connection.getresponse())["results"]
    return dict(course)
