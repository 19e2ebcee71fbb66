"""The typed shape of one row of the monitoring table, read from catalogue content."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal, cast, get_args

from clinic.rules.content import (
    Content,
    optional_whole_at,
    rows_at,
    table_at,
    text_at,
    texts_at,
    whole_at,
)
from clinic.rules.errors import RuleError
from labs.rules.due import BlocksWhen, Policy, add_months
from labs.rules.exposure import Phase

Trigger = Literal[
    "before_first",
    "after_first",
    "rolling",
    "course_start",
    "each_infusion",
    "infusion_end",
    "last_infusion",
    "course_end",
]
_PHASES: Final[tuple[Phase, ...]] = ("acute", "maintenance")


@dataclass(frozen=True, slots=True)
class Clock:
    """How often something comes back: whichever comes first; None does not count."""

    period_days: int | None = None
    period_infusions: int | None = None


@dataclass(frozen=True, slots=True)
class First:
    """How old something may be at the first infusion, and from which state it stands against it."""

    within_days: int
    blocks_when: BlocksWhen


@dataclass(frozen=True, slots=True)
class Hours:
    """Elapsed hours after the end of an infusion: counted from, due, and then overdue."""

    opens: int
    due: int
    grace: int


@dataclass(frozen=True, slots=True)
class Point:
    """One of several days after an event. What is done before it opens does not serve."""

    cycle: str
    due_days: int | None
    due_months: int | None
    opens_days: int | None

    def due_on(self, anchor: date) -> date:
        """The day counted from `anchor`; months clamp and stay anchored."""
        if self.due_months is not None:
            return add_months(anchor, self.due_months)
        return anchor + timedelta(days=self.due_days or 0)

    def opens_on(self, anchor: date, soon_days: int) -> date:
        """First day on which doing it counts: named, else when it becomes due soon."""
        if self.opens_days is not None:
            return anchor + timedelta(days=self.opens_days)
        return self.due_on(anchor) - timedelta(days=soon_days)


@dataclass(frozen=True, slots=True)
class RequirementRule:
    """One kind of requirement. Which of the optional parts it has follows from its trigger.

    `at_the_visit`: it is done when the patient is here, so nobody is written to about it.
    """

    kind: str
    title: str
    measures: frozenset[str]
    trigger: Trigger
    blocks_when: BlocksWhen
    soon_days: int
    grace_days: int
    clocks: Mapping[Phase, Clock]
    after_finding: Clock
    first: First | None = None
    hours: Hours | None = None
    fresh_minutes: int | None = None
    points: tuple[Point, ...] = ()
    at_the_visit: bool = False

    def policy(self, phase: Phase, *, has_finding: bool = False) -> Policy:
        """The numbers that hold in `phase`, after a finding the shorter ones."""
        clock = self.clocks.get(phase, Clock())
        shorter = self.after_finding if has_finding else Clock()
        return Policy(
            period_days=_shorter(clock.period_days, shorter.period_days),
            period_infusions=_shorter(clock.period_infusions, shorter.period_infusions),
            soon_days=self.soon_days,
            grace_days=self.grace_days,
            blocks_when=self.blocks_when,
        )


def parse_requirement(kind: str, title: str, content: Content) -> RequirementRule:
    """One row from catalogue content.

    Raises RuleError `content_broken`, also where a part is missing without which the trigger
    would never let anything fall due.
    """
    rule = RequirementRule(
        kind=kind,
        title=title,
        measures=frozenset(texts_at(content, "measures")),
        trigger=cast("Trigger", _one_of(text_at(content, "trigger"), get_args(Trigger), "trigger")),
        blocks_when=_blocks_when(content),
        soon_days=whole_at(content, "window", "soon_days"),
        grace_days=whole_at(content, "window", "grace_days"),
        clocks={phase: _clock(table_at(content, phase)) for phase in _PHASES},
        after_finding=_clock(table_at(content, "after_finding")),
        first=_first(content),
        hours=_hours(content),
        fresh_minutes=optional_whole_at(content, "freshness", "minutes"),
        points=tuple(_point(row) for row in rows_at(content, "points")),
        at_the_visit=content.get("at_the_visit") is True,
    )
    _check_parts(rule)
    return rule


def read_requirement(content: Content) -> RequirementRule:
    """One row whose kind and title stand in the content itself."""
    return parse_requirement(text_at(content, "code"), text_at(content, "title"), content)


def first_of(rule: RequirementRule) -> First:
    """What holds at the first infusion. Raises RuleError `content_broken` where nothing does."""
    if rule.first is None:
        raise _lacks(rule, "first")
    return rule.first


def hours_of(rule: RequirementRule) -> Hours:
    """The hours after an infusion. Raises RuleError `content_broken` where there are none."""
    if rule.hours is None:
        raise _lacks(rule, "hours")
    return rule.hours


def _lacks(rule: RequirementRule, part: str) -> RuleError:
    return RuleError("content_broken", part, f"“{rule.kind}” needs its part “{part}”.")


def _check_parts(rule: RequirementRule) -> None:
    comes_back = all(clock != Clock() for clock in rule.clocks.values())
    needed: dict[Trigger, dict[str, object]] = {
        "before_first": {"first": rule.first},
        "rolling": {"first": rule.first, "acute": comes_back},
        "after_first": {"acute": comes_back},
        "course_start": {"acute": comes_back},
        "infusion_end": {"hours": rule.hours},
        "last_infusion": {"points": rule.points},
        "course_end": {"points": rule.points},
    }
    for part, there in needed.get(rule.trigger, {}).items():
        if not there:
            raise _lacks(rule, part)


def _shorter(one: int | None, other: int | None) -> int | None:
    return min((period for period in (one, other) if period is not None), default=None)


def _one_of(text: str, known: tuple[str, ...], name: str) -> str:
    if text not in known:
        raise RuleError("content_broken", name, f"“{text}” is not a {name} that is known here.")
    return text


def _blocks_when(content: Content) -> BlocksWhen:
    text = text_at(content, "blocks_when")
    return cast("BlocksWhen", _one_of(text, get_args(BlocksWhen), "blocks_when"))


def _clock(content: Content) -> Clock:
    return Clock(
        optional_whole_at(content, "period_days"), optional_whole_at(content, "period_infusions")
    )


def _first(content: Content) -> First | None:
    first = table_at(content, "first")
    if not first:
        return None
    stops = _blocks_when(first if "blocks_when" in first else content)
    return First(whole_at(first, "within_days"), stops)


def _hours(content: Content) -> Hours | None:
    hours = table_at(content, "hours")
    if not hours:
        return None
    return Hours(whole_at(hours, "opens"), whole_at(hours, "due"), whole_at(hours, "grace"))


def _point(row: Content) -> Point:
    return Point(
        cycle=text_at(row, "cycle"),
        due_days=optional_whole_at(row, "due_days"),
        due_months=optional_whole_at(row, "due_months"),
        opens_days=optional_whole_at(row, "opens_days"),
    )
