"""What people of the clinic do in the browser, in their words."""

from __future__ import annotations

from datetime import datetime, timedelta

from playwright.sync_api import Locator, Page, expect

PASSWORD = "correct horse battery"


def sign_in(page: Page, email: str) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.locator("main").get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def register(page: Page, *, given: str, family: str, number: str, email: str) -> str:
    """The address of the new patient's chart."""
    page.goto("/patients/new/")
    _field(page, "record_number").fill(number)
    _field(page, "given_name").fill(given)
    _field(page, "family_name").fill(family)
    _field(page, "birth_date").fill("1985-04-12")
    _field(page, "sex").select_option("female")
    _field(page, "email").fill(email)
    _field(page, "consents_to_email").check()
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_role("heading", name=f"{family}, {given}")).to_be_visible()
    return page.url


def record_phq9(page: Page, chart: str, answers: list[int], at: datetime | None = None) -> None:
    """Answered at that time of the site's clock; without one, as the form proposes: now."""
    page.goto(f"{chart}form/phq9/")
    if at:
        _field(page, "taken_at").fill(_moment(at))
    for number, answer in enumerate(answers, start=1):
        page.locator(f"input[name=item_{number}][value='{answer}']").check()
    page.locator("input[name=functional][value='2']").check()
    page.get_by_role("button", name="Save").click()


def screen_calm(page: Page, chart: str) -> None:
    """The C-SSRS screener, every answer no."""
    page.goto(f"{chart}form/cssrs_screener/")
    page.get_by_role("radio", name="No", exact=True).first.wait_for()
    for no in page.get_by_role("radio", name="No", exact=True).all():
        no.check()
    page.get_by_role("button", name="Save").click()


LIMITS = {"ALT": ("28", "", "40"), "AST": ("24", "", "40"), "ALP": ("70", "30", "120"),
          "GGT": ("30", "", "60"), "TBILI": ("9", "", "21"), "DBILI": ("3", "", "5"),
          "ALB": ("42", "35", "50"), "INR": ("1.0", "0.8", "1.2")}  # fmt: skip


def record_panel(page: Page, chart: str, *, number: str, at: datetime) -> None:
    """Values within their limits, as the laboratory prints them, and the prescriber's review."""
    page.goto(f"{chart}panel/")
    _field(page, "laboratory").fill("North Laboratory")
    _field(page, "identifier").fill(number)
    _field(page, "collected_at").fill(_moment(at))
    for code, (value, lower, upper) in LIMITS.items():
        if page.locator(f"[name={code}_value]").count():
            page.locator(f"[name={code}_value]").fill(value)
            page.locator(f"[name={code}_lower]").fill(lower)
            page.locator(f"[name={code}_upper]").fill(upper)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("complete liver panel")).to_be_visible()
    expect(page.get_by_text("not a complete liver panel")).to_have_count(0)
    page.get_by_role("button", name="Reviewed").click()
    expect(page.get_by_text("Reviewed.", exact=True)).to_be_visible()


def record_urinary_check(page: Page, chart: str) -> None:
    page.goto(f"{chart}urinary/")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Urinary check: level 0.")).to_be_visible()


def propose_course(page: Page, chart: str, first: datetime) -> None:
    """Six doses from that day and time on, on its weekday and three days later."""
    page.goto(f"{chart}course/")
    scales = _field(page, "primary_scale")
    phq9 = scales.get_by_role("option").filter(has_text="PHQ-9")
    scales.select_option(phq9.get_attribute("value"))
    _field(page, "first_on").fill(first.date().isoformat())
    wished = {first.isoweekday(), (first + timedelta(days=3)).isoweekday()}
    for weekday in range(1, 8):
        box = page.locator(f"input[name=weekdays][value='{weekday}']")
        box.set_checked(weekday in wished)
    _field(page, "at_time").fill(first.strftime("%H:%M"))
    page.get_by_role("button", name="Show the proposal").click()
    expect(page.get_by_text("free", exact=True)).to_have_count(6)


def book(page: Page) -> None:
    page.get_by_role("button", name="Book all 6 doses").click()
    expect(page.get_by_text("The course is booked.")).to_be_visible()


def check_before_dose(page: Page) -> None:
    """A patient of 70 kg who kept to everything."""
    for name, value in (
        ("sbp", "124"),
        ("dbp", "78"),
        ("spo2", "98"),
        ("weight_kg", "70"),
    ):
        _field(page, name).fill(value)
    _field(page, "pregnancy").select_option("negative")
    for question in ("fasting_kept", "escort", "airway_equipment", "capnography"):
        page.locator(f"input[name={question}][value=yes]").check()
    page.get_by_role("button", name="May this dose go ahead?").click()


def judge_cases(page: Page, file: bytes) -> None:
    """A file with one good and one bad case."""
    page.goto("/admin/courses/rulecheck/add/")
    page.get_by_label("File of worked cases").set_input_files(
        {"name": "ours.json", "mimeType": "application/json", "buffer": file}
    )
    page.get_by_role("button", name="Judge the cases").click()
    expect(page.get_by_text("1 passed, 1 failed.")).to_be_visible()


def _field(page: Page, name: str) -> Locator:
    return page.locator(f"main [name={name}]")


def _moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M")
