"""Watching a session: gaps between readings, sedation, leaving (D2, D3, D6)."""

from __future__ import annotations

from datetime import datetime

import pytest

from clinic.rules.errors import RuleError
from courses.rules import defaults
from courses.rules.session_monitoring import (
    earliest_discharge,
    is_prolonged,
    reading_gaps,
    sedation,
)

RULES = defaults.monitoring()


def at(clock: str) -> datetime:
    return datetime.fromisoformat(f"2026-03-02T{clock}-05:00")


def gaps(start: str, end: str, readings: str, minutes: int) -> list[str]:
    found = reading_gaps(
        start=at(start),
        end=at(end),
        readings=[at(clock) for clock in readings.split()],
        max_gap_minutes=minutes,
    )
    return [f"{gap.begins:%H:%M}-{gap.ends:%H:%M}" for gap in found]


@pytest.mark.parametrize(
    ("start", "end", "readings", "minutes", "expected"),
    [
        ("10:00", "10:20", "10:00 10:05 10:10 10:15 10:20", 5, []),
        ("10:00", "10:20", "10:00 10:05 10:15 10:20", 5, ["10:05-10:15"]),
        ("10:00", "10:40", "10:00 10:10 10:20 10:30 10:40", 10, []),
        ("10:00", "10:40", "10:00 10:10 10:21 10:30 10:40", 10, ["10:10-10:21"]),
        # Nothing written down at the beginning, or at the end, is a gap as well.
        ("10:00", "10:20", "10:06 10:11 10:16", 5, ["10:00-10:06"]),
        ("10:00", "10:20", "10:05 10:10 10:14", 5, ["10:14-10:20"]),
        ("10:00", "10:20", "", 10, ["10:00-10:20"]),
        ("10:00", "10:10", "", 10, []),
        ("10:00", "10:20", "10:15 10:05 10:10", 5, []),
        # Readings outside do not count.
        ("10:00", "10:20", "09:58 10:22", 10, ["10:00-10:20"]),
        ("10:00", "10:00", "", 5, []),
    ],
)
def test_gaps(start: str, end: str, readings: str, minutes: int, expected: list[str]) -> None:
    assert gaps(start, end, readings, minutes) == expected


@pytest.mark.parametrize(
    ("end", "minutes", "code"),
    [("09:59", 5, "impossible_range"), ("10:20", 0, "out_of_range"), ("10:20", -5, "out_of_range")],
)
def test_impossible_stretches(end: str, minutes: int, code: str) -> None:
    with pytest.raises(RuleError) as refused:
        gaps("10:00", end, "", minutes)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("moaas", "level", "minutes"),
    [
        (5, "awake", 10),
        (4, "minimal_moderate", 10),
        (3, "minimal_moderate", 10),
        (2, "deep", 5),
        (1, "deep", 5),
        (0, "deep", 5),
    ],
)
def test_sedation(moaas: int, level: str, minutes: int) -> None:
    found = sedation(moaas, RULES)
    assert (found.level, found.max_gap_minutes) == (level, minutes)


@pytest.mark.parametrize("moaas", [-1, 6])
def test_no_such_depth(moaas: int) -> None:
    with pytest.raises(RuleError) as refused:
        sedation(moaas, RULES)
    assert (refused.value.code, refused.value.field) == ("out_of_range", "moaas")


def test_the_patient_stays_two_hours() -> None:
    assert RULES.observation_minutes == 120
    assert earliest_discharge(at("10:40"), 120) == at("12:40")
    assert earliest_discharge(at("10:40"), 0) == at("10:40")
    with pytest.raises(RuleError, match="cannot be negative"):
        earliest_discharge(at("10:40"), -1)


@pytest.mark.parametrize(
    ("resolved", "prolonged"),
    [("14:40:00", False), ("14:40:01", True), ("10:30:00", False)],
)
def test_effects_beyond_four_hours_are_prolonged(resolved: str, prolonged: bool) -> None:
    assert is_prolonged(at("10:40:00"), at(resolved), RULES) is prolonged


def test_intervals() -> None:
    assert (RULES.infusion_interval_minutes, RULES.recovery_interval_minutes) == (10, 15)
