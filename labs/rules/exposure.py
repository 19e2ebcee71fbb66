"""The facts about one course from which everything due follows, as plain data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final, Literal
from zoneinfo import ZoneInfo

COUNTS: Final = frozenset({"final", "corrected", "amended"})
_EPOCH: Final = datetime.min.replace(tzinfo=UTC)

CourseState = Literal["planned", "active", "paused", "interrupted", "completed", "stopped"]
Standing = Literal["here", "deceased", "transferred", "withdrawn"]
Phase = Literal["acute", "maintenance"]


@dataclass(frozen=True, slots=True)
class Completion:
    """Something done: `measure` is lft, gu, scale, cssrs, bp, weight, pregnancy or uds.

    `done_on` is the local day of collection or assessment, never of entry. `done_at` is None where
    only the day is known. `has_finding`: a liver grade of 1 or more, a urinary level above 0.
    """

    measure: str
    done_on: date
    done_at: datetime | None = None
    status: str = "final"
    is_complete: bool = True
    has_finding: bool = False
    key: str = ""

    @property
    def counts(self) -> bool:
        """Settled and whole: preliminary, cancelled, replaced or mistaken ones move no clock."""
        return self.is_complete and self.status.replace("-", "_") in COUNTS


@dataclass(frozen=True, slots=True)
class Infusion:
    """One infusion. `drug_given` also where it was stopped early, if any drug went in."""

    session: str
    given_on: date
    started_at: datetime
    ended_at: datetime | None = None
    drug_given: bool = True
    entered_in_error: bool = False

    @property
    def counts(self) -> bool:
        return self.drug_given and not self.entered_in_error


@dataclass(frozen=True, slots=True)
class PlannedSession:
    """A session to come, on its local day. Not one that is given, missed or cancelled."""

    session: str
    on: date


@dataclass(frozen=True, slots=True)
class CourseFacts:
    """One course. The order of the tuples does not matter.

    `planned_start_on` stands for the first infusion until a session has a day.
    `not_required`: kinds for which a clinician entered a coded reason; unknown is required.
    `next_course_on`: when a later course of the same patient took over, else None.
    """

    zone: ZoneInfo
    state: CourseState
    planned_start_on: date
    planned_count: int
    started_on: date | None = None
    ended_on: date | None = None
    standing: Standing = "here"
    phase: Phase = "acute"
    infusions: tuple[Infusion, ...] = ()
    sessions: tuple[PlannedSession, ...] = ()
    completions: tuple[Completion, ...] = ()
    not_required: frozenset[str] = frozenset()
    next_course_on: date | None = None

    @property
    def given(self) -> tuple[Infusion, ...]:
        """Infusions that count, in order of their start."""
        counted = (infusion for infusion in self.infusions if infusion.counts)
        return tuple(sorted(counted, key=lambda infusion: (infusion.started_at, infusion.session)))

    @property
    def to_come(self) -> tuple[PlannedSession, ...]:
        """Sessions to come, by day."""
        given = {infusion.session for infusion in self.given}
        rest = (session for session in self.sessions if session.session not in given)
        return tuple(sorted(rest, key=lambda session: (session.on, session.session)))

    @property
    def first_infusion_on(self) -> date:
        """The day of the first infusion: given, else booked, else planned."""
        if self.given:
            return min(infusion.given_on for infusion in self.given)
        return self.to_come[0].on if self.to_come else self.planned_start_on

    @property
    def is_last_infusion_known(self) -> bool:
        """Whether no further infusion is expected: ended, or all of them given."""
        if self.state in ("completed", "stopped"):
            return True
        return not self.to_come and len(self.given) >= self.planned_count


def effective_last(completions: Iterable[Completion]) -> Completion | None:
    """The latest one that counts, by day, then instant, then key; None where there is none.

    In what order they arrived makes no difference.
    """
    counted = [completion for completion in completions if completion.counts]
    return max(counted, key=_moment, default=None)


def infusion_days_after(last: Completion, facts: CourseFacts) -> tuple[date, ...]:
    """Days of the infusions after `last`, given and to come, in order.

    One on the same day counts where the hour is not known: blood is drawn before the dose. Those
    to come are counted, so that what falls due on the sixth is seen before the sixth.
    """
    given = tuple(infusion.given_on for infusion in facts.given if _is_after(infusion, last))
    to_come = tuple(session.on for session in facts.to_come if session.on >= last.done_on)
    return tuple(sorted(given + to_come))


def _moment(completion: Completion) -> tuple[date, datetime, str]:
    return completion.done_on, completion.done_at or _EPOCH, completion.key


def _is_after(infusion: Infusion, last: Completion) -> bool:
    if last.done_at is None:
        return infusion.given_on >= last.done_on
    return infusion.started_at > last.done_at
