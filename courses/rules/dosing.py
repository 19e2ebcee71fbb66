"""Dose arithmetic in Decimal, each step from the rounded previous one (rulebook A11, HALF_UP)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal, InvalidOperation

from clinic.rules.content import Content, decimal_at, texts_at
from clinic.rules.errors import RuleError

UG_PER_KG_MIN, MG_PER_KG_H = "ug/kg/min", "mg/kg/h"
# Arithmetic of the units: 60 min in an hour, 1000 ug in a mg.
UG_PER_MIN_TO_MG_PER_H = Decimal(60) / Decimal(1000)


@dataclass(frozen=True, slots=True)
class Preparation:
    """Rounding steps and dilution rules (rulebook A10, A11)."""

    diluents: tuple[str, ...]
    dilution_from_mg_per_ml: Decimal
    min_diluent_ratio: Decimal
    dose_step_mg: Decimal
    volume_step_ml: Decimal
    rate_step_ml_per_h: Decimal
    midazolam_min_mg_per_kg: Decimal
    midazolam_max_mg_per_kg: Decimal
    midazolam_warn_above_mg: Decimal


@dataclass(frozen=True, slots=True)
class Dilution:
    """Whether the mixture may be given, and its concentration in mg/mL when it may."""

    allowed: bool
    concentration_mg_per_ml: Decimal | None
    reason: str


@dataclass(frozen=True, slots=True)
class Continuous:
    """A running rate; `capped` when the protocol's ceiling bit."""

    mg_per_h: Decimal
    ml_per_h: Decimal | None
    capped: bool


@dataclass(frozen=True, slots=True)
class Midazolam:
    """A dose of midazolam, what to warn of, and whether it lies in the guideline's range."""

    dose_mg: Decimal
    warns: tuple[str, ...]
    in_guideline_range: bool


def parse_preparation(content: Content) -> Preparation:
    """The `preparation` rule of the catalogue."""
    return Preparation(
        diluents=texts_at(content, "diluents"),
        dilution_from_mg_per_ml=decimal_at(content, "dilution_from_mg_per_ml"),
        min_diluent_ratio=decimal_at(content, "min_diluent_ratio"),
        dose_step_mg=decimal_at(content, "dose_step_mg"),
        volume_step_ml=decimal_at(content, "volume_step_ml"),
        rate_step_ml_per_h=decimal_at(content, "rate_step_ml_per_h"),
        midazolam_min_mg_per_kg=decimal_at(content, "midazolam", "min_mg_per_kg"),
        midazolam_max_mg_per_kg=decimal_at(content, "midazolam", "max_mg_per_kg"),
        midazolam_warn_above_mg=decimal_at(content, "midazolam", "warn_initial_above_mg"),
    )


def positive(value: Decimal, field: str) -> Decimal:
    """`value`; raises RuleError `not_a_number` or `not_positive`."""
    if not value.is_finite():
        raise RuleError("not_a_number", field, f"“{field}” is not a number.")
    if value <= 0:
        raise RuleError("not_positive", field, f"“{field}” must be more than 0.")
    return value


def _rounded(value: Decimal, step: Decimal, field: str) -> Decimal:
    """`value`, which is more than 0, to the step. Raises RuleError `out_of_range` of `field`."""
    try:
        found = value.quantize(step, ROUND_HALF_UP)
    except InvalidOperation:
        # More digits than arithmetic carries: no patient, vial or pump has such a number.
        raise RuleError("out_of_range", field, "That number is too large.") from None
    if found == 0:
        raise RuleError("out_of_range", field, f"Less than {step} cannot be measured out.")
    return found


def _cut(cap: Decimal, step: Decimal, field: str) -> Decimal:
    """The highest amount on the step that is not above `cap`, which is told as `field`.

    Raises RuleError `out_of_range` where that is nothing.
    """
    found = cap.quantize(step, ROUND_DOWN)
    if found == 0:
        raise RuleError("out_of_range", field, f"Less than {step} cannot be measured out.")
    return found


def dose_mg(
    *,
    weight_kg: Decimal,
    mg_per_kg: Decimal,
    rules: Preparation,
    cap_mg: Decimal | None = None,
) -> Decimal:
    """Milligrams to give, rounded half up to the dose step; never rounded above a cap."""
    exact = positive(weight_kg, "weight_kg") * positive(mg_per_kg, "mg_per_kg")
    dose = _rounded(exact, rules.dose_step_mg, "mg_per_kg")
    if cap_mg is None or dose <= positive(cap_mg, "cap_mg"):
        return dose
    return _cut(cap_mg, rules.dose_step_mg, "cap_mg")


