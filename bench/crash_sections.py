"""Further trials of the crash matrix: Redis, beat, the database or the network goes while it works.

Each has a database of its own, lets due days go in portions, and does its harm in between. The
provider knows its keys, so that nothing may be lost and nothing accepted twice.
"""

from __future__ import annotations

import random
import signal
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Final

import redis

from bench.crash_cells import Lane
from bench.frame import Servers
from bench.trial_programs import CELERY, MANAGE, ROOT, crash_database
from bench.trial_rows import digest, lost, words_of

DRAIN_SECONDS: Final = 300
LATENESS_GOAL_S: Final = 60.0
POKE_GOAL_S: Final = 2.5
HOLE, FAR = "198.18.77.2", "02:00:00:00:00:02"
LATENESS: Final = """
SELECT COALESCE(percentile_disc(0.99) WITHIN GROUP (
                    ORDER BY extract(epoch FROM r.ended_at - m.updated_at)), 0)::float
  FROM labs_reminder r JOIN labs_requirement m ON m.id = r.requirement_id
"""
BACK_TWO_HOURS: Final = """
UPDATE labs_reminder
   SET next_at = next_at - interval '2 hours', due_at = due_at - interval '2 hours'
 WHERE state = 'scheduled'
"""
SWEEP: Final = "from labs.actions.reminders import sweep; sweep()"
POKE: Final = """
import time
from django.db import transaction
from labs.actions.reminders import poke
transaction.set_autocommit(True)
began = time.perf_counter()
with transaction.atomic():
    poke()
print("took", time.perf_counter() - began)
"""


@dataclass(frozen=True, slots=True)
class Scene:
    """Where the harm is done."""

    servers: Servers
    lane: Lane
    draw: random.Random
    down: list[float] = field(default_factory=list)

    @property
    def broker(self) -> redis.Redis:
        """A connection that gives up soon."""
        return redis.Redis.from_url(self.servers.valkey.url, socket_timeout=2)


@dataclass(frozen=True, slots=True)
class Trouble:
    """What works, the harm before each portion, and the seconds of peace after it.

    `judged_by`: `lateness_p99_s`, or `caught_up_s` after the harm's end where the harm itself is
    that nothing can be sent.
    """

    loops: int
    worker: bool
    beats: int
    harm: Callable[[Scene, int], None]
    peace_s: float = 1.0
    judged_by: str = "lateness_p99_s"


def flush(scene: Scene, turn: int) -> None:
    """FLUSHALL, SIGKILL, and a full memory, in turns."""
    match turn % 3:
        case 0:
            scene.broker.config_set("maxmemory", "0")
            scene.broker.flushall()
        case 1:
            broker = scene.servers.valkey
            assert broker.child is not None
            broker.child.process.kill()
            broker.child.process.wait()
            time.sleep(scene.draw.uniform(0.5, 2))
            broker.launch()
            time.sleep(0.5)
        case _:
            scene.broker.config_set("maxmemory", "1")


def crash(scene: Scene, turn: int) -> None:
    """The database goes at once, as by a power cut."""
    scene.down.append(round(crash_database(scene.servers), 1))


def cut(scene: Scene, turn: int) -> None:
    """All connections to the provider, and the next one right after it had accepted."""
    for _ in range(5):
        for name in scene.lane.programs.of("provider"):
            scene.lane.programs.by_name[name].child.process.send_signal(signal.SIGUSR1)
        time.sleep(scene.draw.uniform(0.05, 0.3))


def nothing(scene: Scene, turn: int) -> None:
    """The harm is in how it is set up."""


TROUBLES: Final = {
    "redis_lost": Trouble(loops=2, worker=True, beats=1, harm=flush),
    "redis_black_hole": Trouble(loops=2, worker=False, beats=0, harm=nothing),
    "beat_dead_then_three": Trouble(
        loops=0, worker=True, beats=3, harm=nothing, judged_by="caught_up_s"
    ),
    "postgres_restarts": Trouble(
        loops=2, worker=True, beats=1, harm=crash, peace_s=5.0, judged_by="caught_up_s"
    ),
    "provider_cut": Trouble(loops=2, worker=True, beats=1, harm=cut),
}


