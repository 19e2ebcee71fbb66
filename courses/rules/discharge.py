"""What must be true before the patient leaves (rulebook D6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from clinic.rules.content import Content, decimal_at, whole_at

RISKS: Final = ("none", "low", "moderate", "high")


@dataclass(frozen=True, slots=True)
class DischargeRules:
    """How far from the baseline is still well enough."""

    awake_moaas: int
    max_cadss_above_baseline: int
    vitals_within_percent: Decimal


@dataclass(frozen=True, slots=True)
class Leaving:
    """What was found at the chair. None: not looked at, which does not count as well.

    `vitals` and `baseline_vitals` go by the same names (sbp, dbp, heart rate); risks are those of
    the C-SSRS screener, empty where it was not asked.
    """

    at: datetime
    earliest_at: datetime
    moaas: int | None
    cadss: int | None
    baseline_cadss: int | None
    vitals: Mapping[str, int]
    baseline_vitals: Mapping[str, int]
    walks: bool | None
    risk: str
    baseline_risk: str
    escort: bool | None


def parse_discharge(content: Content) -> DischargeRules:
    """The `discharge` table of the `session_monitoring` rule."""
    return DischargeRules(
        awake_moaas=whole_at(content, "awake_moaas"),
        max_cadss_above_baseline=whole_at(content, "discharge", "max_cadss_above_baseline"),
        vitals_within_percent=decimal_at(content, "discharge", "vitals_within_percent"),
    )


def against_leaving(facts: Leaving, rules: DischargeRules) -> tuple[str, ...]:
    """Codes of everything that speaks against leaving now; empty when the patient may go."""
    checks = {
        "too_early": facts.at >= facts.earliest_at,
        "not_awake": facts.moaas == rules.awake_moaas,
        "dissociation_persists": _dissociation_is_gone(facts, rules),
        "vitals_off_baseline": _near_baseline(facts, rules),
        "cannot_walk": facts.walks is True,
        "risk_worse": _no_worse(facts),
        "escort_missing": facts.escort is True,
    }
    return tuple(code for code, well in checks.items() if not well)


def _dissociation_is_gone(facts: Leaving, rules: DischargeRules) -> bool:
    if facts.cadss is None or facts.baseline_cadss is None:
        return False
    return facts.cadss <= facts.baseline_cadss + rules.max_cadss_above_baseline


def _near_baseline(facts: Leaving, rules: DischargeRules) -> bool:
    """Every baseline value was read again and lies within the percentage, ends included."""
    return bool(facts.baseline_vitals) and all(
        name in facts.vitals
        and abs(facts.vitals[name] - value) * 100 <= rules.vitals_within_percent * value
        for name, value in facts.baseline_vitals.items()
    )


def _no_worse(facts: Leaving) -> bool:
    if facts.risk not in RISKS or facts.baseline_risk not in RISKS:
        return False
    return RISKS.index(facts.risk) <= RISKS.index(facts.baseline_risk)
