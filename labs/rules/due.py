"""When something that comes back falls due, and what that means for the next dose.

Clinical defaults of this engine are expert opinion and lie in the catalogue.
"""

from __future__ import annotations

import calendar
from collections.abc import Collection
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, date, timedelta
from typing import Final, Literal

from clinic.rules.errors import RuleError

State = Literal["not_due", "due_soon", "due", "overdue", "suspended", "closed"]
BlocksWhen = Literal["due", "overdue", "never"]

RESTING: Final = frozenset({"paused", "interrupted"})
ENDED: Final = frozenset({"completed", "stopped"})
GONE: Final = frozenset({"deceased", "transferred", "withdrawn"})
UNDER_WAY: Final = frozenset({"planned", "active"})


@dataclass(frozen=True, slots=True)
class Policy:
    """How often (whichever comes first), how long before and after, and when it stops a dose."""

    period_days: int | None
    period_infusions: int | None
    soon_days: int
    grace_days: int
    blocks_when: BlocksWhen

    def __post_init__(self) -> None:
        for name in ("period_days", "period_infusions"):
            period = getattr(self, name)
            if period is not None and period < 1:
                raise RuleError("period_not_positive", name, "A period is at least 1.")
        for name in ("soon_days", "grace_days"):
            if getattr(self, name) < 0:
                raise RuleError("window_negative", name, "Soon and grace are not below zero.")


@dataclass(frozen=True, slots=True)
class Dates:
    """First days on which something is due soon, due, and overdue."""

    soon_on: date
    due_on: date
    overdue_on: date


@dataclass(frozen=True, slots=True)
class Due:
    """The answer for one day. Suspended and closed things have no dates."""

    due_on: date | None
    state: State
    blocks_dose: bool
    soon_on: date | None = None
    overdue_on: date | None = None


def evaluate(
    *,
    policy: Policy,
    last_done: date | None,
    infusions_after_last: Collection[date],
    today: date,
    course: str,
) -> Due:
    """What holds today, from the last time it was done and the infusions since.

    While a course rests nothing is due and no dose may be given; on resuming the same facts are
    asked again, so the time that passed counts. Raises RuleError `course_state_unknown`,
    `future_dated`.
    """
    if course in RESTING:
        return Due(None, "suspended", blocks_dose=True)
    if course in ENDED | GONE:
        return Due(None, "closed", blocks_dose=True)
    if course not in UNDER_WAY:
        raise RuleError("course_state_unknown", "course", f"“{course}” is not a course state.")
    reject_future(last_done, today)
    if last_done is None:
        return on_day(at_once(today), today, policy.blocks_when)
    due_on = next_due(policy, last_done, infusions_after_last)
    if due_on is None:
        return Due(None, "not_due", blocks_dose=False)
    return on_day(window(due_on, policy.soon_days, policy.grace_days), today, policy.blocks_when)


def next_due(
    policy: Policy, last_done: date, infusions_after_last: Collection[date]
) -> date | None:
    """The earlier of the calendar and of the day of the Nth infusion; None while neither says."""
    days: list[date] = []
    if policy.period_days is not None:
        days.append(last_done + timedelta(days=policy.period_days))
    count = policy.period_infusions
    if count is not None and len(infusions_after_last) >= count:
        days.append(sorted(infusions_after_last)[count - 1])
    return min(days, default=None)


def window(due_on: date, soon_days: int, grace_days: int) -> Dates:
    """Soon from `soon_days` before; overdue from the day after the grace."""
    return Dates(
        soon_on=due_on - timedelta(days=soon_days),
        due_on=due_on,
        overdue_on=due_on + timedelta(days=grace_days + 1),
    )


def at_once(day: date) -> Dates:
    """What should have been there already: due and overdue on the same day, without grace."""
    return Dates(soon_on=day, due_on=day, overdue_on=day)


def on_day(dates: Dates, today: date, blocks_when: BlocksWhen) -> Due:
    """How the dates stand today."""
    state = state_of(dates, today)
    return Due(
        due_on=dates.due_on,
        state=state,
        blocks_dose=blocks(state, blocks_when),
        soon_on=dates.soon_on,
        overdue_on=dates.overdue_on,
    )


def state_of(dates: Dates, today: date) -> State:
    """The state on the local day `today`; the latest threshold that is reached decides."""
    if today >= dates.overdue_on:
        return "overdue"
    if today >= dates.due_on:
        return "due"
    return "due_soon" if today >= dates.soon_on else "not_due"


def blocks(state: State, blocks_when: BlocksWhen) -> bool:
    """Whether the state stands against the next dose."""
    if blocks_when == "never":
        return False
    return state == "overdue" or (state == "due" and blocks_when == "due")


def days_late(dates: Dates, today: date) -> int:
    """Days since it fell due; 0 until then."""
    return max((today - dates.due_on).days, 0)


def add_months(anchor: date, months: int) -> date:
    """`months` calendar months from the anchor, in a shorter month its last day.

    Always count from the anchor, so that 31 January gives 28 February and then 31 March.
    Raises RuleError `out_of_range` where the calendar ends.
    """
    years, month = divmod(anchor.month - 1 + months, 12)
    year, month = anchor.year + years, month + 1
    if not MINYEAR <= year <= MAXYEAR:
        raise RuleError("out_of_range", "months", "That is beyond the calendar.")
    return date(year, month, min(anchor.day, calendar.monthrange(year, month)[1]))


def reject_future(done_on: date | None, today: date) -> None:
    """Raise RuleError `future_dated` for something done after today."""
    if done_on is not None and done_on > today:
        raise RuleError("future_dated", "last_done", f"{done_on} lies in the future.")
