"""Weight: plausible, recent, and which weight the dose goes by (rulebook A13; expert defaults)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from clinic.rules.content import Content, decimal_at, whole_at
from clinic.rules.errors import RuleError
from courses.rules.dosing import positive

CM_PER_INCH = Decimal("2.54")
KG_STEP = Decimal("0.1")
MALE, FEMALE = frozenset({"M", "MALE"}), frozenset({"F", "FEMALE"})


@dataclass(frozen=True, slots=True)
class WeightRules:
    """When a weight is refused, questioned or too old."""

    first_valid_days: int
    valid_days: int
    confirm_change_percent: Decimal
    confirm_below_kg: Decimal
    confirm_above_kg: Decimal
    reject_below_kg: Decimal
    reject_above_kg: Decimal
    show_ideal_from_bmi: Decimal


@dataclass(frozen=True, slots=True)
class IdealWeightRules:
    """Coefficients of the Devine formula and of the adjusted weight."""

    male_kg: Decimal
    female_kg: Decimal
    kg_per_inch: Decimal
    from_inches: Decimal
    adjusted_part: Decimal
    min_height_cm: Decimal
    max_height_cm: Decimal


def parse_weight(content: Content) -> WeightRules:
    """The `weight` table of the gate rule."""
    return WeightRules(
        first_valid_days=whole_at(content, "weight", "first_valid_days"),
        valid_days=whole_at(content, "weight", "valid_days"),
        confirm_change_percent=decimal_at(content, "weight", "confirm_change_percent"),
        confirm_below_kg=decimal_at(content, "weight", "confirm_below_kg"),
        confirm_above_kg=decimal_at(content, "weight", "confirm_above_kg"),
        reject_below_kg=decimal_at(content, "weight", "reject_below_kg"),
        reject_above_kg=decimal_at(content, "weight", "reject_above_kg"),
        show_ideal_from_bmi=decimal_at(content, "weight", "show_ideal_from_bmi"),
    )


def parse_ideal_weight(content: Content) -> IdealWeightRules:
    """The `ideal_weight` table of the preparation rule."""
    return IdealWeightRules(
        male_kg=decimal_at(content, "ideal_weight", "male_kg"),
        female_kg=decimal_at(content, "ideal_weight", "female_kg"),
        kg_per_inch=decimal_at(content, "ideal_weight", "kg_per_inch"),
        from_inches=decimal_at(content, "ideal_weight", "from_inches"),
        adjusted_part=decimal_at(content, "ideal_weight", "adjusted_part"),
        min_height_cm=decimal_at(content, "ideal_weight", "min_height_cm"),
        max_height_cm=decimal_at(content, "ideal_weight", "max_height_cm"),
    )


def require_plausible(weight_kg: Decimal, rules: WeightRules) -> Decimal:
    """`weight_kg`; raises RuleError `weight_implausible` outside what a person can weigh."""
    positive(weight_kg, "weight_kg")
    if not rules.reject_below_kg <= weight_kg <= rules.reject_above_kg:
        raise RuleError(
            "weight_implausible",
            "weight_kg",
            f"{weight_kg} kg is outside {rules.reject_below_kg} to {rules.reject_above_kg} kg."
            " Was it measured in pounds?",
        )
    return weight_kg


def needs_confirmation(
    weight_kg: Decimal, *, last_kg: Decimal | None, rules: WeightRules
) -> tuple[str, ...]:
    """Codes of why somebody should look at the scales again."""
    found = []
    if not rules.confirm_below_kg <= weight_kg <= rules.confirm_above_kg:
        found.append("weight_unusual")
    if last_kg is not None:
        change = abs(weight_kg - last_kg) * 100
        if change > rules.confirm_change_percent * last_kg:
            found.append("weight_changed")
    return tuple(found)


def is_stale(*, weighed_on: date, on: date, is_first: bool, rules: WeightRules) -> bool:
    """Whether a weight is too old to dose by; the first infusion wants a fresher one."""
    allowed = rules.first_valid_days if is_first else rules.valid_days
    return (on - weighed_on).days > allowed


def ideal_kg(*, sex: str, height_cm: Decimal, rules: IdealWeightRules) -> Decimal:
    """Devine's ideal body weight, kg. `sex` is M or F.

    Raises RuleError `sex_unknown`, `height_implausible` outside what an adult measures.
    """
    kind = sex.strip().upper()
    if kind not in MALE | FEMALE:
        raise RuleError("sex_unknown", "sex", "The formula knows M and F only.")
    low, high = rules.min_height_cm, rules.max_height_cm
    if not low <= positive(height_cm, "height_cm") <= high:
        sentence = f"{height_cm} cm is outside {low} to {high} cm. Was it measured in inches?"
        raise RuleError("height_implausible", "height_cm", sentence)
    inches = height_cm / CM_PER_INCH
    base = rules.male_kg if kind in MALE else rules.female_kg
    exact = base + rules.kg_per_inch * (inches - rules.from_inches)
    return exact.quantize(KG_STEP, ROUND_HALF_UP)


def adjusted_kg(*, actual_kg: Decimal, ideal: Decimal, rules: IdealWeightRules) -> Decimal:
    """Ideal weight plus a part of what lies above it, kg."""
    exact = ideal + rules.adjusted_part * (actual_kg - ideal)
    return exact.quantize(KG_STEP, ROUND_HALF_UP)


def body_mass_index(*, weight_kg: Decimal, height_cm: Decimal) -> Decimal:
    """kg/m2, rounded half up to one decimal."""
    metres = positive(height_cm, "height_cm") / 100
    return (positive(weight_kg, "weight_kg") / (metres * metres)).quantize(KG_STEP, ROUND_HALF_UP)
