"""A nurse tries the REST API on its page, under the content policy of the whole site."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from clinic.models import Role
from tests.factories import SiteFactory, member
from tests.journeys.stack import Stack
from tests.journeys.steps import sign_in

pytestmark = pytest.mark.xdist_group("journeys")


def test_the_page_shows_and_asks_the_api(stack: Stack, page: Page) -> None:
    member(SiteFactory.create(), Role.NURSE, email="nils@clinic.example")
    sign_in(page, "nils@clinic.example")
    page.goto("/api/docs/")
    operation = page.locator("#operations-patients-patients_list")
    expect(operation).to_be_visible()
    operation.click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    answer = operation.locator(".live-responses-table .response-col_status").last
    expect(answer).to_contain_text("200")
