"""Infusions after the acute course, where a site has turned them on (rulebook B6)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from clinic.rules.content import Content, flag_at, optional_whole_at, rows_at, text_at, whole_at
from clinic.rules.errors import RuleError
from clinic.rules.rows import each_at


@dataclass(frozen=True, slots=True)
class Stage:
    """One step that comes back so many times, in days."""

    every_days: int
    times: int


@dataclass(frozen=True, slots=True)
class Schedule:
    """Stages one after another; `on_relapse_every_days` where the source says how it goes on."""

    code: str
    title: str
    stages: tuple[Stage, ...]
    on_relapse_every_days: int | None = None


@dataclass(frozen=True, slots=True)
class MaintenanceRules:
    """Published schedules. Off unless the site's clinical lead turned them on."""

    is_enabled: bool
    schedules: tuple[Schedule, ...]


def parse_maintenance(content: Content) -> MaintenanceRules:
    """The `maintenance` rule. Raises RuleError `impossible_range` for a stage of no time."""
    schedules = each_at(content, "schedules", _schedule)
    return MaintenanceRules(flag_at(content, "enabled"), schedules)


def maintenance_days(
    code: str, last_infusion_on: date, rules: MaintenanceRules
) -> tuple[date, ...]:
    """The nominal days of a schedule, counted from the last infusion of the acute course.

    Raises RuleError `not_enabled`, `unknown_code`.
    """
    if not rules.is_enabled:
        raise RuleError("not_enabled", "maintenance", "This site gives no maintenance infusions.")
    schedule = next((one for one in rules.schedules if one.code == code), None)
    if schedule is None:
        raise RuleError("unknown_code", "schedule", f"“{code}” is not a schedule.")
    days, day = [], last_infusion_on
    for stage in schedule.stages:
        for _ in range(stage.times):
            day += timedelta(days=stage.every_days)
            days.append(day)
    return tuple(days)


def _schedule(row: Content) -> Schedule:
    stages = tuple(
        Stage(whole_at(stage, "every_days"), whole_at(stage, "times"))
        for stage in rows_at(row, "stages")
    )
    if not stages or any(stage.every_days < 1 or stage.times < 1 for stage in stages):
        raise RuleError("impossible_range", "stages", "A stage takes days and comes at least once.")
    again = optional_whole_at(row, "on_relapse_every_days")
    if again is not None and again < 1:
        raise RuleError("impossible_range", "on_relapse_every_days", "A step takes days.")
    return Schedule(text_at(row, "code"), text_at(row, "title"), stages, again)
