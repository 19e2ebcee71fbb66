"""Reminders under kill -9 of everything that carries them, and under crashes of the database.

10,000 due days are let go in portions while senders, workers, beat and the provider are killed at
random and started again, and the database crashes twice. Several sweeps race to write what falls
due. First through a gateway that knows its keys: none may be lost, none accepted twice. Then,
fewer, through plain SMTP: none may be lost, and what arrived twice or whose fate is unknown must
stand in doubt with an open task. SOAK_SEED repeats a run's draws, though not the machine's timing.
"""

from __future__ import annotations

import os
import random
import secrets
import shutil
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from celery import Celery

from bench.frame import Servers, open_servers
from bench.trial_programs import CELERY, MANAGE, Programs, crash_database, environment
from bench.trial_rows import BAD_ENDS, Rows, Told, digest, lost, states, words_of

# It opens its own: they are to be crashed.
SERVERS = False
LEASE_SECONDS: Final = 8
BACKOFF_MINUTES: Final = "0.02,0.03,0.05,0.1,0.2,0.3,0.5"
DRAIN_SECONDS: Final = 240
# Of 100 kills; a beat of which the lock in Redis stays does little, so it is killed seldom.
VICTIMS: Final = {
    "dispatcher": 36, "celery_child": 30, "celery_parent": 8, "beat": 6, "provider": 20,
}  # fmt: skip
# Seconds after which a program is likely to be at work, and worth a kill.
AT_WORK: Final = {
    "dispatcher": 1.5, "celery_child": 3.0, "celery_parent": 3.0, "beat": 1.5, "provider": 0.3,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Size:
    """How much of it. `gap` is the mean of the seconds between two kills."""

    reminders: int
    kills: int
    restarts: int
    gap: float
    dispatchers: int = 4


KEYED: Final = Size(10_000, 200, 2, 0.6)
KEYED_SMALL: Final = Size(1_000, 20, 1, 0.3, dispatchers=3)
UNKEYED: Final = Size(1_000, 30, 1, 0.6)
UNKEYED_SMALL: Final = Size(150, 5, 0, 0.3, dispatchers=2)


@dataclass
class Storm:
    """One phase: programs at work, and what was done to them."""

    programs: Programs
    rows: Rows
    mark: str
    size: Size
    draw: random.Random
    kills: Counter[str] = field(default_factory=Counter)
    down: list[float] = field(default_factory=list)
    pokes: int = 0
    began: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        broker = self.programs.servers.valkey.url
        self._hints = Celery("trial", broker=broker, set_as_current=False)

    def start(self) -> None:
        """All that may send: loops, a worker with children, beat."""
        alone = ["--without-gossip", "--without-mingle", "--loglevel", "WARNING"]
        for number in range(self.size.dispatchers):
            loop = [*MANAGE, "dispatch", "--loop", "--interval", "0.5"]
            self.programs.start(f"dispatch{number}", "dispatcher", loop)
        worker = [*CELERY, "worker", "--concurrency", "2", *alone]
        self.programs.start("worker", "celery_parent", worker)
        self.programs.start("beat", "beat", [*CELERY, "beat", "--pidfile="])

    def rage(self) -> None:
        """Kill, crash and let go in turns, until all kills are done."""
        doomed = victims(self.size, self.draw)
        crash_before = {
            len(doomed) * place // (self.size.restarts + 1)
            for place in range(1, self.size.restarts + 1)
        }
        portion = -(-self.size.reminders // len(doomed))
        self._wait(2.0)
        for number, kind in enumerate(doomed):
            self.rows.release(self.mark, portion)
            if number in crash_before:
                self.down.append(crash_database(self.programs.servers))
            self._kill(kind)
            self._wait(self.draw.expovariate(1 / self.size.gap))

    def drain(self) -> bool:
        """Let all come to rest; False where something is still on its way after minutes."""
        until = time.monotonic() + DRAIN_SECONDS
        while self.rows.left():
            if time.monotonic() > until:
                return False
            self._wait(0.5)
        return True

    def stop(self) -> None:
        """The senders; the provider stays."""
        self.programs.stop("dispatcher", "celery_parent", "beat")

    def _kill(self, kind: str) -> None:
        holder = "celery_parent" if kind == "celery_child" else kind
        until = time.monotonic() + 20
        while time.monotonic() < until:
            found = self.programs.of(holder, older_than=AT_WORK[kind])
            if found and self._kill_one(kind, self.draw.choice(found)):
                self.kills[kind] += 1
                return
            self._wait(0.05)
        raise AssertionError(f"In 20 seconds no {kind} came up that could be killed.")

    def _kill_one(self, kind: str, name: str) -> bool:
        if kind == "celery_child":
            return self.programs.kill_a_child(name, self.draw.random())
        self.programs.kill(name, again_in=self.draw.uniform(0.1, 1.2))
        return True

    def _wait(self, seconds: float) -> None:
        """Time goes by: the dead come back, and workers are told that there may be something."""
        until = time.monotonic() + seconds
        while True:
            self.programs.look()
            if self.draw.random() < 0.2:
                self._hints.send_task("labs.tasks.dispatch")
                self.pokes += 1
            left = until - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(left, 0.1))


def victims(size: Size, draw: random.Random) -> list[str]:
    """Kinds in the order of being killed: each at least once, else by their part of 100."""
    counts = {kind: max(1, size.kills * part // 100) for kind, part in VICTIMS.items()}
    counts["dispatcher"] += size.kills - sum(counts.values())
    kinds = [kind for kind, count in counts.items() for _ in range(count)]
    draw.shuffle(kinds)
    return kinds


def run(small: bool) -> dict[str, object]:
    """Counts of both phases; the goal is that nothing is lost and nothing doubled unseen."""
    seed = int(os.environ.get("SOAK_SEED") or secrets.randbelow(10**9))
    print(f"seed {seed}", flush=True)
    with ExitStack() as stack:
        servers = open_servers(stack, durable=True)
        keyed = KEYED_SMALL if small else KEYED
        unkeyed = UNKEYED_SMALL if small else UNKEYED
        figures = trial(servers, seed=seed, keyed=keyed, unkeyed=unkeyed)
        if not figures["ok"] and (kept := os.environ.get("SOAK_KEEP_LOGS")):
            shutil.copytree(servers.home.logs, kept, dirs_exist_ok=True)
    return figures


def trial(servers: Servers, *, seed: int, keyed: Size, unkeyed: Size) -> dict[str, Any]:
    """Both phases on fresh servers."""
    draw = random.Random(seed)  # noqa: S311  to be repeated
    folder, rows = servers.home.private_folder("trial"), Rows(servers.postgres.dsn)
    env = environment(
        servers,
        REMINDER_LEASE_SECONDS=str(LEASE_SECONDS),
        REMINDER_BACKOFF_MINUTES=BACKOFF_MINUTES,
    )
    programs = Programs(servers, env)
    programs.manage("migrate", "--verbosity", "0")
    programs.manage("load_catalogue", "--verbosity", "0")
    try:
        first = through_gateway(programs, rows, folder, keyed, draw)
        second = through_smtp(programs, rows, folder, unkeyed, draw)
    finally:
        programs.stop()
    broken = rows.broken()
    return {
        "seed": seed,
        **first,
        "unkeyed": second,
        # A worker gives up when its children die at birth; whatever supervises it starts it again.
        "ended_by_themselves": dict(programs.ended),
        "invariants_broken": broken,
        "ok": bool(
            first["ok"] and second["ok"] and not broken and not programs.ended["dispatcher"]
        ),
    }


def through_gateway(
    programs: Programs, rows: Rows, folder: Path, size: Size, draw: random.Random
) -> dict[str, object]:
    """Whoever asks twice with one key is answered twice and delivered once."""
    port = programs.servers.home.port("gateway")
    log, repeats = folder / "accepted", folder / "repeats"
    programs.env.update(
        EMAIL_THROUGH="gateway",
        GATEWAY_URL=f"http://127.0.0.1:{port}",
        GATEWAY_TOKEN="trial",  # noqa: S106  of a server on this machine
        GATEWAY_SECRET="trial",  # noqa: S106
    )
    stub = [
        *_stub("gateway_stub", port, log, draw), "--repeats", str(repeats),
        "--error", "0.04", "--cut", "0.05",
        "--slow", "0.002", "--slow-seconds", str(LEASE_SECONDS + 1),
    ]  # fmt: skip
    storm = Storm(programs, rows, "keyed", size, draw)
    drained = _weather(storm, stub)
    told = rows.told("keyed")
    took = Counter(words_of(log))
    arrived = Counter({one.key: took[digest(one.key)] for one in told})
    counts = states(told)
    figures = _common(storm, told, arrived) | {
        "accepted_twice": sum(count > 1 for count in took.values())
        + (len({one.key for one in told}) - len({one.requirement for one in told})),
        "accepted_unknown": len(set(took) - {digest(one.key) for one in told}),
        "repeats_absorbed": len(words_of(repeats)),
    }
    bad = ("lost", "without_task", "accepted_twice", "accepted_unknown")
    clean = not any(figures[name] for name in bad) and counts["in_doubt"] == 0
    return figures | {"ok": drained and clean and len(told) == size.reminders}


def through_smtp(
    programs: Programs, rows: Rows, folder: Path, size: Size, draw: random.Random
) -> dict[str, object]:
    """No key, no look-up: what may have arrived twice must stand in doubt."""
    port, log = programs.servers.home.port("mail"), folder / "arrived"
    programs.env.update(EMAIL_THROUGH="smtp", EMAIL_URL=f"smtp://127.0.0.1:{port}")
    stub = [*_stub("mail_stub", port, log, draw), "--refuse", "0.04", "--cut", "0.03"]
    storm = Storm(programs, rows, "unkeyed", size, draw)
    drained = _weather(storm, stub)
    told = rows.told("unkeyed")
    took = Counter(word.strip("<>").partition("@")[0] for word in words_of(log))
    arrived = Counter({one.key: took[digest(one.key)[:32]] for one in told})
    figures = _common(storm, told, arrived) | {
        "arrived_twice": sum(count > 1 for count in arrived.values()),
        "doubled_unseen": sum(
            arrived[one.key] > 1 and not (one.state == "in_doubt" and one.has_task) for one in told
        ),
        "in_doubt_arrived": sum(one.state == "in_doubt" and bool(arrived[one.key]) for one in told),
    }
    bad = ("lost", "without_task", "doubled_unseen")
    clean = not any(figures[name] for name in bad)
    return figures | {"ok": drained and clean and len(told) == size.reminders}


def _weather(storm: Storm, stub: list[str]) -> bool:
    storm.rows.seed(storm.mark, storm.size.reminders)
    storm.programs.start(f"provider-{storm.mark}", "provider", stub)
    storm.start()
    try:
        storm.rage()
        return storm.drain()
    finally:
        storm.stop()
        storm.programs.stop("provider")


def _common(storm: Storm, told: list[Told], arrived: Counter[str]) -> dict[str, object]:
    counts = states(told)
    return {
        "reminders": len(told),
        "kills": dict(storm.kills),
        "pg_restarts": len(storm.down),
        "pg_down_s": [round(seconds, 1) for seconds in storm.down],
        "pokes": storm.pokes,
        "states": dict(counts),
        "lost": lost(told, arrived),
        "in_doubt": counts["in_doubt"],
        "dead": counts["dead"],
        "expired": counts["expired"],
        "without_task": sum(one.state in BAD_ENDS and not one.has_task for one in told),
        "max_attempts": max((one.attempts for one in told), default=0),
        "calls_cut": storm.rows.calls_cut(storm.mark),
        "phase_s": round(time.monotonic() - storm.began, 1),
    }


def _stub(module: str, port: int, log: Path, draw: random.Random) -> list[str]:
    seed = str(draw.randrange(10**6))
    words = ["--port", str(port), "--log", str(log), "--seed", seed]
    return [MANAGE[0], "-m", f"bench.{module}", *words]
