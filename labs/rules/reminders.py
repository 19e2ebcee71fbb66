"""Which reminder a requirement calls for on a day, to whom, and at what decent hour.

A reminder is a message about a state, never the state itself: sending, snoozing or missing one
changes nothing of what is due.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final, Literal, get_args
from zoneinfo import ZoneInfo

from clinic.rules.content import Content, texts_at, whole_at
from clinic.rules.dates import to_utc, today_local
from clinic.rules.errors import RuleError
from labs.rules.due import Dates

Step = Literal["none", "due_soon", "due", "overdue", "escalated"]
_STEPS: Final[tuple[Step, ...]] = get_args(Step)[1:]
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ReminderPolicy:
    """Decent hours on the site's wall clock, who is told at which step, and when to go further.

    `escalation_graces`: escalated once more than this many graces have passed since the due day.
    `expiry_days`: how long the last reminder of a row may still leave late.
    """

    send_from: time
    send_until: time
    recipients: Mapping[str, tuple[str, ...]]
    escalation_graces: int
    expiry_days: int


def parse_reminders(content: Content) -> ReminderPolicy:
    """The policy from catalogue content. Raises RuleError `content_broken`."""
    policy = ReminderPolicy(
        send_from=_wall(content, "from"),
        send_until=_wall(content, "until"),
        recipients={step: texts_at(content, "recipients", step) for step in _STEPS},
        escalation_graces=whole_at(content, "escalation", "graces"),
        expiry_days=whole_at(content, "expiry", "days"),
    )
    if policy.send_from >= policy.send_until:
        raise RuleError("content_broken", "hours", "The decent hours end before they begin.")
    return policy


def step_days(dates: Dates, policy: ReminderPolicy) -> dict[Step, date]:
    """First day of each step, in order; a step that would begin with the next one is left out.

    Escalation follows the overdue day by at least a day, so that the prescriber hears of it first.
    """
    grace = (dates.overdue_on - dates.due_on).days - 1
    escalated_on = max(
        dates.due_on + timedelta(days=policy.escalation_graces * grace + 1),
        dates.overdue_on + _DAY,
    )
    days = (dates.soon_on, dates.due_on, dates.overdue_on, escalated_on)
    following = (*days[1:], date.max)
    return {
        step: first
        for step, first, after in zip(_STEPS, days, following, strict=True)
        if first < after
    }


def step_on(dates: Dates, today: date, policy: ReminderPolicy) -> Step:
    """The step that holds on the local day; days without a run are made up for by the one step."""
    reached = [step for step, first in step_days(dates, policy).items() if first <= today]
    return reached[-1] if reached else "none"


def next_step_on(dates: Dates, after: date, policy: ReminderPolicy) -> date | None:
    """The next day after `after` on which a step begins; None once all have."""
    return min((day for day in step_days(dates, policy).values() if day > after), default=None)


def recipient(step: Step, reachable: Collection[str], policy: ReminderPolicy) -> str | None:
    """The first of the step's recipients that can be reached; None where nobody is told."""
    chosen = (one for one in policy.recipients.get(step, ()) if one in reachable)
    return next(chosen, None)


def send_at(on: date, not_before: datetime, zone: ZoneInfo, policy: ReminderPolicy) -> datetime:
    """The first decent moment on the local day `on` or later, and not before `not_before`.

    In UTC. The morning hour begins a day; the evening hour itself is too late.
    """
    day = max(on, today_local(not_before, zone))
    opens = to_utc(day, policy.send_from, zone)
    if not_before < to_utc(day, policy.send_until, zone):
        return max(opens, not_before)
    return to_utc(day + _DAY, policy.send_from, zone)


def is_decent(at: datetime, zone: ZoneInfo, policy: ReminderPolicy) -> bool:
    """Whether a message may leave at `at`."""
    day = today_local(at, zone)
    opens, closes = (to_utc(day, wall, zone) for wall in (policy.send_from, policy.send_until))
    return opens <= at < closes


def not_after(step: Step, dates: Dates, zone: ZoneInfo, policy: ReminderPolicy) -> datetime:
    """When a message of this step is too late to send: the next step begins, or it expired."""
    days = step_days(dates, policy)
    first = days.get(step)
    if first is None:
        raise RuleError("step_unknown", "step", f"“{step}” does not come for these dates.")
    last = next_step_on(dates, first, policy) or first + timedelta(days=policy.expiry_days)
    return to_utc(last, policy.send_until, zone)


def dedup_key(
    *, requirement: str, due_on: date, step: Step, to: str, policy_version: int, revision: int
) -> str:
    """One message for ever, whoever asks and how often. Holds ids and days, nothing clinical.

    The site's zone is no part of it: moving a clock does not send anything again.
    """
    return f"req:{requirement}|due:{due_on}|{step}|{to}|v{policy_version}|r{revision}"


def _wall(content: Content, name: str) -> time:
    hour = whole_at(content, "hours", name)
    try:
        return time(hour)
    except ValueError:
        raise RuleError("content_broken", name, f"{hour} is not an hour of the day.") from None
