"""Why something is due on its day, in words and with the numbers behind it (rulebook H).

The sentence depends on facts and content alone, never on today: planning again says the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from clinic.rules.content import Content, origin_at, row_origin_at
from clinic.rules.dates import spoken_day
from clinic.rules.reasons import Origin, Reason
from labs.rules.due import Policy
from labs.rules.events import last_infusion_on
from labs.rules.exposure import CourseFacts, effective_last
from labs.rules.planned import PlannedRequirement
from labs.rules.recurring import done_for
from labs.rules.requirement_rules import Point, RequirementRule, Trigger, first_of, hours_of

CLOSED: Final[Mapping[str, str]] = {
    "missed": "Not done while it could be.",
    "not_required": "A clinician entered why it is not required.",
    "course_ended": "The course has ended.",
    "deceased": "The patient has died.",
    "transferred": "The patient was transferred.",
    "withdrawn": "Consent was withdrawn.",
    "next_course": "A later course takes care of it.",
}


@dataclass(frozen=True, slots=True)
class Basis:
    """What the reason is made of: the row, the rule behind it, the course, the content."""

    row: PlannedRequirement
    rule: RequirementRule
    facts: CourseFacts
    content: Content


def due_reason(basis: Basis) -> Reason:
    """Why the row has the days it has, or why it is closed or rests."""
    row = basis.row
    if row.reason == "done" and row.last_done_on is not None:
        late = " That was late." if row.was_late else ""
        sentence = f"Done on {spoken_day(row.last_done_on)}.{late}"
        return Reason("done", sentence, {"done_on": row.last_done_on}, origin_at(basis.content))
    if row.state == "closed":
        return Reason(row.reason, CLOSED[row.reason], {}, origin_at(basis.content))
    found = _BY_TRIGGER[basis.rule.trigger](basis)
    if row.state == "suspended":
        sentence = f"The course rests: nobody is reminded, no dose is given. {found.sentence}"
        return Reason("course_rests", sentence, found.inputs, found.origin)
    return found


def _baseline(basis: Basis) -> Reason:
    days, first = first_of(basis.rule).within_days, basis.facts.first_infusion_on
    sentence = f"At most {_days(days)} old at the first infusion on {spoken_day(first)}."
    inputs = {"first_infusion_on": first, "within_days": days}
    return Reason(
        "before_first", sentence, inputs, origin_at(basis.content, "first", "within_days")
    )


def _rolling(basis: Basis) -> Reason:
    is_baseline = basis.row.opens_on is not None and not basis.facts.given
    return _baseline(basis) if is_baseline else _again(basis)


def _again(basis: Basis) -> Reason:
    last, facts = basis.row.last_done_on, basis.facts
    if last is None:
        if facts.started_on is not None and basis.rule.trigger == "course_start":
            return _counted(basis, facts.started_on, "the start of the course")
        first = facts.first_infusion_on
        sentence = f"Never done; due since the first infusion on {spoken_day(first)}."
        return Reason("never_done", sentence, {"first_infusion_on": first}, _clock_origin(basis))
    return _counted(basis, last, "the last one")


def _counted(basis: Basis, since: date, what: str) -> Reason:
    """Days and infusions since the last time, whichever comes first."""
    found = effective_last(done_for(basis.rule, basis.facts))
    has_finding = basis.row.last_done_on is not None and found is not None and found.has_finding
    policy = basis.rule.policy(basis.facts.phase, has_finding=has_finding)
    clause = "; sooner than usual because of a finding" if has_finding else ""
    sentence = f"{_every(policy)} after {what} on {spoken_day(since)}{clause}."
    inputs = {
        "since": since,
        "period_days": policy.period_days,
        "period_infusions": policy.period_infusions,
        "phase": basis.facts.phase,
        "has_finding": has_finding,
    }
    return Reason("counted", sentence, inputs, _clock_origin(basis, has_finding=has_finding))


def _every(policy: Policy) -> str:
    parts = []
    if policy.period_days is not None:
        parts.append(_days(policy.period_days))
    if policy.period_infusions is not None:
        parts.append(_count(policy.period_infusions, "infusion"))
    first = " or ".join(parts)
    return f"{first}, whichever comes first," if len(parts) > 1 else first


def _clock_origin(basis: Basis, *, has_finding: bool = False) -> Origin:
    shortened = has_finding and "after_finding" in basis.content
    part = "after_finding" if shortened else basis.facts.phase
    return origin_at(basis.content, part, "period_days")


def _each_infusion(basis: Basis) -> Reason:
    day = basis.row.due_on
    named = f" on {spoken_day(day)}" if day else ""
    fresh = basis.rule.fresh_minutes
    limit = f", at most {fresh} minutes before it" if fresh is not None else ""
    inputs = {"infusion_on": day, "fresh_minutes": fresh}
    path = ("freshness", "minutes") if fresh is not None else ("window",)
    sentence = f"Before the infusion{named}{limit}."
    return Reason("before_infusion", sentence, inputs, origin_at(basis.content, *path))


def _infusion_end(basis: Basis) -> Reason:
    hours = hours_of(basis.rule)
    sentence = (
        f"{hours.due} hours after the infusion ended; counts from {hours.opens} hours on, until"
        f" {hours.due + hours.grace} hours after it."
    )
    inputs = {
        "due_at": basis.row.due_at,
        "due_hours": hours.due,
        "opens_hours": hours.opens,
        "grace_hours": hours.grace,
    }
    return Reason("hours_after", sentence, inputs, origin_at(basis.content, "hours", "due"))


def _after_last_infusion(basis: Basis) -> Reason:
    return _point(basis, last_infusion_on(basis.facts), "the last infusion")


def _after_course(basis: Basis) -> Reason:
    return _point(basis, basis.facts.ended_on, "the end of the course")


def _point(basis: Basis, anchor: date | None, what: str) -> Reason:
    point = next(one for one in basis.rule.points if one.cycle == basis.row.cycle)
    named = f" on {spoken_day(anchor)}" if anchor else ""
    inputs = {"anchor_on": anchor, "due_days": point.due_days, "due_months": point.due_months}
    origin = row_origin_at(basis.content, "points", "cycle", point.cycle)
    return Reason("point_after", f"{_span(point)} after {what}{named}.", inputs, origin)


def _span(point: Point) -> str:
    if point.due_months is not None:
        return _count(point.due_months, "month")
    return _days(point.due_days or 0)


def _days(count: int) -> str:
    return _count(count, "day")


def _count(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


_BY_TRIGGER: Final[Mapping[Trigger, Callable[[Basis], Reason]]] = {
    "before_first": _baseline,
    "rolling": _rolling,
    "after_first": _again,
    "course_start": _again,
    "each_infusion": _each_infusion,
    "infusion_end": _infusion_end,
    "last_infusion": _after_last_infusion,
    "course_end": _after_course,
}
