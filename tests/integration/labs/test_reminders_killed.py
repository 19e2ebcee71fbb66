"""Everything that carries reminders is killed at random; what was due has left, and once.

The servers are the first test's own: they crash. It takes 90 seconds of processor time.
"""

from __future__ import annotations

import random
import re
import socket
from collections import Counter
from contextlib import ExitStack
from typing import Any

import pytest

from bench import frame
from bench.crash_cells import POINTS, Cell, Found
from bench.crash_sections import deaf_socket
from bench.frame import open_servers
from bench.soak_reminders import (
    KEYED,
    KEYED_SMALL,
    UNKEYED,
    UNKEYED_SMALL,
    Size,
    trial,
    victims,
)
from bench.trial_programs import ROOT
from bench.trial_rows import Told, lost
from labs.failpoints import FAILPOINTS
from labs.models import ReminderState


def test_of_a_thousand_reminders_none_is_lost_and_none_accepted_twice() -> None:
    with ExitStack() as stack:
        servers = open_servers(stack, durable=True)
        figures = trial(servers, seed=20261123, keyed=KEYED_SMALL, unkeyed=UNKEYED_SMALL)
    assert figures["invariants_broken"] == {}
    assert figures["ended_by_themselves"].get("dispatcher", 0) == 0
    unkeyed = figures["unkeyed"]
    assert (figures["reminders"], unkeyed["reminders"]) == (1000, 150)
    assert (sum(figures["kills"].values()), figures["pg_restarts"]) == (20, 1)
    assert sum(unkeyed["kills"].values()) == 5
    assert (figures["lost"], figures["accepted_twice"], figures["accepted_unknown"]) == (0, 0, 0)
    assert (figures["in_doubt"], figures["without_task"]) == (0, 0)
    assert (unkeyed["lost"], unkeyed["doubled_unseen"], unkeyed["without_task"]) == (0, 0, 0)
    assert figures["ok"] is True


def test_the_count_finds_what_is_lost() -> None:
    told = [
        Told("a", "k1", "accepted", 1, "ref", False),
        Told("b", "k2", "accepted", 1, "ref", False),
        Told("c", "k3", "in_doubt", 1, "", True),
        Told("d", "k4", "dead", 8, "", False),
        Told("e", "", "", 0, "", False),
        Told("f", "k6", "cancelled", 0, "", False),
    ]
    # b: said to be accepted, but the provider never saw it. d: an end that nobody sees.
    assert lost(told, Counter({"k1": 1})) == 4


@pytest.mark.parametrize("size", [KEYED, KEYED_SMALL, UNKEYED, UNKEYED_SMALL])
def test_every_kind_of_victim_is_among_the_killed_of_every_run(size: Size) -> None:
    drawn = victims(size, random.Random(1))
    assert len(drawn) == size.kills
    assert set(drawn) == {"dispatcher", "celery_child", "celery_parent", "beat", "provider"}


def test_a_name_with_a_dash_is_a_file_with_an_underscore() -> None:
    assert "crash-matrix" in frame.names("soak")
    assert frame.file_of("soak", "crash-matrix").name == "soak_crash_matrix.py"
    assert frame.file_of("soak", "crash-matrix").exists()


@pytest.mark.parametrize(
    ("keyed", "found", "ok"),
    [
        (True, {}, True),
        (False, {"in_doubt": 3, "overtaken": 3}, True),
        (True, {"in_doubt": 1}, False),
        (False, {"lost": 1}, False),
        (True, {"twice": 1}, False),
        (True, {"zombie_writes": 1}, False),
        (True, {"fault": "after_claim: nobody came by"}, False),
    ],
)
def test_a_cell_is_passed_only_without_loss_double_and_zombie(
    keyed: bool, found: dict[str, Any], ok: bool
) -> None:
    assert Found(Cell("after_claim", "kill", keyed), **found).ok is ok


def test_the_cells_stop_at_every_place_that_a_pass_names() -> None:
    assert set(POINTS) == set(FAILPOINTS)
    named = {
        name
        for file in ("labs/actions/dispatch.py", "labs/actions/reminders.py")
        for name in re.findall(r'failpoint\("(\w+)"\)', (ROOT / file).read_text())
    }
    assert named == set(FAILPOINTS)


def test_the_page_of_the_ledger_tells_every_state() -> None:
    page = (ROOT / "docs/reference/reminders.md").read_text()
    told = re.findall(r"^\| `(\w+)` \|", page, flags=re.MULTILINE)
    assert set(ReminderState.values) <= set(told)


def test_nothing_comes_back_from_a_deaf_socket() -> None:
    with deaf_socket() as address, socket.socket() as asked:
        asked.settimeout(0.3)
        with pytest.raises(TimeoutError):
            asked.connect(("127.0.0.1", int(address.rpartition(":")[2])))
