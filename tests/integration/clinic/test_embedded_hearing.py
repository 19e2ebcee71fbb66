"""A worker that runs and hears nothing is started again; one that is at work is left alone."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from clinic.embedded.hearing import silent_for_s
from clinic.embedded.home import Home
from clinic.embedded.installation import Installation
from clinic.embedded.processes import Child
from clinic.embedded.watch import Watched
from labs.models import Heartbeat
from tests.integration.clinic.test_embedded_up import database_url

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def here(said: list[str]) -> Iterator[Installation]:
    """An installation whose worker is a real process that does nothing."""
    place = Path(tempfile.mkdtemp(prefix="daybreak-hearing-"))
    place.chmod(0o711)
    home = Home(place)

    def start() -> Child:
        return Child("worker", ["sleep", "60"], home=home)

    installation = Installation(home, 8000, said.append)
    installation.env["DATABASE_URL"] = database_url()
    installation.watched["worker"] = Watched(start, start(), said.append)
    yield installation
    installation.watched["worker"].child.stop()
    shutil.rmtree(place)


def seen(seconds_ago: int, name: str = "worker") -> None:
    Heartbeat.objects.update_or_create(
        name=name, defaults={"at": timezone.now() - timedelta(seconds=seconds_ago)}
    )


def test_how_long_a_part_has_been_silent() -> None:
    assert silent_for_s(database_url(), "worker") is None
    seen(100)
    assert 100 <= (silent_for_s(database_url(), "worker") or 0) < 130
    assert silent_for_s("postgresql://nobody@127.0.0.1:1/none", "worker") is None


@pytest.mark.parametrize(
    ("has_run_s", "silent_s", "is_ended"),
    [(300, 300, True), (300, 30, False), (100, 300, False)],
)
def test_only_a_worker_that_has_had_its_time_is_ended(
    here: Installation, said: list[str], has_run_s: int, silent_s: int, is_ended: bool
) -> None:
    seen(silent_s)
    now = time.monotonic()
    worker = here.watched["worker"]
    worker.started_at = now - has_run_s
    first = worker.child.process.pid
    here.look_for_the_deaf(now)
    assert worker.child.is_running() is not is_ended
    worker.look(now + 1)
    assert (worker.child.process.pid != first) is is_ended
    assert bool(said) is is_ended
    if is_ended:
        assert said[0].startswith("worker has handled nothing for 30")


def test_where_nobody_can_say_nothing_is_ended(here: Installation, said: list[str]) -> None:
    here.watched["worker"].started_at = time.monotonic() - 300
    here.look_for_the_deaf(time.monotonic())
    here.env["DATABASE_URL"] = "postgresql://nobody@127.0.0.1:1/none"
    here.look_for_the_deaf(time.monotonic())
    assert here.watched["worker"].child.is_running()
    assert said == []
