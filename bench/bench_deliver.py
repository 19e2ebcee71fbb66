"""Reminders through a real mail server, claims out of a million rows, and a sender's memory."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from statistics import median
from typing import Final

from bench.frame import Servers, open_servers
from bench.trial_programs import MANAGE, ROOT, Programs, environment
from bench.trial_rows import Rows, states, words_of

# The servers are started here, durable ones: what they cost is part of the answer.
SERVERS = False

MARK: Final = "deliver"
SENDERS: Final = 2
MAILS_GOAL: Final = 100.0
CLAIM_GOAL_MS: Final = 10.0
MEMORY_GOAL_MB: Final = 8.0
CLAIMS: Final = 400
# A row of the ledger that waits, as often as asked, for claims to find.
WAITING: Final = """
INSERT INTO labs_reminder (
    id, created_at, updated_at, site_id, patient_id, requirement_id, requirement_due_on,
    dedup_key, step, recipient, channel, state, state_reason, local_date, local_time, time_zone,
    due_at, next_at, not_after, attempts, provider, provider_ref)
SELECT gen_random_uuid(), now(), now(), r.site_id, r.patient_id, r.id, r.next_due_on,
       'bench|' || n, 'due', 'patient', 'email', 'scheduled', '', r.next_due_on, '12:00', 'UTC',
       at, at, at + interval '400 days', 0, '', ''
  FROM (SELECT * FROM labs_requirement LIMIT 1) r,
       generate_series(1, %(count)s) n,
       LATERAL (SELECT now() - n * interval '1 second' AS at) due
"""


def run(small: bool) -> dict[str, object]:
    """Mails a second, milliseconds for a claim, and megabytes that a sender grows by."""
    mails = 400 if small else 3_000
    waiting = 50_000 if small else 1_000_000
    alone = (500, 2_000) if small else (10_000, 100_000)
    figures: dict[str, object] = {}
    with _installation() as here:
        figures |= _mails(here, mails)
    with _installation() as here:
        figures |= _memory(here, *alone)
    with _installation() as here:
        figures |= _claims(here, waiting)
    return figures | {
        "goals": {
            "mails_per_second": MAILS_GOAL,
            "claim_p99_ms": CLAIM_GOAL_MS,
            "growth_mb": MEMORY_GOAL_MB,
        },
        "ok": float(str(figures["mails_per_second"])) >= MAILS_GOAL
        and float(str(figures["claim_p99_ms"])) < CLAIM_GOAL_MS
        and float(str(figures["growth_mb"])) <= MEMORY_GOAL_MB,
    }


class Installation:
    """Servers with tables and content, and the programs that run against them."""

    def __init__(self, servers: Servers, port: int) -> None:
        self.servers, self.port = servers, port
        self.arrived = servers.home.path / "arrived.log"
        self.programs = Programs(
            servers, environment(servers, EMAIL_URL=f"smtp://127.0.0.1:{port}")
        )
        self.rows = Rows(servers.postgres.dsn)

    def prepare(self, count: int) -> None:
        """`count` reminders, written and due."""
        self.rows.seed(MARK, count)
        self.rows.release(MARK, count)

    def start_mail(self) -> None:
        """The mail server, once it listens."""
        words = [sys.executable, "-m", "bench.mail_stub", "--port", str(self.port)]
        self.programs.start("mail", "mail", [*words, "--log", str(self.arrived)])
        while socket.socket().connect_ex(("127.0.0.1", self.port)):
            time.sleep(0.05)


@contextmanager
def _installation() -> Iterator[Installation]:
    with ExitStack() as stack:
        servers = open_servers(stack, durable=True)
        with socket.socket() as held:
            held.bind(("127.0.0.1", 0))
            port = held.getsockname()[1]
        here = Installation(servers, port)
        stack.callback(here.programs.stop)
        here.programs.manage("migrate", "--verbosity", "0")
        here.programs.manage("load_catalogue", "--verbosity", "0")
        yield here


def _mails(here: Installation, count: int) -> dict[str, object]:
    """From the first attempt to the last acceptance, by the database's clock."""
    here.prepare(count)
    here.start_mail()
    for number in range(SENDERS):
        loop = [*MANAGE, "dispatch", "--loop", "--interval", "0.2"]
        here.programs.start(f"sender {number}", "sender", loop)
    limit = time.monotonic() + 60 + count / 10
    while here.rows.left():
        here.programs.look()
        if time.monotonic() > limit:
            raise TimeoutError(f"{here.rows.left()} reminders have not left.")
        time.sleep(0.2)
    here.programs.stop("sender")
    [(seconds,)] = here.rows.ask(
        "SELECT extract(epoch FROM max(ended_at) - min(started_at))::float FROM"
        " labs_reminderattempt"
    )
    ended, arrived = states(here.rows.told(MARK)), len(set(words_of(here.arrived)))
    if ended["accepted"] != count or arrived != count:
        raise AssertionError(f"Of {count} there ended {dict(ended)} and {arrived} arrived.")
    return {
        "mails": count,
        "senders": SENDERS,
        "mails_per_second": round(count / seconds, 1),
    }


def _memory(here: Installation, early: int, late: int) -> dict[str, object]:
    """One sender through a provider that does nothing: its memory early and late, its rate."""
    here.prepare(late)
    words = [sys.executable, "-m", "bench.lone_sender", str(early), str(late)]
    done = subprocess.run(
        words, env=here.programs.env, cwd=ROOT, check=True, capture_output=True, text=True
    )
    found = json.loads(done.stdout.splitlines()[-1])
    return {
        "reminders_by_one_sender": late,
        "reminders_per_second": round(late / found["seconds"], 1),
        "mb_early": found["mb_early"],
        "mb_late": found["mb_late"],
        "growth_mb": round(found["mb_late"] - found["mb_early"], 1),
    }


def _claims(here: Installation, waiting: int) -> dict[str, object]:
    """Fifty at a time out of all that wait."""
    here.prepare(1)
    here.rows.ask(WAITING, count=waiting)
    here.rows.ask("VACUUM (ANALYZE) labs_reminder")
    words = [sys.executable, "-m", "bench.lone_claimer", str(CLAIMS)]
    done = subprocess.run(
        words, env=here.programs.env, cwd=ROOT, check=True, capture_output=True, text=True
    )
    took = sorted(json.loads(done.stdout.splitlines()[-1]))
    return {
        "waiting": waiting,
        "claim_p50_ms": round(median(took), 2),
        "claim_p99_ms": round(took[int(len(took) * 0.99)], 2),
    }
