"""What stands against an order on a protocol: route, amount, duration, rate (rulebook A8, A12)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from clinic.rules.errors import RuleError
from courses.rules.dosing import UG_PER_MIN_TO_MG_PER_H, positive
from courses.rules.protocols import IV, ROUTES, Protocol

OK, WARN, BLOCK = "ok", "warn", "block"
SEVERITY: Final = {OK: 0, WARN: 1, BLOCK: 2}


@dataclass(frozen=True, slots=True)
class DoseFinding:
    """One thing about an order: `ok`, `warn` or `block`, its code and a sentence."""

    status: str
    reason: str
    sentence: str


def check_order(
    protocol: Protocol,
    *,
    mg_per_kg: Decimal | None = None,
    minutes: Decimal | None = None,
    seconds: Decimal | None = None,
    route: str = IV,
    rate_mg_per_kg_h: Decimal | None = None,
) -> tuple[DoseFinding, ...]:
    """Everything that stands against an order on this protocol (rulebook A8, A12).

    Raises RuleError `unknown_code` for a route, `not_in_protocol` for an amount by the kilogram
    where the protocol runs at a rate or the reverse, `not_positive`.
    """
    return (
        *_route(protocol, route),
        *_amount(protocol, mg_per_kg),
        *_duration(protocol, minutes),
        *_bolus(protocol, seconds),
        *_rate(protocol, rate_mg_per_kg_h),
    )


def worst(findings: tuple[DoseFinding, ...]) -> DoseFinding:
    """The gravest finding; an `ok` one where there is none."""
    return max(findings, key=lambda f: SEVERITY[f.status], default=DoseFinding(OK, "", ""))


def _route(protocol: Protocol, route: str) -> tuple[DoseFinding, ...]:
    if route not in ROUTES:
        raise RuleError("unknown_code", "route", f"“{route}” is not a route known here.")
    if route in protocol.dose.blocked_routes:
        sentence = f"By the {route} route it lacks analgesic efficacy."
        return (DoseFinding(BLOCK, "route_not_recommended_for_analgesia", sentence),)
    # For pain there are other routes; against depression the guideline has the infusion only.
    if protocol.indication == "trd" and route != IV:
        sentence = f"{protocol.title} is given into the vein, not by the {route} route."
        return (DoseFinding(BLOCK, "route_not_in_protocol", sentence),)
    return ()


def _amount(protocol: Protocol, mg_per_kg: Decimal | None) -> tuple[DoseFinding, ...]:
    if mg_per_kg is None:
        return ()
    positive(mg_per_kg, "mg_per_kg")
    low, high = protocol.dose.min_mg_per_kg, protocol.dose.max_mg_per_kg
    if high is None:
        raise _not_in(protocol, "mg_per_kg")
    if mg_per_kg > high:
        in_shock = protocol.indication == "shock"
        code = "start_low_in_shock" if in_shock else "above_protocol_range"
        return (DoseFinding(BLOCK, code, f"{mg_per_kg} mg/kg is above {high} mg/kg."),)
    if low is not None and mg_per_kg < low:
        sentence = f"{mg_per_kg} mg/kg is below {low} mg/kg: give a reason."
        return (DoseFinding(WARN, "below_protocol_range", sentence),)
    return ()


def _duration(protocol: Protocol, minutes: Decimal | None) -> tuple[DoseFinding, ...]:
    if minutes is None:
        return ()
    positive(minutes, "minutes")
    limits = protocol.limits
    if limits.block_below_minutes is not None and minutes < limits.block_below_minutes:
        sentence = f"{minutes} min is too fast; at least {limits.block_below_minutes} min."
        return (DoseFinding(BLOCK, "too_fast", sentence),)
    if limits.warn_below_minutes is not None and minutes < limits.warn_below_minutes:
        return (DoseFinding(WARN, "too_fast", f"{minutes} min is faster than usual."),)
    if limits.warn_above_minutes is not None and minutes > limits.warn_above_minutes:
        return (DoseFinding(WARN, "too_slow", f"{minutes} min is slower than usual."),)
    return ()


def _bolus(protocol: Protocol, seconds: Decimal | None) -> tuple[DoseFinding, ...]:
    least = protocol.dose.min_seconds
    if seconds is None or positive(seconds, "seconds") >= (least or 0):
        return ()
    return (DoseFinding(BLOCK, "bolus_under_60s", f"A bolus takes at least {least} s."),)


def _rate(protocol: Protocol, rate: Decimal | None) -> tuple[DoseFinding, ...]:
    if rate is None:
        return ()
    positive(rate, "rate")
    low, high = _rate_range(protocol)
    if high is None:
        raise _not_in(protocol, "rate")
    if rate > high:
        sentence = f"{rate} mg/kg/h is above {high} mg/kg/h."
        return (DoseFinding(BLOCK, "above_protocol_range", sentence),)
    if low is not None and rate < low:
        sentence = f"{rate} mg/kg/h is below {low} mg/kg/h: give a reason."
        return (DoseFinding(WARN, "below_protocol_range", sentence),)
    return ()


def _not_in(protocol: Protocol, field: str) -> RuleError:
    return RuleError("not_in_protocol", field, f"{protocol.title} has no “{field}” to hold it to.")


def _rate_range(protocol: Protocol) -> tuple[Decimal | None, Decimal | None]:
    dose = protocol.dose
    if dose.max_mg_per_kg_h is not None:
        return dose.min_mg_per_kg_h, dose.max_mg_per_kg_h
    if dose.max_ug_per_kg_min is None or dose.min_ug_per_kg_min is None:
        return None, None
    return (
        dose.min_ug_per_kg_min * UG_PER_MIN_TO_MG_PER_H,
        dose.max_ug_per_kg_min * UG_PER_MIN_TO_MG_PER_H,
    )


def change_needs_reason(protocol: Protocol, *, dose_mg: Decimal, last_mg: Decimal | None) -> bool:
    """Whether the dose differs from the last by the protocol's share or more (rulebook A12)."""
    share = protocol.limits.reason_on_change_percent
    if last_mg is None or share is None:
        return False
    return abs(dose_mg - last_mg) * 100 >= share * last_mg


def needs_second_check(protocol: Protocol, dose_mg: Decimal) -> bool:
    """Whether a second person looks at an absolute dose this high (rulebook A12)."""
    limit = protocol.limits.second_check_above_mg
    return limit is not None and dose_mg > limit
