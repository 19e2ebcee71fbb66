"""Requirements that come back: baselines, checks during treatment, weekly scales."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from labs.rules.due import Dates, at_once, next_due, window
from labs.rules.exposure import (
    Completion,
    CourseFacts,
    effective_last,
    infusion_days_after,
)
from labs.rules.planned import PlannedRequirement, days_before, open_until, settled
from labs.rules.requirement_rules import RequirementRule, first_of


def done_for(rule: RequirementRule, facts: CourseFacts) -> tuple[Completion, ...]:
    """Completions that count for this rule, by day, instant and key."""
    counted = (
        completion
        for completion in facts.completions
        if completion.counts and completion.measure in rule.measures
    )
    return tuple(sorted(counted, key=lambda one: (one.done_on, str(one.done_at or ""), one.key)))


def before_first(rule: RequirementRule, facts: CourseFacts) -> PlannedRequirement:
    """A baseline: not older than allowed at the first infusion, and done before it is given."""
    first, day = first_of(rule), facts.first_infusion_on
    opens_on = days_before(day, first.within_days)
    valid = _until(day, (done for done in done_for(rule, facts) if done.done_on >= opens_on), facts)
    row = open_until(
        rule,
        window(day, rule.soon_days, rule.grace_days),
        blocks_when=first.blocks_when,
        opens_on=opens_on,
    )
    return settled(row, effective_last(valid), is_past=bool(facts.given))


def after_first(rule: RequirementRule, facts: CourseFacts) -> PlannedRequirement | None:
    """A check that comes back once the first infusion is given; None until then.

    Never done, it was due with the first infusion: overdue at once, without grace.
    """
    if not facts.given:
        return None
    last = effective_last(done_for(rule, facts))
    dates = at_once(facts.first_infusion_on) if last is None else _next(rule, facts, last)
    return open_until(rule, dates, last=last, before=_owed(rule, facts, last))


def rolling(rule: RequirementRule, facts: CourseFacts) -> PlannedRequirement:
    """Something with a short life before the first infusion and a longer one after it."""
    last = effective_last(done_for(rule, facts))
    if facts.given:
        dates = at_once(facts.first_infusion_on) if last is None else _next(rule, facts, last)
        return open_until(rule, dates, last=last, before=_owed(rule, facts, last))
    first, day = first_of(rule), facts.first_infusion_on
    opens_on = days_before(day, first.within_days)
    if last is not None and last.done_on >= opens_on:
        return open_until(rule, _next(rule, facts, last), last=last)
    return open_until(
        rule,
        window(day, rule.soon_days, rule.grace_days),
        blocks_when=first.blocks_when,
        last=last,
        opens_on=opens_on,
    )


def since_start(rule: RequirementRule, facts: CourseFacts) -> PlannedRequirement | None:
    """Something counted from the start of the course and then from the last time; None before."""
    if facts.started_on is None:
        return None
    start = Completion(measure="", done_on=facts.started_on)
    done = [one for one in done_for(rule, facts) if one.done_on >= facts.started_on]
    last = effective_last(done)
    before = _owed(rule, facts, last, since=start)
    return open_until(rule, _next(rule, facts, last or start), last=last, before=before)


def _until(day: date, done: Iterable[Completion], facts: CourseFacts) -> tuple[Completion, ...]:
    """Those up to the first infusion, by the hour where both hours are known."""
    start = facts.given[0].started_at if facts.given else None
    return tuple(
        one
        for one in done
        if start is None or (one.done_on <= day if one.done_at is None else one.done_at <= start)
    )


def _owed(
    rule: RequirementRule,
    facts: CourseFacts,
    last: Completion | None,
    since: Completion | None = None,
) -> Dates | None:
    """The days that `last` was owed for: by the time before it, else by `since`.

    With neither it was owed from the first infusion on; done before that it was owed by nobody.
    """
    if last is None:
        return None
    start = since.done_on if since else date.min
    earlier = (one for one in done_for(rule, facts) if start <= one.done_on < last.done_on)
    previous = effective_last(earlier)
    if previous or since:
        return _next(rule, facts, previous or since)  # type: ignore[arg-type]  # one of them is
    return at_once(facts.first_infusion_on) if last.done_on > facts.first_infusion_on else None


def _next(rule: RequirementRule, facts: CourseFacts, last: Completion) -> Dates | None:
    policy = rule.policy(facts.phase, has_finding=last.has_finding)
    days = infusion_days_after(last, facts)
    if last.has_finding:
        # “At the next session” is not the session of the same day.
        days = tuple(day for day in days if day > last.done_on)
    due_on = next_due(policy, last.done_on, days)
    return None if due_on is None else window(due_on, rule.soon_days, rule.grace_days)
