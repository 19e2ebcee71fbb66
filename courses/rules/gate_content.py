"""The numbers and lists of the gate, as the catalogue keeps them (rulebook C)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from clinic.rules.content import (
    Content,
    decimal_at,
    origin_at,
    rule_name,
    text_at,
    texts_at,
    whole_at,
)
from clinic.rules.errors import RuleError
from clinic.rules.policy import SEPARATOR, paths_of
from clinic.rules.reasons import SITE, Origin
from clinic.rules.rows import each_at
from courses.rules.protocols import INDICATIONS
from courses.rules.weight import WeightRules, parse_weight

ABSOLUTE: Final = "absolute"
LISTS: Final = frozenset({"checks", "conditions", "medications"})
# What the gate asks of everybody: each must stand in the content, and nothing else.
CHECKS: Final = frozenset(
    {
        "airway_equipment_missing",
        "airway_equipment_unknown",
        "bp_missing",
        "capnography_missing",
        "cssrs_high",
        "escort_missing",
        "lft_baseline_missing",
        "not_in_catalogue",
        "npo_not_followed",
        "npo_unknown",
        "pregnancy",
        "pregnancy_unknown",
    }
)
CLASSES: Final = frozenset({ABSOLUTE, "block", "hold", "warn"})


@dataclass(frozen=True, slots=True)
class Named:
    """A check, condition or medicine of the catalogue and what it means for a dose."""

    code: str
    verdict: str
    overridable: bool
    sentence: str
    matches: frozenset[str]
    indications: frozenset[str]
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class GateRules:
    """The numbers and lists of the gate."""

    valid_minutes: int
    adult_years: int
    lft_baseline_days: int
    min_spo2_percent: int
    prepared_minutes: int
    remeasure_minutes: int
    remeasure_times: int
    warn_above: tuple[int, int]
    hold_from: tuple[int, int]
    block_from: tuple[int, int]
    fasting_hours: tuple[Decimal, Decimal, Decimal]
    weight: WeightRules
    checks: Mapping[str, Named]
    conditions: tuple[Named, ...]
    medications: tuple[Named, ...]
    name: str
    policy_version: int
    origins: Mapping[str, Origin]

    def origin_of(self, table: str, *names: str) -> Origin:
        """Where the numbers called `names` come from; the site's own where it set one of them."""
        found = [self.origins[f"{table}.{name}" if table else name] for name in names]
        return next((one for one in found if one.confidence == SITE), found[0])


def parse_gate(content: Content) -> GateRules:
    """The `gate` rule of the catalogue.

    Raises RuleError `impossible_range` for limits in the wrong order, `content_broken` for a class
    that is none and for checks that are missing or that nobody makes.
    """

    def pair(name: str) -> tuple[int, int]:
        return tuple(  # type: ignore[return-value]
            whole_at(content, "blood_pressure", f"{name}_{part}") for part in ("sbp", "dbp")
        )

    limits = [pair("warn_above"), pair("hold_from"), pair("block_from")]
    for part in (0, 1):
        column = [limit[part] for limit in limits]
        if column != sorted(column):
            raise RuleError("impossible_range", "blood_pressure", "The limits are out of order.")
    return GateRules(
        valid_minutes=whole_at(content, "valid_minutes"),
        adult_years=whole_at(content, "adult_years"),
        lft_baseline_days=whole_at(content, "lft_baseline_days"),
        min_spo2_percent=whole_at(content, "min_spo2_percent"),
        prepared_minutes=whole_at(content, "prepared_minutes"),
        remeasure_minutes=whole_at(content, "blood_pressure", "remeasure_minutes"),
        remeasure_times=whole_at(content, "blood_pressure", "remeasure_times"),
        warn_above=limits[0],
        hold_from=limits[1],
        block_from=limits[2],
        fasting_hours=_fasting(content),
        weight=parse_weight(content),
        checks=_checks(content),
        conditions=each_at(content, "conditions", _named),
        medications=each_at(content, "medications", _named),
        name=rule_name(content),
        policy_version=origin_at(content).policy_version,
        origins=_origins(content),
    )


def _fasting(content: Content) -> tuple[Decimal, Decimal, Decimal]:
    """Hours after clear fluids, a light and a fatty meal: never less for the heavier one."""
    clear = decimal_at(content, "fasting", "clear_fluids_hours")
    light = decimal_at(content, "fasting", "light_meal_hours")
    fatty = decimal_at(content, "fasting", "fatty_meal_hours")
    if not 0 < clear <= light <= fatty:
        message = "The heavier the meal, the longer the fast."
        raise RuleError("impossible_range", "fasting.fatty_meal_hours", message)
    return clear, light, fatty


def _origins(content: Content) -> Mapping[str, Origin]:
    """Of every number outside the lists, whose rows carry their source themselves."""
    paths = (path.split(SEPARATOR) for path in paths_of(content))
    plain = (path for path in paths if path[0] not in LISTS)
    return {SEPARATOR.join(path): origin_at(content, *path) for path in plain}


def _checks(content: Content) -> Mapping[str, Named]:
    found = {named.code: named for named in each_at(content, "checks", _named)}
    for code in sorted(found.keys() ^ CHECKS):
        message = f"“{code}” is missing." if code in CHECKS else f"Nobody checks “{code}”."
        raise RuleError("content_broken", f"checks.{code}" if code in found else "checks", message)
    return found


def _named(row: Content) -> Named:
    code, kind = text_at(row, "code"), text_at(row, "class")
    origin = origin_at(row, "class") if isinstance(row["class"], Mapping) else origin_at(row)
    if kind not in CLASSES:
        raise RuleError("content_broken", "class", f"“{kind}” is not a class of the gate.")
    matches = texts_at(row, "matches") if "matches" in row else (code,)
    indications = texts_at(row, "indications") if "indications" in row else ()
    for word in sorted(set(indications) - INDICATIONS):
        raise RuleError("content_broken", "indications", f"“{word}” is not an indication.")
    return Named(
        code=code,
        verdict="block" if kind == ABSOLUTE else kind,
        overridable=kind != ABSOLUTE,
        sentence=text_at(row, "sentence"),
        matches=frozenset(matches),
        indications=frozenset(indications),
        source=origin.source,
        confidence=origin.confidence,
    )
