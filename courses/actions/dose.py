"""How much and how fast: the arithmetic of one dose from weight and mixture. Writes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from django.utils import timezone

from clinic.errors import Refused
from clinic.queries_policies import InForce, in_force
from clinic.rules.dates import today_local
from courses.models import Course, CourseRule
from courses.rules import dosing

MIXTURE_WORDS: Final = {
    "undiluted_100": "The strong stock is never given undiluted.",
    "less_than_equal_volume": "At least as much diluent as stock is needed.",
    "diluent_not_listed": "This diluent is not listed.",
}


@dataclass(frozen=True, slots=True)
class Mixture:
    """How the drug is prepared: stock and diluent, then made up to the volume that runs."""

    stock_mg_per_ml: Decimal
    stock_ml: Decimal
    diluent_ml: Decimal
    diluent: str
    total_volume_ml: Decimal


@dataclass(frozen=True, slots=True)
class DosePlan:
    """The arithmetic of one dose, each step from the rounded one before."""

    dose_mg: Decimal
    concentration_mg_per_ml: Decimal
    drug_volume_ml: Decimal
    total_volume_ml: Decimal
    rate_ml_per_h: Decimal
    minutes: int
    counting: InForce[CourseRule]


def plan_dose(
    *, course: Course, weight_kg: Decimal, mixture: Mixture, at: datetime | None = None
) -> DosePlan:
    """How much and how fast. Raises Refused with the reason of a mixture that may not be given."""
    on = today_local(at or timezone.now(), course.site.zone)
    counting = in_force(CourseRule, "preparation", site_id=course.site_id, on=on)
    rules = counting.parsed(dosing.parse_preparation)
    dose = dosing.dose_mg(weight_kg=weight_kg, mg_per_kg=course.mg_per_kg, rules=rules)
    mixed = dosing.dilute(
        stock_mg_per_ml=mixture.stock_mg_per_ml,
        stock_ml=mixture.stock_ml,
        diluent_ml=mixture.diluent_ml,
        diluent=mixture.diluent,
        rules=rules,
    )
    if mixed.concentration_mg_per_ml is None:
        raise Refused(mixed.reason, MIXTURE_WORDS[mixed.reason], "diluent_ml")
    drug = dosing.volume_ml(
        dose_mg=dose, concentration_mg_per_ml=mixed.concentration_mg_per_ml, rules=rules
    )
    if drug > mixture.stock_ml + mixture.diluent_ml:
        raise Refused("too_little_drawn", f"{drug} mL are needed for {dose} mg.", "stock_ml")
    if drug > mixture.total_volume_ml:
        raise Refused("volume_too_small", f"The drug alone is {drug} mL.", "total_volume_ml")
    rate = dosing.pump_rate_ml_per_h(
        total_volume_ml=mixture.total_volume_ml,
        minutes=Decimal(course.infusion_minutes),
        rules=rules,
    )
    return DosePlan(
        dose,
        mixed.concentration_mg_per_ml,
        drug,
        mixture.total_volume_ml,
        rate,
        course.infusion_minutes,
        counting,
    )
