"""When a program that ended by itself is started again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import cast

from clinic.embedded.processes import Child
from clinic.embedded.watch import Watched


@dataclass
class Program:
    """A child that runs until it is told otherwise."""

    name: str = "web"
    log: Path = Path("web.log")
    runs: bool = True

    def is_running(self) -> bool:
        return self.runs

    def stop(self) -> None:
        self.runs = False


class Story:
    """One watched program, and what was said of it."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.program = Program()
        self.starts = 0
        self.watched = Watched(
            self.start, cast(Child, self.program), self.said.append, started_at=0.0
        )

    def start(self) -> Child:
        self.starts += 1
        self.program = Program()
        return cast(Child, self.program)

    def dies_and_comes_back(self, at: float) -> float:
        """The length of the pause."""
        self.program.runs = False
        self.watched.look(at)
        pause = (self.watched.again_at or at) - at
        self.watched.look(at + pause)
        return pause


def test_a_running_program_is_left_alone() -> None:
    story = Story()
    story.watched.look(10)
    assert (story.said, story.starts) == ([], 0)


def test_it_comes_back_after_the_pause_and_not_before() -> None:
    story = Story()
    story.program.runs = False
    story.watched.look(10)
    assert story.said == ["web ended by itself (see web.log); starting it again in 1 s."]
    story.watched.look(10.9)
    assert story.starts == 0
    story.watched.look(11)
    assert story.starts == 1
    assert story.said[1:] == ["web is started again."]


def test_each_pause_is_twice_the_last_up_to_half_a_minute() -> None:
    story = Story()
    pauses = [story.dies_and_comes_back(at) for at in (0, 10, 20, 40, 80, 160, 240)]
    assert pauses == [1, 2, 4, 8, 16, 30, 30]


def test_after_a_steady_minute_the_pause_is_short_again() -> None:
    story = Story()
    assert story.dies_and_comes_back(0) == 1
    assert story.dies_and_comes_back(10) == 2
    story.watched.look(72)
    assert story.dies_and_comes_back(72) == 4
    story.watched.look(76 + 60.1)
    assert story.dies_and_comes_back(140) == 1


def test_one_that_is_ended_for_a_reason_is_started_again_without_a_pause() -> None:
    story = Story()
    before = story.program
    story.watched.end("has handled nothing for 200 s", 300.0)
    assert not before.is_running()
    story.watched.look(300.5)
    assert (story.starts, story.program.is_running()) == (1, True)
    assert story.said == [
        "web has handled nothing for 200 s; starting it again.",
        "web is started again.",
    ]
    assert story.watched.pause_s == 1.0
