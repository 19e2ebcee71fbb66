"""A real browser in front of the running programs; what its console complains of fails a test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.journeys.stack import Stack, running

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WAIT_MS = 15_000


class Watched:
    """Opens pages that belong to one test and notes what goes wrong in them."""

    def __init__(self, browser: Browser, address: str) -> None:
        self._browser = browser
        self._address = address
        self.complaints: list[str] = []

    def context(
        self, *, width: int = 1280, height: int = 800, script: bool = True
    ) -> BrowserContext:
        context = self._browser.new_context(
            base_url=self._address,
            viewport={"width": width, "height": height},
            java_script_enabled=script,
            locale="en-GB",
        )
        context.set_default_timeout(WAIT_MS)
        # A refused script or style is an error of the console as well.
        context.on(
            "console", lambda told: self._note(told.type, f"{told.text} {told.location['url']}")
        )
        context.on("weberror", lambda error: self._note("error", str(error.error)))
        return context

    def _note(self, kind: str, text: str) -> None:
        if kind == "error":
            self.complaints.append(text)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for the tests of a file."""
    if CHROMIUM is None:
        pytest.skip("There is no Chromium; install the Debian package chromium.")
    with pytest.MonkeyPatch.context() as environment, sync_playwright() as playwright:
        # Playwright keeps an event loop in this thread, in which Django would refuse to work.
        environment.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=FLAGS, ignore_default_args=["--headless"]
        )
        yield chromium
        chromium.close()


@pytest.fixture
def stack(browser: Browser, transactional_db: None, tmp_path: Path) -> Iterator[Stack]:
    """Pages and mail."""
    with running(tmp_path) as programs:
        yield programs


@pytest.fixture
def whole_stack(browser: Browser, transactional_db: None, tmp_path: Path) -> Iterator[Stack]:
    """Pages, a worker and mail."""
    with running(tmp_path, worker=True) as programs:
        yield programs


@pytest.fixture
def watched(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Watched]:
    """Fails the test on a console error, a script's error or a breach of the content policy."""
    name = "whole_stack" if "whole_stack" in request.fixturenames else "stack"
    programs: Stack = request.getfixturevalue(name)
    watched = Watched(browser, programs.address)
    yield watched
    for context in browser.contexts:
        context.close()
    assert not watched.complaints, "\n".join(watched.complaints)


@pytest.fixture
def page(watched: Watched) -> Page:
    """A desktop's page."""
    return watched.context().new_page()
