"""A protocol as typed data, and the sessions that follow from it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Final

from clinic.rules.content import Content, decimal_at, flag_at, table_at, text_at, whole_at
from clinic.rules.errors import RuleError

INFUSION = "infusion"
MODES: Final = frozenset({INFUSION, "bolus", "continuous"})
# What a protocol, and a line against a dose, may be for. Another word would switch rules off.
INDICATIONS: Final = frozenset({"trd", "pain", "shock"})
IV: Final = "IV"
ROUTES: Final = frozenset({IV, "IM", "SC", "oral", "infiltration"})


@dataclass(frozen=True, slots=True)
class Gaps:
    """Limits between infusions, in calendar days (rulebook B2, B3; defaults of a site)."""

    min_gap_days: int
    max_in_window: int
    window_days: int
    missed_after_days: int
    interrupted_after_days: int
    booking_window_days: int
    grace_weeks: int


@dataclass(frozen=True, slots=True)
class Dose:
    """What may be given. Amounts that the protocol does not name are None."""

    mode: str
    min_mg_per_kg: Decimal | None
    max_mg_per_kg: Decimal | None
    minutes: int | None
    min_seconds: int | None
    min_mg_per_kg_h: Decimal | None
    max_mg_per_kg_h: Decimal | None
    min_ug_per_kg_min: Decimal | None
    max_ug_per_kg_min: Decimal | None
    cap_mg_per_h: Decimal | None
    blocked_routes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """When a dose is refused or questioned (rulebook A12). None: no such limit."""

    block_below_minutes: int | None
    warn_below_minutes: int | None
    warn_above_minutes: int | None
    second_check_above_mg: Decimal | None
    reason_on_change_percent: Decimal | None


@dataclass(frozen=True, slots=True)
class Schedule:
    """Sessions a week and weeks; `count_default` of `planned_range`."""

    per_week: int
    weeks_min: int
    weeks_max: int
    count_default: int


@dataclass(frozen=True, slots=True)
class Protocol:
    """A recipe. Reference protocols have no schedule and cannot be booked."""

    code: str
    title: str
    indication: str
    orderable: bool
    second_prescriber: bool
    dose: Dose
    limits: Limits
    schedule: Schedule | None
    gaps: Gaps | None
    preparation_minutes: int
    observation_minutes: int

    @property
    def chair_minutes(self) -> int:
        """How long an infusion takes a chair: preparation, infusion, observation."""
        return self.preparation_minutes + (self.dose.minutes or 0) + self.observation_minutes


@dataclass(frozen=True, slots=True)
class PlannedSession:
    """Dose `number` with the days on which it may be given."""

    number: int
    earliest_on: date
    ideal_on: date
    latest_on: date


def parse_protocol(content: Content) -> Protocol:
    """The protocol in a catalogue entry.

    Raises RuleError `impossible_range`; `unknown_code` for an indication, way or route; and
    `content_broken` where it may be ordered but not booked.
    """
    dose = _dose(content)
    _known("indication", {text_at(content, "indication")}, INDICATIONS)
    _known("dose.mode", {dose.mode}, MODES)
    _known("dose.blocked_routes", dose.blocked_routes, ROUTES)
    protocol = Protocol(
        code=text_at(content, "code"),
        title=text_at(content, "title"),
        indication=text_at(content, "indication"),
        orderable=flag_at(content, "orderable"),
        second_prescriber=bool(content.get("second_prescriber", False)),
        dose=dose,
        limits=_limits(content),
        schedule=_schedule(content),
        gaps=_gaps(content),
        preparation_minutes=_whole(content, "chair", "preparation_minutes") or 0,
        observation_minutes=_whole(content, "chair", "observation_minutes") or 0,
    )
    bookable = protocol.schedule and protocol.gaps and dose.minutes and dose.max_mg_per_kg
    if protocol.orderable and not bookable:
        raise RuleError(
            "content_broken", "orderable", "What may be ordered needs dose, minutes, days and gaps."
        )
    return protocol


def _dose(content: Content) -> Dose:
    routes = table_at(content, "dose").get("blocked_routes", [])
    dose = Dose(
        mode=text_at(content, "dose", "mode"),
        min_mg_per_kg=_decimal(content, "dose", "min_mg_per_kg"),
        max_mg_per_kg=_decimal(content, "dose", "max_mg_per_kg"),
        minutes=_whole(content, "dose", "minutes"),
        min_seconds=_whole(content, "dose", "min_seconds"),
        min_mg_per_kg_h=_decimal(content, "dose", "min_mg_per_kg_h"),
        max_mg_per_kg_h=_decimal(content, "dose", "max_mg_per_kg_h"),
        min_ug_per_kg_min=_decimal(content, "dose", "min_ug_per_kg_min"),
        max_ug_per_kg_min=_decimal(content, "dose", "max_ug_per_kg_min"),
        cap_mg_per_h=_decimal(content, "dose", "cap_mg_per_h"),
        blocked_routes=tuple(str(route) for route in routes) if isinstance(routes, list) else (),
    )
    _in_order("dose.min_mg_per_kg", dose.min_mg_per_kg, dose.max_mg_per_kg)
    _in_order("dose.min_mg_per_kg_h", dose.min_mg_per_kg_h, dose.max_mg_per_kg_h)
    _in_order("dose.min_ug_per_kg_min", dose.min_ug_per_kg_min, dose.max_ug_per_kg_min)
    return dose


def _limits(content: Content) -> Limits:
    limits = Limits(
        block_below_minutes=_whole(content, "limits", "block_below_minutes"),
        warn_below_minutes=_whole(content, "limits", "warn_below_minutes"),
        warn_above_minutes=_whole(content, "limits", "warn_above_minutes"),
        second_check_above_mg=_decimal(content, "limits", "second_check_above_mg"),
        reason_on_change_percent=_decimal(content, "limits", "reason_on_change_percent"),
    )
    _in_order("limits.block_below_minutes", limits.block_below_minutes, limits.warn_below_minutes)
    _in_order("limits.warn_below_minutes", limits.warn_below_minutes, limits.warn_above_minutes)
    return limits


def _schedule(content: Content) -> Schedule | None:
    if not table_at(content, "schedule"):
        return None
    schedule = Schedule(
        per_week=whole_at(content, "schedule", "per_week"),
        weeks_min=whole_at(content, "schedule", "weeks_min"),
        weeks_max=whole_at(content, "schedule", "weeks_max"),
        count_default=whole_at(content, "schedule", "count_default"),
    )
    low, high = planned_range(schedule.per_week, schedule.weeks_min, schedule.weeks_max)
    if not low <= schedule.count_default <= high:
        raise RuleError(
            "impossible_range",
            "schedule.count_default",
            f"The default count {schedule.count_default} is not within {low} to {high}.",
        )
    return schedule


def _gaps(content: Content) -> Gaps | None:
    if not table_at(content, "gaps"):
        return None
    names = (
        "min_gap_days",
        "max_in_window",
        "window_days",
        "missed_after_days",
        "interrupted_after_days",
        "booking_window_days",
        "grace_weeks",
    )
    gaps = Gaps(**{name: whole_at(content, "gaps", name) for name in names})
    _in_order("gaps.min_gap_days", gaps.min_gap_days, gaps.missed_after_days)
    _in_order("gaps.missed_after_days", gaps.missed_after_days, gaps.interrupted_after_days)
    return gaps


def _decimal(content: Content, *path: str) -> Decimal | None:
    return decimal_at(content, *path) if table_at(content, *path) else None


def _whole(content: Content, *path: str) -> int | None:
    return whole_at(content, *path) if table_at(content, *path) else None


def _known(field: str, codes: Iterable[str], known: frozenset[str]) -> None:
    for code in sorted(set(codes) - known):
        raise RuleError("unknown_code", field, f"“{code}” is not known here.")


def _in_order(field: str, low: Decimal | int | None, high: Decimal | int | None) -> None:
    if low is not None and high is not None and low > high:
        raise RuleError("impossible_range", field, f"The range {low} to {high} is turned round.")


def planned_range(per_week: int, weeks_min: int, weeks_max: int) -> tuple[int, int]:
    """Fewest and most sessions of a course (rulebook A1: twice weekly, 3 to 5 weeks: 6 to 10)."""
    for field, value in (("per_week", per_week), ("weeks_min", weeks_min)):
        if value < 1:
            raise RuleError("out_of_range", field, f"“{field}” must be at least 1.")
    if weeks_max < weeks_min:
        raise RuleError("impossible_range", "weeks_max", "The most weeks are fewer than the least.")
    return per_week * weeks_min, per_week * weeks_max


def plan_sessions(
    protocol: Protocol, *, first_on: date, weekdays: Sequence[int], count: int
) -> tuple[PlannedSession, ...]:
    """`count` sessions on the wished ISO `weekdays` from `first_on`, each with its window.

    The window is the booking window around the ideal day. Two windows may come closer than the
    minimum gap; the gap is asked when a day is chosen (`windows.check_gap`).
    Raises RuleError `count_out_of_range`, `wrong_weekdays`, `not_orderable`.
    """
    schedule, gaps = protocol.schedule, protocol.gaps
    if schedule is None or gaps is None:
        raise RuleError("not_orderable", "protocol", f"{protocol.title} cannot be booked.")
    low, high = planned_range(schedule.per_week, schedule.weeks_min, schedule.weeks_max)
    if not low <= count <= high:
        raise RuleError(
            "count_out_of_range",
            "planned_count",
            f"{protocol.title} has {low} to {high} sessions, not {count}.",
        )
    days = _ideal_days(schedule, gaps, first_on=first_on, weekdays=weekdays, count=count)
    return tuple(_with_window(number, day, gaps) for number, day in enumerate(days, 1))


def _ideal_days(
    schedule: Schedule, gaps: Gaps, *, first_on: date, weekdays: Sequence[int], count: int
) -> list[date]:
    wished = set(weekdays)
    if len(wished) != schedule.per_week or not wished <= set(range(1, 8)):
        raise RuleError(
            "wrong_weekdays", "weekdays", f"Choose {schedule.per_week} different weekdays."
        )
    days: list[date] = []
    day = first_on
    while len(days) < count:
        if day.isoweekday() in wished:
            days.append(day)
        day += timedelta(days=1)
    for earlier, later in pairwise(days):
        if (later - earlier).days < gaps.min_gap_days:
            raise RuleError(
                "wrong_weekdays",
                "weekdays",
                f"The weekdays must lie at least {gaps.min_gap_days} days apart.",
            )
    return days


def _with_window(number: int, ideal_on: date, gaps: Gaps) -> PlannedSession:
    reach = timedelta(days=gaps.booking_window_days)
    # The first session has no earlier day: the course starts on the day that was asked for.
    earliest_on = ideal_on - reach if number > 1 else ideal_on
    return PlannedSession(number, earliest_on, ideal_on, ideal_on + reach)


def last_day(protocol: Protocol, first_on: date) -> date | None:
    """The last day of a course with its weeks of grace; later only by a prescriber (rulebook B3).

    None for a protocol without a schedule.
    """
    if protocol.schedule is None or protocol.gaps is None:
        return None
    weeks = protocol.schedule.weeks_max + protocol.gaps.grace_weeks
    return first_on + timedelta(weeks=weeks) - timedelta(days=1)