def suffer(
    name: str, servers: Servers, lane: Lane, *, reminders: int, turns: int, seed: int
) -> dict[str, object]:
    """One trial to its end; the lane is ended by the caller."""
    trouble = TROUBLES[name]
    scene = Scene(servers, lane, random.Random(seed))  # noqa: S311  to be repeated
    began = time.monotonic()
    lane.rows.seed(name, reminders)
    with ExitStack() as stack:
        more: dict[str, object] = {}
        if name == "redis_black_hole":
            address, more["by"] = stack.enter_context(black_hole())
            lane.programs.env["REDIS_URL"] = f"redis://{address}/0"
            more["poke_s"] = poke_seconds(lane)
        if name == "beat_dead_then_three":
            lane.rows.release(name, reminders)
            lane.programs.manage("shell", "--no-imports", "-c", SWEEP)
            lane.rows.ask(BACK_TWO_HOURS)
            more["waiting_after_two_hours"] = lane.rows.left()
        _start(lane, trouble)
        caught_up = _let_go(scene, trouble, name, -(-reminders // turns), turns)
        figures = _figures(lane, name, reminders) | more
    figures |= {
        "turns": turns,
        "database_down_s": scene.down,
        "caught_up_s": round(caught_up, 1),
        "took_s": round(time.monotonic() - began, 1),
    }
    return figures | {"ok": _is_good(trouble, figures)}


def _start(lane: Lane, trouble: Trouble) -> None:
    for number in range(trouble.loops):
        loop = [*MANAGE, "dispatch", "--loop", "--interval", "1"]
        lane.programs.start(f"{lane.name}-loop{number}", "dispatcher", loop)
    if trouble.worker:
        worker = [*CELERY, "worker", "--concurrency", "2", "--loglevel", "WARNING"]
        lane.programs.start(
            f"{lane.name}-worker", "celery", [*worker, "--without-gossip", "--without-mingle"]
        )
    for number in range(trouble.beats):
        beat = [*CELERY, "beat", "--pidfile="]
        lane.programs.start(f"{lane.name}-beat{number}", "beat", beat)


def _let_go(scene: Scene, trouble: Trouble, mark: str, portion: int, turns: int) -> float:
    """Portion after portion under harm; the seconds from its end until nothing is on its way."""
    for turn in range(turns):
        scene.lane.rows.release(mark, portion)
        trouble.harm(scene, turn)
        _look(scene.lane, scene.draw.uniform(0.5, 1.5) * trouble.peace_s)
    scene.broker.config_set("maxmemory", "0")
    ended = time.monotonic()
    while scene.lane.rows.left() and time.monotonic() - ended < DRAIN_SECONDS:
        _look(scene.lane, 0.5)
    return time.monotonic() - ended


def _look(lane: Lane, seconds: float) -> None:
    lane.programs.look()
    time.sleep(seconds)


def _figures(lane: Lane, mark: str, reminders: int) -> dict[str, object]:
    told = lane.rows.told(mark)
    took = Counter(words_of(lane.log))
    [(late,)] = lane.rows.ask(LATENESS)
    return {
        "reminders": len(told),
        "lost": lost(told, Counter({one.key: took[digest(one.key)] for one in told}))
        + reminders - len({one.requirement for one in told}),
        "twice": sum(count > 1 for count in took.values())
        + len(told) - len({one.requirement for one in told}),
        "not_accepted": sum(one.state != "accepted" for one in told),
        "lateness_p99_s": round(late, 1),
        "ended_by_themselves": dict(lane.programs.ended),
        "invariants_broken": lane.rows.broken(),
    }  # fmt: skip


def _is_good(trouble: Trouble, figures: dict[str, object]) -> bool:
    wrong = ("lost", "twice", "not_accepted", "invariants_broken")
    late = float(str(figures[trouble.judged_by]))
    slow = float(str(figures.get("poke_s", 0))) > POKE_GOAL_S
    # What is still on its way after DRAIN_SECONDS is not accepted.
    goal = DRAIN_SECONDS if trouble.beats > 1 else LATENESS_GOAL_S
    return not any(figures[what] for what in wrong) and late <= goal and not slow


def poke_seconds(lane: Lane) -> float:
    """How long a request waits that tells the workers of its change."""
    done = subprocess.run(
        [*MANAGE, "shell", "--no-imports", "-c", POKE],
        env=lane.programs.env, cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    [took] = [line for line in done.stdout.splitlines() if line.startswith("took")]
    return round(float(took.split()[1]), 2)


@contextmanager
def black_hole() -> Iterator[tuple[str, str]]:
    """An address that swallows what is sent to it, and how it was made.

    A network namespace where the machine lets us make one; else a socket whose queue is full.
    """
    with ExitStack() as stack:
        try:
            made = stack.enter_context(_namespace()), "network namespace"
        except (OSError, subprocess.CalledProcessError):
            made = stack.enter_context(deaf_socket()), "a socket that never answers"
        yield made


@contextmanager
def deaf_socket() -> Iterator[str]:
    """A port of this machine whose queue is full: the kernel drops who knocks."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as deaf, ExitStack() as stack:
        port = deaf.getsockname()[1]
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.0.1", port))
        yield f"127.0.0.1:{port}"


@contextmanager
def _namespace() -> Iterator[str]:
    """Both ends of a cable are ours; the far one has no address, and answers nothing.

    Raises OSError where the addresses, of the range for trials (RFC 2544), mean anything here.
    """
    if any(not line.startswith("default") for line in _ip("route", "show", "to", "match", HOLE)):
        raise OSError(f"{HOLE} is in use")
    name, near, far = "daybreak-hole", "daybreak-near", "daybreak-far"
    _ip("netns", "add", name)
    try:
        _ip("link", "add", near, "type", "veth", "peer", "name", far, "netns", name)
        _ip("-n", name, "link", "set", far, "address", FAR, "up")
        _ip("link", "set", near, "up")
        _ip("route", "add", f"{HOLE}/32", "dev", near)
        _ip("neigh", "replace", HOLE, "lladdr", FAR, "nud", "permanent", "dev", near)
        yield f"{HOLE}:6379"
    finally:
        # The cable and its route go with it.
        _ip("netns", "delete", name)


def _ip(*words: str) -> list[str]:
    done = subprocess.run(["ip", *words], check=True, capture_output=True, text=True)  # noqa: S607  in sbin or not
    return done.stdout.splitlines()
