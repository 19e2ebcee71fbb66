"""What a reading during a session asks for at once (rulebook C2, D3)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from clinic.rules.content import Content, texts_at, whole_at
from clinic.rules.errors import RuleError
from courses.rules.session_monitoring import MonitoringRules, sedation

STOP, PAUSE, ALERT, REPEAT = "stop", "pause", "alert", "repeat"
MOST_SPO2_PERCENT: Final = 100


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """Limits in mmHg, percent and minutes, and the symptoms that end a session at any value."""

    pause_from_sbp: int
    pause_from_dbp: int
    confirm_minutes: int
    min_spo2_percent: int
    max_etco2_mmhg: int
    urgent_symptoms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read at one moment; None: not measured. `etco2_absent`: measured, and no trace."""

    sbp: int | None = None
    dbp: int | None = None
    spo2: int | None = None
    etco2_mmhg: int | None = None
    etco2_absent: bool = False
    moaas: int | None = None
    symptoms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """`stop`, `pause`, `alert` or `repeat` (measure again), its code and a sentence."""

    level: str
    code: str
    sentence: str


def parse_session_limits(content: Content) -> SessionLimits:
    """The limits of the `session_monitoring` rule."""
    return SessionLimits(
        pause_from_sbp=whole_at(content, "pause_from_sbp"),
        pause_from_dbp=whole_at(content, "pause_from_dbp"),
        confirm_minutes=whole_at(content, "confirm_minutes"),
        min_spo2_percent=whole_at(content, "min_spo2_percent"),
        max_etco2_mmhg=whole_at(content, "max_etco2_mmhg"),
        urgent_symptoms=texts_at(content, "urgent_symptoms"),
    )


def findings(
    reading: Reading, before: Reading | None, *, limits: SessionLimits, rules: MonitoringRules
) -> tuple[Finding, ...]:
    """Everything the reading asks for; `before` is the one just before it.

    Raises RuleError `out_of_range` for what no instrument shows.
    """
    return (
        *_symptoms(reading, limits),
        *_pressure(reading, before, limits),
        *_oxygen(reading, limits),
        *_carbon_dioxide(reading, limits),
        *_sedation(reading, rules),
    )


def _symptoms(reading: Reading, limits: SessionLimits) -> Iterable[Finding]:
    for symptom in reading.symptoms:
        if symptom in limits.urgent_symptoms:
            spoken = symptom.replace("_", " ").capitalize()
            yield Finding(STOP, symptom, f"{spoken}: stop, call for help.")


def _pressure(reading: Reading, before: Reading | None, limits: SessionLimits) -> Iterable[Finding]:
    """A high pressure is measured again before it pauses the infusion."""
    if not _is_high(reading, limits):
        return
    value = f"Blood pressure {_spoken(reading.sbp)}/{_spoken(reading.dbp)}"
    if before is not None and _is_high(before, limits):
        sentence = f"{value}, confirmed: pause, call the prescriber."
        yield Finding(PAUSE, "bp_high_confirmed", sentence)
    else:
        sentence = f"{value}: measure again within {limits.confirm_minutes} min."
        yield Finding(REPEAT, "bp_high", sentence)


def _is_high(reading: Reading, limits: SessionLimits) -> bool:
    sbp, dbp = reading.sbp, reading.dbp
    return (sbp is not None and sbp >= limits.pause_from_sbp) or (
        dbp is not None and dbp >= limits.pause_from_dbp
    )


def _spoken(value: int | None) -> str:
    return "–" if value is None else str(value)


def _oxygen(reading: Reading, limits: SessionLimits) -> Iterable[Finding]:
    if reading.spo2 is None:
        return
    if not 0 <= reading.spo2 <= MOST_SPO2_PERCENT:
        raise RuleError("out_of_range", "spo2", f"{reading.spo2} % is not possible.")
    if reading.spo2 < limits.min_spo2_percent:
        sentence = f"Oxygen saturation {reading.spo2} %: below {limits.min_spo2_percent} %."
        yield Finding(ALERT, "spo2_low", sentence)


def _carbon_dioxide(reading: Reading, limits: SessionLimits) -> Iterable[Finding]:
    if reading.etco2_absent:
        yield Finding(ALERT, "etco2_absent", "No carbon dioxide trace: look at the airway.")
    elif reading.etco2_mmhg is not None and reading.etco2_mmhg > limits.max_etco2_mmhg:
        sentence = f"Carbon dioxide {reading.etco2_mmhg}: above {limits.max_etco2_mmhg} mmHg."
        yield Finding(ALERT, "etco2_high", sentence)


def _sedation(reading: Reading, rules: MonitoringRules) -> Iterable[Finding]:
    if reading.moaas is None:
        return
    found = sedation(reading.moaas, rules)
    if found.level == "deep":
        sentence = f"Deep sedation: write readings down every {found.max_gap_minutes} min."
        yield Finding(ALERT, "deep_sedation", sentence)
