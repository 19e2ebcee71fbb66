"""Worked cases of doses, mixtures and weights."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from clinic.rules.given import (
    Answer,
    Case,
    decimal,
    missing,
    optional_decimal,
    optional_text,
    spoken,
    text,
)
from courses.rules import defaults, dosing, orders, weight
from courses.rules.protocols import IV, Protocol

# Worked cases name the bolus of a protocol that also has a running part.
PROTOCOL_ALIASES: Final = {"pain_acute_bolus": "pain_acute", "pain_shock_bolus": "pain_shock"}


def _weight_kg(case: Case) -> Decimal:
    return weight.require_plausible(decimal(case, "weight_kg"), defaults.weight())


def _dose_mg(case: Case) -> Answer:
    dose = dosing.dose_mg(
        weight_kg=_weight_kg(case),
        mg_per_kg=decimal(case, "mg_per_kg"),
        cap_mg=optional_decimal(case, "cap_mg"),
        rules=defaults.preparation(),
    )
    return {"dose_mg": spoken(dose)}


def _dilute(case: Case) -> Answer:
    found = dosing.dilute(
        stock_mg_per_ml=decimal(case, "stock_mg_per_ml"),
        stock_ml=decimal(case, "stock_ml"),
        diluent_ml=decimal(case, "diluent_ml"),
        diluent=optional_text(case, "diluent") or "",
        rules=defaults.preparation(),
    )
    return {
        "allowed": found.allowed,
        "conc_mg_per_ml": spoken(found.concentration_mg_per_ml),
        "reason": found.reason or None,
    }


def _volume(case: Case) -> Answer:
    volume = dosing.volume_ml(
        dose_mg=decimal(case, "dose_mg"),
        concentration_mg_per_ml=decimal(case, "conc_mg_per_ml"),
        rules=defaults.preparation(),
    )
    return {"volume_ml": spoken(volume)}


def _pump_rate(case: Case) -> Answer:
    rate = dosing.pump_rate_ml_per_h(
        total_volume_ml=decimal(case, "total_volume_ml"),
        minutes=decimal(case, "minutes"),
        rules=defaults.preparation(),
    )
    return {"rate_ml_per_h": spoken(rate)}


def _continuous(case: Case) -> Answer:
    found = dosing.continuous(
        weight_kg=_weight_kg(case),
        rate=decimal(case, "rate"),
        unit=text(case, "unit"),
        concentration_mg_per_ml=optional_decimal(case, "conc_mg_per_ml"),
        cap_mg_per_h=optional_decimal(case, "cap_mg_per_h"),
        rules=defaults.preparation(),
    )
    return {
        "mg_per_h": spoken(found.mg_per_h),
        "ml_per_h": spoken(found.ml_per_h),
        "capped": found.capped,
    }


def _total_mg(case: Case) -> Answer:
    total = dosing.total_mg(
        weight_kg=_weight_kg(case),
        rate=decimal(case, "rate"),
        unit=text(case, "unit"),
        hours=decimal(case, "hours"),
        rules=defaults.preparation(),
    )
    return {"total_mg": spoken(total)}


def _check(case: Case) -> Answer:
    code = text(case, "protocol")
    protocol = defaults.protocol(PROTOCOL_ALIASES.get(code, code))
    per_kg, rate = optional_decimal(case, "mg_per_kg"), _rate_per_hour(case)
    if per_kg is None and rate is None:
        raise missing("rate" if protocol.dose.max_mg_per_kg is None else "mg_per_kg")
    minutes, seconds = optional_decimal(case, "minutes"), optional_decimal(case, "seconds")
    route = optional_text(case, "route")
    findings = orders.check_order(
        protocol,
        mg_per_kg=per_kg,
        minutes=minutes,
        seconds=seconds,
        route=IV if route is None else route,
        rate_mg_per_kg_h=rate,
    )
    found = orders.worst(findings)
    return {
        "status": found.status,
        "reason": found.reason or None,
        "reasons": [finding.reason for finding in findings],
        "unchecked": _unchecked(protocol, minutes=minutes, seconds=seconds),
    }


def _rate_per_hour(case: Case) -> Decimal | None:
    rate = optional_decimal(case, "rate")
    if rate is not None:
        return dosing.per_hour_mg_per_kg(rate, text(case, "unit"))
    if optional_text(case, "unit") is not None:
        raise missing("rate")
    return None


def _unchecked(
    protocol: Protocol, *, minutes: Decimal | None, seconds: Decimal | None
) -> list[str]:
    """Times to which the protocol sets a limit and which the case leaves open."""
    limited = {
        "minutes": minutes is None and protocol.limits.block_below_minutes is not None,
        "seconds": seconds is None and protocol.dose.min_seconds is not None,
    }
    return [key for key, is_open in limited.items() if is_open]


def _ideal_weight(case: Case) -> Answer:
    ideal = weight.ideal_kg(
        sex=text(case, "sex"), height_cm=decimal(case, "height_cm"), rules=defaults.ideal_weight()
    )
    return {"ibw_kg": spoken(ideal)}


def _midazolam(case: Case) -> Answer:
    found = dosing.midazolam(
        weight_kg=_weight_kg(case),
        mg_per_kg=decimal(case, "mg_per_kg"),
        rules=defaults.preparation(),
    )
    return {
        "dose_mg": spoken(found.dose_mg),
        "warns": list(found.warns),
        "in_guideline_range": found.in_guideline_range,
    }


CASES: Final[dict[str, Callable[[Case], Answer]]] = {
    "dose.mg": _dose_mg,
    "dose.dilute": _dilute,
    "dose.volume_ml": _volume,
    "dose.pump_rate": _pump_rate,
    "dose.continuous": _continuous,
    "dose.total_mg": _total_mg,
    "dose.check": _check,
    "weight.ibw": _ideal_weight,
    "midazolam.check": _midazolam,
}
