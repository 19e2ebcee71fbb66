"""Watching a session: gaps between readings, sedation, when the patient may leave (rulebook D)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from clinic.rules.content import Content, whole_at
from clinic.rules.errors import RuleError

SUBANAESTHETIC, DEEP_SEDATION = "subanaesthetic", "deep_sedation"
MODES: Final = frozenset({SUBANAESTHETIC, DEEP_SEDATION})


@dataclass(frozen=True, slots=True)
class MonitoringRules:
    """Intervals in minutes and the limits that alert."""

    infusion_interval_minutes: int
    recovery_interval_minutes: int
    deep_interval_minutes: int
    deep_from_moaas: int
    awake_moaas: int
    observation_minutes: int
    prolonged_after_minutes: int


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch without a reading longer than allowed."""

    begins: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class Sedation:
    """`awake`, `minimal_moderate` or `deep`, and how often to write readings down."""

    level: str
    max_gap_minutes: int


def parse_monitoring(content: Content) -> MonitoringRules:
    """The `session_monitoring` rule of the catalogue."""
    return MonitoringRules(
        infusion_interval_minutes=whole_at(content, "infusion_interval_minutes"),
        recovery_interval_minutes=whole_at(content, "recovery_interval_minutes"),
        deep_interval_minutes=whole_at(content, "deep_interval_minutes"),
        deep_from_moaas=whole_at(content, "deep_from_moaas"),
        awake_moaas=whole_at(content, "awake_moaas"),
        observation_minutes=whole_at(content, "discharge", "observation_minutes"),
        prolonged_after_minutes=whole_at(content, "discharge", "prolonged_after_minutes"),
    )


def reading_gaps(
    *, start: datetime, end: datetime, readings: Sequence[datetime], max_gap_minutes: int
) -> tuple[Gap, ...]:
    """Stretches between start, readings and end that are strictly longer than allowed.

    Raises RuleError `impossible_range`, `out_of_range`.
    """
    if max_gap_minutes <= 0:
        raise RuleError("out_of_range", "max_gap_min", "An interval is longer than nothing.")
    if end < start:
        raise RuleError("impossible_range", "end", "The end lies before the start.")
    inside = sorted(moment for moment in readings if start <= moment <= end)
    allowed = timedelta(minutes=max_gap_minutes)
    return tuple(
        Gap(earlier, later)
        for earlier, later in pairwise([start, *inside, end])
        if later - earlier > allowed
    )


def sedation(moaas: int, rules: MonitoringRules) -> Sedation:
    """Depth of sedation by MOAA/S. Raises RuleError `out_of_range` outside 0 to 5."""
    if not 0 <= moaas <= rules.awake_moaas:
        raise RuleError("out_of_range", "moaas", f"MOAA/S is 0 to {rules.awake_moaas}.")
    if moaas <= rules.deep_from_moaas:
        return Sedation("deep", rules.deep_interval_minutes)
    level = "awake" if moaas == rules.awake_moaas else "minimal_moderate"
    return Sedation(level, rules.infusion_interval_minutes)


def earliest_discharge(infusion_end: datetime, min_observation_minutes: int) -> datetime:
    """The first moment at which the patient may leave, by elapsed time."""
    if min_observation_minutes < 0:
        raise RuleError("out_of_range", "min_observation_min", "Observation cannot be negative.")
    return infusion_end + timedelta(minutes=min_observation_minutes)


def is_prolonged(infusion_end: datetime, resolved_at: datetime, rules: MonitoringRules) -> bool:
    """Whether effects lasted strictly longer than the guideline says they do."""
    return resolved_at - infusion_end > timedelta(minutes=rules.prolonged_after_minutes)
