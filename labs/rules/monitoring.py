"""The plan of everything due in a course: a pure function of its facts.

Facts go in, rows come out. Asking twice gives the same rows, the order in which facts arrived
makes no difference, and a fact that is withdrawn takes its effect with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from labs.rules.due import RESTING
from labs.rules.events import each_infusion, infusion_end, last_infusion_on, points_after
from labs.rules.exposure import CourseFacts
from labs.rules.planned import PlannedRequirement
from labs.rules.recurring import after_first, before_first, rolling, since_start
from labs.rules.requirement_rules import RequirementRule, Trigger

Planner = Callable[[RequirementRule, CourseFacts], Iterable[PlannedRequirement]]

# What is owed after the course although the course has ended.
_OUTLIVES_COURSE: Final = frozenset({"infusion_end", "last_infusion", "course_end"})


def plan(facts: CourseFacts, rules: Iterable[RequirementRule]) -> tuple[PlannedRequirement, ...]:
    """Every requirement of the course, by kind and cycle, at most one row each.

    A stored row that is not in the answer no longer follows from the facts and is to be closed.
    A resting course suspends every open row; an ended one closes what does not outlive it; death,
    transfer and withdrawn consent close everything.
    """
    rows = (_by_standing(row, rule, facts) for rule in rules for row in _rows(rule, facts))
    return tuple(sorted(rows, key=lambda row: (row.kind, row.cycle)))


def _rows(rule: RequirementRule, facts: CourseFacts) -> Iterable[PlannedRequirement]:
    """The rows of one rule, as if the course were under way."""
    return _PLANNERS[rule.trigger](rule, facts)


def _one(row: PlannedRequirement | None) -> tuple[PlannedRequirement, ...]:
    return () if row is None else (row,)


_PLANNERS: Final[Mapping[Trigger, Planner]] = {
    "before_first": lambda rule, facts: _one(before_first(rule, facts)),
    "rolling": lambda rule, facts: _one(rolling(rule, facts)),
    "after_first": lambda rule, facts: _one(after_first(rule, facts)),
    "course_start": lambda rule, facts: _one(since_start(rule, facts)),
    "each_infusion": each_infusion,
    "infusion_end": infusion_end,
    "last_infusion": lambda rule, facts: points_after(rule, facts, last_infusion_on(facts)),
    "course_end": lambda rule, facts: points_after(rule, facts, facts.ended_on),
}


def _by_standing(
    row: PlannedRequirement, rule: RequirementRule, facts: CourseFacts
) -> PlannedRequirement:
    if facts.standing != "here":
        return row.closed(facts.standing)
    if rule.kind in facts.not_required:
        return row.closed("not_required")
    if rule.trigger in _OUTLIVES_COURSE and _is_taken_over(row, facts):
        return row.closed("next_course")
    if facts.state in RESTING:
        return row.suspended()
    if facts.state in ("completed", "stopped") and rule.trigger not in _OUTLIVES_COURSE:
        return row.closed("course_ended")
    return row


def _is_taken_over(row: PlannedRequirement, facts: CourseFacts) -> bool:
    """Whether the row falls due in a later course, which then does its own monitoring."""
    day = facts.next_course_on
    return day is not None and row.due_on is not None and row.due_on >= day
