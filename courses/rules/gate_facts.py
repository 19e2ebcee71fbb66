"""What a gate is asked with, and what it answers (rulebook C, H)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final, NamedTuple

from clinic.rules.reasons import Origin

UNKNOWN: Final = "unknown"
DEFAULT: Final = Origin()


@dataclass(frozen=True, slots=True)
class MonitoringFact:
    """What the laboratory side says of one requirement."""

    kind: str
    title: str
    state: str
    due_on: date | None
    blocks: bool
    origin: Origin = DEFAULT


class Hold(NamedTuple):
    """A finding on which a prescriber has not decided yet."""

    code: str
    title: str
    origin: Origin = DEFAULT


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known before a dose. What must be known and is not (None) stands against it."""

    indication: str
    sbp: int | None = None
    dbp: int | None = None
    spo2: int | None = None
    pregnancy: str = UNKNOWN
    fasting_kept: bool | None = None
    airway_equipment: bool | None = None
    capnography: bool | None = None
    escort: bool | None = None
    conditions: tuple[str, ...] = ()
    medications: tuple[str, ...] = ()
    lft_baseline_days: int | None = None
    needs_lft_baseline: bool = True
    age_years: int | None = None
    weight_findings: tuple[str, ...] = ()
    gap: tuple[str, str, str] = ("ok", "", "")
    gap_origin: Origin = DEFAULT
    gap_inputs: Mapping[str, object] = field(default_factory=dict)
    monitoring: tuple[MonitoringFact, ...] = ()
    cssrs_risk: str = ""
    holds: tuple[Hold, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One reason: code, verdict, sentence, the facts it stands on, where the rule comes from."""

    code: str
    verdict: str
    sentence: str
    overridable: bool = True
    source: str = "EXPERT"
    confidence: str = "expert"
    inputs: Mapping[str, object] = field(default_factory=dict)
    rule: str = ""
    policy_version: int = 0


@dataclass(frozen=True, slots=True)
class Gate:
    """The worst line decides; every line is kept."""

    decision: str
    lines: tuple[Line, ...]

    def codes(self, *verdicts: str) -> list[str]:
        """Codes of the lines with one of `verdicts`, in order."""
        return [line.code for line in self.lines if line.verdict in verdicts]