def dilute(
    *,
    stock_mg_per_ml: Decimal,
    stock_ml: Decimal,
    diluent_ml: Decimal,
    diluent: str,
    rules: Preparation,
) -> Dilution:
    """The strong stock is never given undiluted, nor with less diluent than stock (guideline)."""
    positive(stock_mg_per_ml, "stock_mg_per_ml")
    positive(stock_ml, "stock_ml")
    if not diluent_ml.is_finite() or diluent_ml < 0:
        raise RuleError("out_of_range", "diluent_ml", "The diluent cannot be less than nothing.")
    if stock_mg_per_ml >= rules.dilution_from_mg_per_ml:
        if diluent_ml == 0:
            return Dilution(False, None, "undiluted_100")
        if diluent_ml < stock_ml * rules.min_diluent_ratio:
            return Dilution(False, None, "less_than_equal_volume")
    if diluent_ml > 0 and diluent not in rules.diluents:
        return Dilution(False, None, "diluent_not_listed")
    return Dilution(True, stock_mg_per_ml * stock_ml / (stock_ml + diluent_ml), "")


def volume_ml(*, dose_mg: Decimal, concentration_mg_per_ml: Decimal, rules: Preparation) -> Decimal:
    """Volume to draw, mL, from the rounded dose."""
    exact = positive(dose_mg, "dose_mg") / positive(concentration_mg_per_ml, "conc_mg_per_ml")
    return _rounded(exact, rules.volume_step_ml, "dose_mg")


def pump_rate_ml_per_h(
    *, total_volume_ml: Decimal, minutes: Decimal, rules: Preparation
) -> Decimal:
    """Pump rate, mL/h; the total volume includes the drug's."""
    exact = positive(total_volume_ml, "total_volume_ml") * 60 / positive(minutes, "minutes")
    return _rounded(exact, rules.rate_step_ml_per_h, "total_volume_ml")


def per_hour_mg_per_kg(rate: Decimal, unit: str) -> Decimal:
    """A weight-based rate in mg/kg/h. Raises RuleError `unit_unknown`."""
    positive(rate, "rate")
    if unit == MG_PER_KG_H:
        return rate
    if unit == UG_PER_KG_MIN:
        return rate * UG_PER_MIN_TO_MG_PER_H
    raise RuleError("unit_unknown", "unit", f"“{unit}” is not a unit of a running rate.")


def continuous(
    *,
    weight_kg: Decimal,
    rate: Decimal,
    unit: str,
    concentration_mg_per_ml: Decimal | None,
    cap_mg_per_h: Decimal | None,
    rules: Preparation,
) -> Continuous:
    """A continuous infusion in mg/h and mL/h, never above the cap."""
    exact = positive(weight_kg, "weight_kg") * per_hour_mg_per_kg(rate, unit)
    capped = cap_mg_per_h is not None and exact > positive(cap_mg_per_h, "cap_mg_per_h")
    if cap_mg_per_h is not None and capped:
        mg_per_h = _cut(cap_mg_per_h, rules.dose_step_mg, "cap_mg_per_h")
    else:
        mg_per_h = _rounded(exact, rules.dose_step_mg, "rate")
        if cap_mg_per_h is not None:
            mg_per_h = min(mg_per_h, cap_mg_per_h)
    ml_per_h = None
    if concentration_mg_per_ml is not None:
        strength = positive(concentration_mg_per_ml, "conc_mg_per_ml")
        ml_per_h = _rounded(mg_per_h / strength, rules.rate_step_ml_per_h, "conc_mg_per_ml")
    return Continuous(mg_per_h, ml_per_h, capped)


def total_mg(
    *, weight_kg: Decimal, rate: Decimal, unit: str, hours: Decimal, rules: Preparation
) -> Decimal:
    """Milligrams of a continuous infusion over its whole length."""
    per_hour = positive(weight_kg, "weight_kg") * per_hour_mg_per_kg(rate, unit)
    return _rounded(per_hour * positive(hours, "hours"), rules.dose_step_mg, "rate")


def stood_too_long(*, prepared_at: datetime, started_at: datetime, limit_minutes: int) -> bool:
    """Whether more time passed than “use immediately” can mean (rulebook A10)."""
    if started_at < prepared_at:
        raise RuleError("impossible_range", "prepared_at", "It was started before it was prepared.")
    return started_at - prepared_at > timedelta(minutes=limit_minutes)


def midazolam(*, weight_kg: Decimal, mg_per_kg: Decimal, rules: Preparation) -> Midazolam:
    """The dose that was ordered and its warnings; the product never proposes it (rulebook A9).

    Below the guideline's range nothing is warned of: the adult trial gave less than that.
    """
    dose = dose_mg(weight_kg=weight_kg, mg_per_kg=mg_per_kg, rules=rules)
    above = dose > rules.midazolam_warn_above_mg
    return Midazolam(
        dose_mg=dose,
        warns=("midazolam_above_2_5mg_initial",) if above else (),
        in_guideline_range=(
            rules.midazolam_min_mg_per_kg <= mg_per_kg <= rules.midazolam_max_mg_per_kg
        ),
    )
