"""What is said, and what is left, when a start goes wrong half-way; and when the demo is made."""

from __future__ import annotations

import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import cast

import pytest

from clinic.embedded import orphans, programs, up
from clinic.embedded.home import EmbeddedFault, Home
from clinic.embedded.installation import Installation
from clinic.embedded.postgres import EmbeddedPostgres
from clinic.embedded.processes import Child, run_as
from clinic.embedded.valkey import EmbeddedValkey


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that every account can reach, unlike pytest's own."""
    path = Path(tempfile.mkdtemp(prefix="daybreak-faults-"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path)


def test_a_damaged_cluster_is_told_in_the_servers_words(place: Path) -> None:
    home = Home(place)
    with EmbeddedPostgres(home, durable=False) as postgres:
        (postgres.data / "global/pg_control").unlink()
    with pytest.raises(EmbeddedFault, match=r"postgres ended by itself:\n(.*\n)*.*pg_control"):
        EmbeddedPostgres(home, durable=False).start()
    assert orphans.left_over(place) == set()


def test_a_valkey_that_does_not_start_is_told(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "valkey", lambda home: Path("/bin/false"))
    with pytest.raises(EmbeddedFault, match=r"^valkey ended by itself:"):
        EmbeddedValkey(Home(place)).start()
    assert orphans.left_over(place) == set()


def test_a_failed_set_up_program_is_quoted() -> None:
    with pytest.raises(EmbeddedFault, match=r"^sh failed: no space left$"):
        run_as(None, ["sh", "-c", "echo no space left >&2; exit 1"])


def test_a_program_that_will_not_end_is_killed(place: Path) -> None:
    script = "trap '' TERM; echo ready; while :; do sleep 0.1; done"
    child = Child("stubborn", ["sh", "-c", script], home=Home(place))
    while "ready" not in child.said():
        child.require_running()
    child.stop(0.2)
    assert child.process.returncode == -signal.SIGKILL
    # What it had started is killed with it, and gone once the kernel has cleared up.
    limit = time.monotonic() + 10
    while orphans.left_over(place):
        assert time.monotonic() < limit
        time.sleep(0.05)


def test_a_failed_command_is_quoted_and_a_good_one_is_not(
    place: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    here = Installation(Home(place), 8000, print)
    here.manage("version")
    assert capfd.readouterr().out == ""
    with pytest.raises(EmbeddedFault, match=r"^manage.py nonsense failed.\n(.*\n)*Unknown command"):
        here.manage("nonsense")


class Rehearsal:
    """An installation that notes what it is asked to do."""

    def __init__(self, *, has_a_site: bool) -> None:
        self.done: list[str] = []
        self._has_a_site = has_a_site

    def manage(self, *words: str, aloud: bool = False) -> None:
        self.done.append(words[0])

    def has_a_site(self) -> bool:
        return self._has_a_site

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *given: self.done.append(name)


@pytest.mark.parametrize(
    ("has_a_site", "demo", "makes_demo"),
    [(False, True, True), (True, True, False), (False, False, False), (True, False, False)],
)
def test_the_demo_is_made_for_an_empty_database_unless_declined(
    *, has_a_site: bool, demo: bool, makes_demo: bool
) -> None:
    here = Rehearsal(has_a_site=has_a_site)
    with ExitStack() as stack:
        up._prepare(cast(Installation, here), stack, demo=demo)
    assert here.done == [
        *("start_database", "start_broker", "migrate", "load_catalogue", "collect_files"),
        *(["seed_demo"] if makes_demo else []),
        *("keep_environment", "start_programs", "stop_programs"),
    ]
