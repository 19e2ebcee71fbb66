"""Answer sheets of a scale: at random, at every total, around every cut-off, and with gaps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from courses.rules.scales import Item, Scale

EACH_TOTAL = 5


@dataclass(frozen=True, slots=True)
class Sheet:
    """Answers in item order, None for not answered; `functional` is PHQ-9's unscored question."""

    scale: str
    answers: tuple[int | None, ...]
    functional: int | None

    @property
    def has_gaps(self) -> bool:
        return None in self.answers


def sheets_of(scale: Scale, count: int, draw: Random) -> Iterator[Sheet]:
    """`count` full sheets at random, those of every total and cut-off, and a tenth with gaps."""
    full = [
        *(_at_random(scale, draw) for _ in range(count)),
        *_at_every_total(scale, draw),
        *_around_cut_offs(scale, draw),
    ]
    for answers in full:
        yield Sheet(scale.code, answers, _functional(scale, draw))
    for answers in full[: count // 10]:
        yield Sheet(scale.code, _with_gaps(answers, draw), _functional(scale, draw))
        if scale.functional:
            yield Sheet(scale.code, answers, None)


def with_total(scale: Scale, total: int, draw: Random) -> tuple[int, ...]:
    """Answers that add up to `total`, raised from the lowest one point at a time."""
    answers = [item.lowest for item in scale.items]
    while sum(answers) < total:
        place = draw.choice(_may_rise(scale, answers))
        answers[place] += 1
    return tuple(answers)


def one_item_higher(scale: Scale, answers: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Every sheet that differs by one point more in one item."""
    for place in _may_rise(scale, answers):
        yield (*answers[:place], answers[place] + 1, *answers[place + 1 :])


def _may_rise(scale: Scale, answers: list[int] | tuple[int, ...]) -> list[int]:
    return [n for n, item in enumerate(scale.items) if answers[n] < item.highest]


def _at_random(scale: Scale, draw: Random) -> tuple[int, ...]:
    return tuple(draw.choice(_possible(item)) for item in scale.items)


def _possible(item: Item) -> list[int]:
    unscored = [] if item.not_assessed is None else [item.not_assessed]
    return [*range(item.lowest, item.highest + 1), *unscored]


def _at_every_total(scale: Scale, draw: Random) -> Iterator[tuple[int, ...]]:
    # Sums of random answers crowd in the middle; all-lowest and all-highest are among these.
    lowest, highest = scale.range
    for total in range(lowest, highest + 1):
        for _ in range(EACH_TOTAL):
            yield with_total(scale, total, draw)


def _around_cut_offs(scale: Scale, draw: Random) -> Iterator[tuple[int, ...]]:
    for band in scale.bands[:-1]:
        last = with_total(scale, band.highest, draw)
        yield last
        yield from one_item_higher(scale, last)


def _with_gaps(answers: tuple[int, ...], draw: Random) -> tuple[int | None, ...]:
    gone = set(draw.sample(range(len(answers)), draw.randint(1, len(answers))))
    return tuple(None if n in gone else answer for n, answer in enumerate(answers))


def _functional(scale: Scale, draw: Random) -> int | None:
    return draw.randint(0, scale.functional.highest) if scale.functional else None
