"""Spacing of infusions, and on which day a session is early, on time, late or missed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from courses.rules.protocols import Gaps

OK, WARN, BLOCK = "ok", "warn", "block"


@dataclass(frozen=True, slots=True)
class GapCheck:
    """`ok`, `warn` or `block`, with the code of the limit that is touched."""

    status: str
    reason: str
    sentence: str


def check_gap(previous: Iterable[date], proposed: date, gaps: Gaps) -> GapCheck:
    """May an infusion follow those on `previous` days (rulebook B2, B3; expert defaults)?

    Days after `proposed` count as neighbours too, so that moving one session cannot crowd the next.
    """
    days = sorted(set(previous))
    if any(abs((proposed - day).days) < gaps.min_gap_days for day in days):
        return GapCheck(
            BLOCK, "min_gap_2d", f"Infusions lie at least {gaps.min_gap_days} days apart."
        )
    if _too_many(days, proposed, gaps):
        return GapCheck(
            BLOCK,
            "more_than_2_in_7d",
            f"At most {gaps.max_in_window} infusions in any {gaps.window_days} days.",
        )
    before = [day for day in days if day < proposed]
    gap = (proposed - before[-1]).days if before else 0
    if gap > gaps.interrupted_after_days:
        return GapCheck(
            BLOCK,
            "course_interrupted",
            f"{gap} days since the last infusion: screen again before going on.",
        )
    if gap > gaps.missed_after_days:
        return GapCheck(WARN, "session_missed", f"{gap} days since the last infusion.")
    return GapCheck(OK, "", "")


def _too_many(days: list[date], proposed: date, gaps: Gaps) -> bool:
    """Whether any window of consecutive days that holds `proposed` holds too many."""
    reach = timedelta(days=gaps.window_days - 1)
    every = sorted([*days, proposed])
    starts = [day for day in every if proposed - reach <= day <= proposed]
    return any(
        sum(start <= day <= start + reach for day in every) > gaps.max_in_window for start in starts
    )


def timeliness(*, earliest_on: date, latest_on: date, day: date) -> str:
    """`early`, `on_time` or `late` against a session's window."""
    if day < earliest_on:
        return "early"
    return "late" if day > latest_on else "on_time"


def is_missed(*, latest_on: date, last_given_on: date | None, on: date, gaps: Gaps) -> bool:
    """A session not given is missed once its window is over and the gap is longer than allowed."""
    if on <= latest_on:
        return False
    return last_given_on is None or (on - last_given_on).days > gaps.missed_after_days


def is_interrupted(*, last_given_on: date | None, on: date, gaps: Gaps) -> bool:
    """A course rests for re-screening when the last infusion lies too far back."""
    return last_given_on is not None and (on - last_given_on).days > gaps.interrupted_after_days


def day_after(infusion_end: datetime, zone: ZoneInfo, hours: int) -> datetime:
    """`hours` elapsed after the infusion, on the site's wall clock (rulebook B4)."""
    return (infusion_end.astimezone(UTC) + timedelta(hours=hours)).astimezone(zone)
