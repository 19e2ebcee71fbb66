"""A sender crashes at each named place of a pass: nine places, four faults, with and without keys.

Each of the 72 cells: a sender with three reminders stops at the place; it is killed, loses its
database connection, loses its provider's, or sleeps past its lease and goes on; a second sender
takes over. With keys nothing is lost and nothing accepted twice. Without, nothing is lost, and what
arrived twice stands in doubt with an open task. Whoever wakes up too late writes nothing.

Then, with a section of figures each: Redis is emptied, killed and full, or swallows all that is
sent to it; beat is dead for two hours and then there are three; the database crashes again and
again; the network to the provider is cut.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from bench.crash_cells import BACKOFF_MINUTES, FAULTS, LEASE_SECONDS, POINTS, Cell, Found, Lane
from bench.crash_sections import TROUBLES, suffer
from bench.frame import Servers, open_servers
from bench.trial_programs import MANAGE, Programs, environment
from bench.trial_rows import Rows

# It opens its own, with a database for each lane.
SERVERS = False
LANES_OF_A_KIND: Final = 2
SMALL_EVERY: Final = 7
# Of each further section: portions of due days, and harm before each.
REMINDERS, TURNS = 600, 10


def run(small: bool) -> dict[str, object]:
    """All cells and sections, or every seventh cell."""
    seed = int(os.environ.get("SOAK_SEED") or secrets.randbelow(10**9))
    print(f"seed {seed}", flush=True)
    cells = [Cell(point, fault, keyed) for keyed in (True, False) for point in POINTS
             for fault in FAULTS]  # fmt: skip
    with ExitStack() as stack:
        servers = open_servers(stack, durable=True, makes_databases=True)
        prepare(servers)
        sections = {"matrix": matrix(servers, cells[::SMALL_EVERY] if small else cells)}
        print("matrix", sections["matrix"], flush=True)
        for name in () if small else TROUBLES:
            sections[name] = one_section(servers, name, seed)
            print(name, sections[name], flush=True)
    return {"seed": seed, **sections, "ok": all(each["ok"] for each in sections.values())}


def prepare(servers: Servers) -> None:
    """Tables and clinical content, once for all lanes."""
    first = Programs(servers, environment(servers))
    first.manage("migrate", "--verbosity", "0")
    first.manage("load_catalogue", "--verbosity", "0")


def one_section(servers: Servers, name: str, seed: int) -> dict[str, object]:
    """One further trial in a lane of its own."""
    folder = servers.home.private_folder("trial")
    lane = open_lane(servers, folder, name, keyed=True)
    try:
        return suffer(name, servers, lane, reminders=REMINDERS, turns=TURNS, seed=seed)
    finally:
        lane.programs.stop()


def matrix(servers: Servers, cells: Sequence[Cell]) -> dict[str, object]:
    """Work the cells off in lanes; those that failed are named."""
    folder = servers.home.private_folder("trial")
    lanes = [
        open_lane(servers, folder, f"lane{number}", keyed=number < LANES_OF_A_KIND)
        for number in range(2 * LANES_OF_A_KIND)
    ]
    try:
        found = asyncio.run(_work(lanes, cells))
        broken = {lane.name: names for lane in lanes if (names := lane.rows.broken())}
    finally:
        for lane in lanes:
            lane.programs.stop()
    return {
        **figures_of(found),
        "invariants_broken": broken,
        "ok": len(found) == len(cells) and all(one.ok for one in found) and not broken,
    }


def open_lane(servers: Servers, folder: Path, name: str, *, keyed: bool) -> Lane:
    """A copy of the prepared database, and a provider that is its own."""
    Rows(servers.postgres.dsn).ask(f"CREATE DATABASE {name} TEMPLATE daybreak")
    dsn, port = servers.postgres.dsn.rpartition("/")[0] + f"/{name}", servers.home.port(name)
    ways = {
        "EMAIL_THROUGH": "gateway",
        "GATEWAY_URL": f"http://127.0.0.1:{port}",
        "GATEWAY_TOKEN": "trial",
        "GATEWAY_SECRET": "trial",
    } if keyed else {"EMAIL_THROUGH": "smtp", "EMAIL_URL": f"smtp://127.0.0.1:{port}"}  # fmt: skip
    env = environment(
        servers,
        REMINDER_LEASE_SECONDS=str(LEASE_SECONDS),
        REMINDER_BACKOFF_MINUTES=BACKOFF_MINUTES,
        SEND_LEDGER=str(folder / f"{name}-sent"),
    )
    lane = Lane(
        name, Programs(servers, {**env, **ways, "DATABASE_URL": dsn}), Rows(dsn), keyed,
        folder / f"{name}-took",
    )  # fmt: skip
    module = "bench.gateway_stub" if keyed else "bench.mail_stub"
    stub = [MANAGE[0], "-m", module, "--port", str(port), "--log", str(lane.log)]
    repeats = ["--repeats", str(folder / f"{name}-repeats")] if keyed else []
    lane.programs.start(f"{name}-provider", "provider", [*stub, *repeats])
    return lane


def figures_of(found: Sequence[Found]) -> dict[str, object]:
    """Sums over the cells."""
    return {
        "cells": len(found),
        "passed": sum(one.ok for one in found),
        "failed": [str(one) for one in found if not one.ok],
        "lost": sum(one.lost for one in found),
        "twice_keyed": sum(one.twice for one in found if one.cell.keyed),
        "twice_unseen_unkeyed": sum(one.twice for one in found if not one.cell.keyed),
        "in_doubt_keyed": sum(one.in_doubt for one in found if one.cell.keyed),
        "in_doubt_unkeyed": sum(one.in_doubt for one in found if not one.cell.keyed),
        "overtaken": sum(one.overtaken for one in found),
        "zombie_writes": sum(one.zombie_writes for one in found),
    }


async def _work(lanes: Sequence[Lane], cells: Sequence[Cell]) -> list[Found]:
    jobs = []
    for keyed in (True, False):
        alike = [lane for lane in lanes if lane.keyed is keyed]
        todo = [cell for cell in cells if cell.keyed is keyed]
        jobs += [lane.work(todo[place :: len(alike)]) for place, lane in enumerate(alike)]
    return [one for done in await asyncio.gather(*jobs) for one in done]
