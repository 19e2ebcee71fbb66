"""Requirements tied to an event: before each infusion, hours after it, days after the last."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

from clinic.rules.dates import today_local
from labs.rules.due import Dates, window
from labs.rules.exposure import Completion, CourseFacts, Infusion, effective_last
from labs.rules.planned import PlannedRequirement, open_until, settled
from labs.rules.recurring import done_for
from labs.rules.requirement_rules import Hours, RequirementRule, hours_of


def each_infusion(rule: RequirementRule, facts: CourseFacts) -> Iterator[PlannedRequirement]:
    """One row for every infusion given and one for the next to come.

    After the infusion it can no longer be done: it is then missed, and says so.
    """
    done = done_for(rule, facts)
    for infusion in facts.given:
        before = effective_last(one for one in done if _is_before(one, infusion, rule))
        row = _before(rule, infusion.session, infusion.given_on)
        yield settled(row, before, is_past=True)
    for session in facts.to_come[:1]:
        row = _before(rule, session.session, session.on)
        on_the_day = effective_last(one for one in done if one.done_on == session.on)
        # What keeps for minutes only cannot be ticked off before the infusion starts.
        yield settled(row, None if rule.fresh_minutes else on_the_day, is_past=False)


def infusion_end(rule: RequirementRule, facts: CourseFacts) -> Iterator[PlannedRequirement]:
    """One row for every infusion that ended, on the UTC line.

    Missed once a later infusion or a later reading has come.
    """
    done, given, hours = done_for(rule, facts), facts.given, hours_of(rule)
    for number, infusion in enumerate(given):
        if infusion.ended_at is not None:
            row = _hours_after(rule, infusion.session, infusion.ended_at, facts, hours)
            within = (one for one in done if _is_within(one, row, infusion.ended_at, hours))
            is_past = number + 1 < len(given) or _has_later(done, row)
            yield settled(row, effective_last(within), is_past=is_past)


def points_after(
    rule: RequirementRule, facts: CourseFacts, anchor: date | None
) -> Iterator[PlannedRequirement]:
    """One row for every point after `anchor`; nothing without an anchor or without any infusion.

    A point is missed once something is done that already serves a later one.
    """
    if anchor is None or not facts.given:
        return
    opening = [point.opens_on(anchor, rule.soon_days) for point in rule.points]
    done = [one for one in done_for(rule, facts) if one.done_on >= opening[0]]
    for point, opens_on, closes_on in zip(
        rule.points, opening, [*opening[1:], date.max], strict=True
    ):
        dates = window(point.due_on(anchor), rule.soon_days, rule.grace_days)
        row = open_until(rule, dates, cycle=point.cycle, opens_on=opens_on)
        serves = effective_last(one for one in done if opens_on <= one.done_on < closes_on)
        yield settled(row, serves, is_past=any(one.done_on >= closes_on for one in done))


def last_infusion_on(facts: CourseFacts) -> date | None:
    """The day of the last infusion, once no other is expected."""
    if not facts.given or not facts.is_last_infusion_known:
        return None
    return max(infusion.given_on for infusion in facts.given)


def _before(rule: RequirementRule, session: str, day: date) -> PlannedRequirement:
    return open_until(
        rule, window(day, rule.soon_days, rule.grace_days), cycle=session, opens_on=day
    )


def _is_before(done: Completion, infusion: Infusion, rule: RequirementRule) -> bool:
    if done.done_at is None:
        return done.done_on == infusion.given_on
    if rule.fresh_minutes is not None:
        oldest = infusion.started_at - timedelta(minutes=rule.fresh_minutes)
        return oldest <= done.done_at <= infusion.started_at
    return done.done_on == infusion.given_on and done.done_at <= infusion.started_at


def _hours_after(
    rule: RequirementRule, session: str, ended_at: datetime, facts: CourseFacts, hours: Hours
) -> PlannedRequirement:
    due_at = ended_at + timedelta(hours=hours.due)
    overdue_at = due_at + timedelta(hours=hours.grace)
    due_on = today_local(due_at, facts.zone)
    # By the day it is overdue on the morning after at the earliest; `overdue_at` has the hour.
    overdue_on = max(today_local(overdue_at, facts.zone), due_on + timedelta(days=1))
    dates = Dates(due_on - timedelta(days=rule.soon_days), due_on, overdue_on)
    opens_on = today_local(ended_at + timedelta(hours=hours.opens), facts.zone)
    row = open_until(rule, dates, cycle=session, opens_on=opens_on)
    return replace(row, due_at=due_at, overdue_at=overdue_at)


def _is_within(done: Completion, row: PlannedRequirement, ended_at: datetime, hours: Hours) -> bool:
    if done.done_at is None:
        return done.done_on == row.due_on
    elapsed = done.done_at - ended_at
    return timedelta(hours=hours.opens) <= elapsed <= timedelta(hours=hours.due + hours.grace)


def _has_later(done: tuple[Completion, ...], row: PlannedRequirement) -> bool:
    return any(row.overdue_on is not None and one.done_on > row.overdue_on for one in done)
