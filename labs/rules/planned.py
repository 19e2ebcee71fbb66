"""What the planner says of one requirement."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Literal

from labs.rules.due import BlocksWhen, Dates, Due, blocks, on_day
from labs.rules.exposure import Completion
from labs.rules.requirement_rules import RequirementRule

Status = Literal["open", "suspended", "closed"]


@dataclass(frozen=True, slots=True)
class PlannedRequirement:
    """One row, named by `kind` and `cycle`; `dates` are None where nothing will fall due.

    A suspended row keeps the dates it had, because the time of a pause counts.
    `opens_on` is the first day on which doing it serves. `reason` says why it is closed: done,
    missed, not_required, course_ended, deceased, transferred, withdrawn, or next_course.
    `due_at` and `overdue_at` are set where elapsed hours count, not days. `before` are the days
    that the last time was owed for, where it comes back.
    """

    kind: str
    cycle: str
    state: Status
    blocks_when: BlocksWhen
    dates: Dates | None
    last_done_on: date | None = None
    opens_on: date | None = None
    due_at: datetime | None = None
    overdue_at: datetime | None = None
    reason: str = ""
    before: Dates | None = None

    @property
    def due_on(self) -> date | None:
        return self.dates.due_on if self.dates else None

    @property
    def soon_on(self) -> date | None:
        return self.dates.soon_on if self.dates else None

    @property
    def overdue_on(self) -> date | None:
        return self.dates.overdue_on if self.dates else None

    @property
    def was_late(self) -> bool:
        """Done, but only when it was overdue."""
        return self.late_days is not None

    @property
    def late_days(self) -> int | None:
        """Days after its due day that it was last done, where that was overdue; else None."""
        owed = self.dates if self.reason == "done" else self.before
        done = self.last_done_on
        if done is None or owed is None or done < owed.overdue_on:
            return None
        return (done - owed.due_on).days

    def on_day(self, today: date) -> Due:
        """How it stands on the local day `today`; a rest blocks, a closed row does not."""
        if self.state != "open":
            return Due(None, self.state, blocks_dose=self.state == "suspended")
        if self.dates is None:
            return Due(None, "not_due", blocks_dose=False)
        return on_day(self.dates, today, self.blocks_when)

    def at(self, moment: datetime, today: date) -> Due:
        """How it stands at one moment; by the hour where hours count."""
        due = self.on_day(today)
        if self.state != "open" or self.due_at is None or self.overdue_at is None:
            return due
        if moment > self.overdue_at:
            state: Literal["overdue", "due", "not_due"] = "overdue"
        else:
            state = "due" if moment >= self.due_at else "not_due"
        return replace(due, state=state, blocks_dose=blocks(state, self.blocks_when))

    def closed(self, reason: str) -> PlannedRequirement:
        """The same, closed for `reason`; what was closed before keeps its own."""
        if self.state == "closed":
            return self
        return replace(self, state="closed", dates=None, reason=reason)

    def suspended(self) -> PlannedRequirement:
        """The same, resting; what is closed stays closed."""
        return self if self.state == "closed" else replace(self, state="suspended")


def open_until(
    rule: RequirementRule,
    dates: Dates | None,
    *,
    cycle: str = "",
    blocks_when: BlocksWhen | None = None,
    last: Completion | None = None,
    opens_on: date | None = None,
    before: Dates | None = None,
) -> PlannedRequirement:
    """An open row."""
    return PlannedRequirement(
        kind=rule.kind,
        cycle=cycle,
        state="open",
        blocks_when=blocks_when or rule.blocks_when,
        dates=dates,
        last_done_on=last.done_on if last else None,
        opens_on=opens_on,
        before=before,
    )


def settled(
    row: PlannedRequirement, done: Completion | None, *, is_past: bool
) -> PlannedRequirement:
    """The row closed as done, closed as missed once it can no longer be done, or still open."""
    if done is not None:
        return replace(row, state="closed", reason="done", last_done_on=done.done_on)
    return replace(row, state="closed", reason="missed") if is_past else row


def days_before(day: date, days: int) -> date:
    return day - timedelta(days=days)
