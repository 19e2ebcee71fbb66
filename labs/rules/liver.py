"""The pattern of liver injury, possible Hy's law, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from clinic.rules.content import (
    Content,
    decimal_at,
    flag_at,
    optional_whole_at,
    rows_at,
    text_at,
)
from clinic.rules.errors import RuleError

_HUNDREDTH: Final = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class ActionText:
    """What an action code means."""

    title: str
    holds_dose: bool
    repeat_days: int | None


@dataclass(frozen=True, slots=True)
class LiverRules:
    """Bounds as multiples; field names say whether a bound itself belongs to it."""

    hepatocellular_from: Decimal
    cholestatic_up_to: Decimal
    cholestatic_bound_included: bool
    hys_transaminase_from: Decimal
    hys_bilirubin_above: Decimal
    hys_alp_below: Decimal
    imaging_alp_from: Decimal
    imaging_ggt_above: Decimal
    missing_ggt_counts_as_raised: bool
    hepatology_transaminase_above: Decimal
    repeat_transaminase_above: Decimal
    repeat_bilirubin_above: Decimal
    watch_above: Decimal
    texts: Mapping[str, ActionText]


@dataclass(frozen=True, slots=True)
class Pattern:
    """R to 0.01 for reading, and the pattern from the exact value."""

    ratio: Decimal | None
    pattern: str


@dataclass(frozen=True, slots=True)
class Multiples:
    """Results as multiples of the limit, or of an abnormal baseline; None is not measured."""

    alt: Decimal | None = None
    ast: Decimal | None = None
    alp: Decimal | None = None
    ggt: Decimal | None = None
    bilirubin: Decimal | None = None


def parse_liver(content: Content) -> LiverRules:
    """The bounds from catalogue content."""
    return LiverRules(
        hepatocellular_from=decimal_at(content, "pattern", "hepatocellular_from"),
        cholestatic_up_to=decimal_at(content, "pattern", "cholestatic_up_to"),
        cholestatic_bound_included=flag_at(content, "pattern", "cholestatic_bound_included"),
        hys_transaminase_from=decimal_at(content, "hys_law", "transaminase_from"),
        hys_bilirubin_above=decimal_at(content, "hys_law", "bilirubin_above"),
        hys_alp_below=decimal_at(content, "hys_law", "alp_below"),
        imaging_alp_from=decimal_at(content, "actions", "imaging_alp_from"),
        imaging_ggt_above=decimal_at(content, "actions", "imaging_ggt_above"),
        missing_ggt_counts_as_raised=flag_at(content, "actions", "missing_ggt_counts_as_raised"),
        hepatology_transaminase_above=decimal_at(
            content, "actions", "hepatology_transaminase_above"
        ),
        repeat_transaminase_above=decimal_at(content, "actions", "repeat_transaminase_above"),
        repeat_bilirubin_above=decimal_at(content, "actions", "repeat_bilirubin_above"),
        watch_above=decimal_at(content, "actions", "watch_above"),
        texts={text_at(row, "code"): _text(row) for row in rows_at(content, "texts")},
    )


def pattern(
    *, alt: Decimal, alt_uln: Decimal, alp: Decimal, alp_uln: Decimal, rules: LiverRules
) -> Pattern:
    """R = (ALT / limit) / (ALP / limit) and its pattern; with both normal there is none.

    Source: CIOMS, after DRO-508598. Raises RuleError `limit_missing`, `value_impossible`.
    """
    _check_positive(alt_uln=alt_uln, alp_uln=alp_uln)
    if alt < 0:
        raise RuleError("value_impossible", "alt", "A result cannot be below zero.")
    if alp <= 0:
        raise RuleError("value_impossible", "alp", "R needs an ALP above zero.")
    if alt <= alt_uln and alp <= alp_uln:
        return Pattern(None, "not_applicable")
    over, under = alt * alp_uln, alp * alt_uln
    return Pattern((over / under).quantize(_HUNDREDTH, ROUND_HALF_UP), _named(over, under, rules))


def is_possible_hys_law(found: Multiples, rules: LiverRules) -> bool:
    """Whether a transaminase and bilirubin are raised without cholestasis. A person confirms.

    An unmeasured ALP does not rule it out. Source: WIKI-HY; the ALP clause is expert opinion.
    """
    transaminase = _highest(found.alt, found.ast)
    return (
        transaminase >= rules.hys_transaminase_from
        and _highest(found.bilirubin) > rules.hys_bilirubin_above
        and (found.alp is None or found.alp < rules.hys_alp_below)
    )


def action(
    found: Multiples,
    rules: LiverRules,
    *,
    has_symptoms: bool = False,
    has_dilatation: bool = False,
) -> str:
    """The action code; the first rule from the top that applies decides.

    `has_symptoms` is jaundice, itching or right upper pain: a hold at any value.
    `has_dilatation` is a widened bile duct on imaging. Numbers are expert opinion.
    """
    transaminase, bilirubin = _highest(found.alt, found.ast), _highest(found.bilirubin)
    highest = max(transaminase, bilirubin, _highest(found.alp, found.ggt))
    applies = (
        ("stop_hys_law", is_possible_hys_law(found, rules)),
        ("hold_imaging", has_dilatation or _needs_imaging(found, rules)),
        ("stop_hepatology", transaminase > rules.hepatology_transaminase_above),
        ("hold_repeat_7d", transaminase > rules.repeat_transaminase_above),
        ("hold_repeat_7d", bilirubin > rules.repeat_bilirubin_above),
        ("hold_symptoms", has_symptoms),
        ("continue_repeat_14d", highest > rules.watch_above),
    )
    return next((code for code, does in applies if does), "continue")


def _text(row: Content) -> ActionText:
    return ActionText(
        text_at(row, "title"), flag_at(row, "holds_dose"), optional_whole_at(row, "repeat_days")
    )


def _named(over: Decimal, under: Decimal, rules: LiverRules) -> str:
    if over >= rules.hepatocellular_from * under:
        return "hepatocellular"
    bound = rules.cholestatic_up_to * under
    if over < bound or (over == bound and rules.cholestatic_bound_included):
        return "cholestatic"
    return "mixed"


def _needs_imaging(found: Multiples, rules: LiverRules) -> bool:
    if _highest(found.alp) < rules.imaging_alp_from:
        return False
    if found.ggt is None:
        return rules.missing_ggt_counts_as_raised
    return found.ggt > rules.imaging_ggt_above


def _highest(*multiples: Decimal | None) -> Decimal:
    return max((one for one in multiples if one is not None), default=Decimal(0))


def _check_positive(**limits: Decimal) -> None:
    for field, limit in limits.items():
        if limit <= 0:
            raise RuleError(
                "limit_missing", field, "Without its upper limit a result says nothing."
            )
