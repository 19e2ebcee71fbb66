"""The rules as worked cases ask for them: plain keys in, plain keys out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from clinic.rules.errors import RuleError
from courses.rules import (
    defaults,
    dosing,
    gate,
    protocols,
    response,
    scoring,
    session_monitoring,
    weight,
    windows,
)
from labs.rules import contract as labs_contract

Case = Mapping[str, Any]
Answer = dict[str, Any]
T = TypeVar("T")
# Worked cases name the bolus of a protocol that also has a running part.
PROTOCOL_ALIASES: Final = {"pain_acute_bolus": "pain_acute", "pain_shock_bolus": "pain_shock"}


def _decimal(case: Case, key: str) -> Decimal:
    number = _optional(case, key)
    if number is None:
        raise RuleError("value_missing", key, f"“{key}” is missing.")
    return number


def _optional(case: Case, key: str) -> Decimal | None:
    given = case.get(key)
    if given is None:
        return None
    try:
        number = Decimal(str(given))
    except InvalidOperation:
        raise RuleError("not_a_number", key, f"“{key}” is not a number.") from None
    if isinstance(given, bool) or not number.is_finite():
        raise RuleError("not_a_number", key, f"“{key}” is not a number.")
    return number


def _day(case: Case, key: str) -> date:
    return _parsed(date.fromisoformat, case[key], key)


def _instant(case: Case, key: str) -> datetime:
    found = _parsed(datetime.fromisoformat, case[key], key)
    if found.tzinfo is None:
        raise RuleError("zone_missing", key, f"“{key}” has no offset.")
    return found


def _parsed(read: Callable[[str], T], text: object, key: str) -> T:
    try:
        return read(str(text))
    except ValueError:
        raise RuleError("not_a_date", key, f"“{key}” is not a date or time.") from None


def _dose_mg(case: Case) -> Answer:
    dose = dosing.dose_mg(
        weight_kg=_decimal(case, "weight_kg"),
        mg_per_kg=_decimal(case, "mg_per_kg"),
        cap_mg=_optional(case, "cap_mg"),
        rules=defaults.preparation(),
    )
    return {"dose_mg": str(dose)}


def _dilute(case: Case) -> Answer:
    found = dosing.dilute(
        stock_mg_per_ml=_decimal(case, "stock_mg_per_ml"),
        stock_ml=_decimal(case, "stock_ml"),
        diluent_ml=_decimal(case, "diluent_ml"),
        diluent=str(case.get("diluent", "")),
        rules=defaults.preparation(),
    )
    strength = found.concentration_mg_per_ml
    return {
        "allowed": found.allowed,
        "conc_mg_per_ml": None if strength is None else str(strength),
        "reason": found.reason or None,
    }


def _volume(case: Case) -> Answer:
    volume = dosing.volume_ml(
        dose_mg=_decimal(case, "dose_mg"),
        concentration_mg_per_ml=_decimal(case, "conc_mg_per_ml"),
        rules=defaults.preparation(),
    )
    return {"volume_ml": str(volume)}


def _pump_rate(case: Case) -> Answer:
    rate = dosing.pump_rate_ml_per_h(
        total_volume_ml=_decimal(case, "total_volume_ml"),
        minutes=_decimal(case, "minutes"),
        rules=defaults.preparation(),
    )
    return {"rate_ml_per_h": str(rate)}


def _continuous(case: Case) -> Answer:
    found = dosing.continuous(
        weight_kg=_decimal(case, "weight_kg"),
        rate=_decimal(case, "rate"),
        unit=case["unit"],
        concentration_mg_per_ml=_optional(case, "conc_mg_per_ml"),
        cap_mg_per_h=_optional(case, "cap_mg_per_h"),
        rules=defaults.preparation(),
    )
    ml_per_h = None if found.ml_per_h is None else str(found.ml_per_h)
    return {"mg_per_h": str(found.mg_per_h), "ml_per_h": ml_per_h, "capped": found.capped}


def _total_mg(case: Case) -> Answer:
    total = dosing.total_mg(
        weight_kg=_decimal(case, "weight_kg"),
        rate=_decimal(case, "rate"),
        unit=case["unit"],
        hours=_decimal(case, "hours"),
        rules=defaults.preparation(),
    )
    return {"total_mg": str(total)}


def _dose_check(case: Case) -> Answer:
    code = PROTOCOL_ALIASES.get(case["protocol"], case["protocol"])
    rate = _optional(case, "rate")
    per_hour = None if rate is None else dosing.per_hour_mg_per_kg(rate, case["unit"])
    findings = dosing.check_order(
        defaults.protocol(code),
        mg_per_kg=_optional(case, "mg_per_kg"),
        minutes=_optional(case, "minutes"),
        seconds=_optional(case, "seconds"),
        route=case.get("route") or "IV",
        rate_mg_per_kg_h=per_hour,
    )
    found = dosing.worst(findings)
    return {"status": found.status, "reason": found.reason or None}


def _ideal_weight(case: Case) -> Answer:
    ideal = weight.ideal_kg(
        sex=str(case["sex"]), height_cm=_decimal(case, "height_cm"), rules=defaults.ideal_weight()
    )
    return {"ibw_kg": str(ideal)}


def _planned_range(case: Case) -> Answer:
    low, high = protocols.planned_range(case["per_week"], case["weeks_min"], case["weeks_max"])
    return {"min": low, "max": high}


def _check_gap(case: Case) -> Answer:
    gaps = defaults.protocol("trd_standard").gaps
    if gaps is None:
        raise RuleError("content_broken", "gaps", "The standard course has no gaps.")
    previous = [_parsed(date.fromisoformat, day, "prev") for day in case["prev"]]
    found = windows.check_gap(previous, _day(case, "proposed"), gaps)
    return {"status": found.status, "reason": found.reason or None}


def _due_24h(case: Case) -> Answer:
    try:
        zone = ZoneInfo(case["tz"])
    except (ZoneInfoNotFoundError, ValueError):
        raise RuleError("zone_unknown", "tz", f"“{case['tz']}” is not a time zone.") from None
    hours = defaults.response().day_after_hours
    return {"due": windows.day_after(_instant(case, "infusion_end"), zone, hours).isoformat()}


def _scored(code: str, items: Any, **extra: Any) -> scoring.Score | scoring.Incomplete:
    return scoring.score(defaults.scale(code), items, **extra)


def _phq9(case: Case) -> Answer:
    items = case["items"]
    found = _scored("phq9", items, functional=case.get("functional"))
    last = items[-1] if items else None
    alert = None if last is None else bool(found.alerts)
    if isinstance(found, scoring.Incomplete):
        total = _total_without_functional(items, found)
        return {**total, "item9_alert": alert, "complete": False}
    return {"total": found.total, "band": found.band, "item9_alert": alert, "complete": True}


def _total_without_functional(items: Any, found: scoring.Incomplete) -> Answer:
    """The nine items give a total also where only the unscored question is open."""
    if found.missing != ("functional",):
        return {"total": None, "band": None}
    whole = _scored("phq9", items, functional=0)
    return _total_and_band(whole)


def _total_and_band(found: scoring.Score | scoring.Incomplete) -> Answer:
    if isinstance(found, scoring.Incomplete):
        return {"total": None, "band": None}
    return {"total": found.total, "band": found.band or None}


def _phq9_prorate(case: Case) -> Answer:
    found = _scored("phq9", case["items"], functional=0, prorate=True)
    prorated = isinstance(found, scoring.Score) and found.prorated
    return {"total": _total_and_band(found)["total"], "prorated": prorated}


def _of_scale(code: str) -> Callable[[Case], Answer]:
    return lambda case: _total_and_band(_scored(code, case["items"]))


def _cssrs(case: Case) -> Answer:
    keys = [item.id for item in defaults.scale("cssrs_screener").items]
    answers = [None if case.get(key) is None else int(bool(case[key])) for key in keys]
    found = _scored("cssrs_screener", answers)
    if isinstance(found, scoring.Incomplete):
        # A high answer is high whatever else is open; otherwise nothing can be said yet.
        return {"risk": "high" if found.alerts else None, "complete": False}
    return {"risk": found.band, "complete": True}


def _cadss6(case: Case) -> Answer:
    total = scoring.subscale_total(defaults.scale("cadss"), "cadss6", case["items23"])
    return {"total": total}


def _bprs(case: Case) -> Answer:
    keys = [item.id for item in defaults.scale("bprs_pos4").items]
    return _total_and_band(_scored("bprs_pos4", [case.get(key) for key in keys]))


def _classify(case: Case) -> Answer:
    found = response.classify(
        defaults.scale(case["scale"]), baseline=case["baseline"], current=case["current"]
    )
    percent = None if found.percent is None else str(found.percent)
    return {"pct": percent, "category": found.category, "remission": found.remission}


def _mcid(case: Case) -> Answer:
    change, meets = response.meets_mcid(
        defaults.scale(case["scale"]), baseline=case["baseline"], current=case["current"]
    )
    return {"change": change, "meets_mcid": meets}


def _predose(case: Case) -> Answer:
    found = gate.evaluate(
        gate.Facts(
            indication=case["indication"],
            sbp=case.get("sbp"),
            dbp=case.get("dbp"),
            spo2=case.get("spo2"),
            pregnancy=case.get("pregnancy") or gate.UNKNOWN,
            fasting_kept=case.get("npo_ok"),
            airway_equipment=case.get("airway_equipment"),
            conditions=tuple(case.get("conditions") or ()),
            medications=tuple(case.get("medications") or ()),
            lft_baseline_days=case.get("lft_baseline_days"),
            needs_lft_baseline="lft_baseline_days" in case,
        ),
        defaults.gate(),
    )
    return {
        "decision": found.decision,
        "blocks": found.codes(gate.BLOCK, gate.HOLD),
        "warns": found.codes(gate.WARN),
    }


def _gaps(case: Case) -> Answer:
    day = date(2000, 1, 1)

    def at(text: str) -> datetime:
        return datetime.combine(day, _parsed(time.fromisoformat, text, "obs"))

    found = session_monitoring.reading_gaps(
        start=at(case["start"]),
        end=at(case["end"]),
        readings=[at(text) for text in case["obs"]],
        max_gap_minutes=case["max_gap_min"],
    )
    return {"gaps": [[f"{gap.begins:%H:%M}", f"{gap.ends:%H:%M}"] for gap in found]}


def _discharge(case: Case) -> Answer:
    earliest = session_monitoring.earliest_discharge(
        _instant(case, "infusion_end"), case["min_observation_min"]
    )
    return {"earliest": earliest.isoformat()}


def _prolonged(case: Case) -> Answer:
    prolonged = session_monitoring.is_prolonged(
        _instant(case, "infusion_end"), _instant(case, "resolved_at"), defaults.monitoring()
    )
    return {"prolonged": prolonged}


def _sedation(case: Case) -> Answer:
    found = session_monitoring.sedation(case["moaas"], defaults.monitoring())
    return {"level": found.level, "max_gap_min": found.max_gap_minutes}


def _midazolam(case: Case) -> Answer:
    dose, warns = dosing.midazolam(
        weight_kg=_decimal(case, "weight_kg"),
        mg_per_kg=_decimal(case, "mg_per_kg"),
        rules=defaults.preparation(),
    )
    return {"dose_mg": str(dose), "warns": list(warns)}


CASES: Final[dict[str, Callable[[Case], Answer]]] = {
    **labs_contract.CASES,
    "dose.mg": _dose_mg,
    "dose.dilute": _dilute,
    "dose.volume_ml": _volume,
    "dose.pump_rate": _pump_rate,
    "dose.continuous": _continuous,
    "dose.total_mg": _total_mg,
    "dose.check": _dose_check,
    "weight.ibw": _ideal_weight,
    "course.planned_range": _planned_range,
    "visit.check_gap": _check_gap,
    "assess.due_24h": _due_24h,
    "scale.phq9": _phq9,
    "scale.phq9_prorate": _phq9_prorate,
    "scale.qids_sr16": _of_scale("qids_sr16"),
    "scale.madrs": _of_scale("madrs"),
    "scale.hamd17": _of_scale("hamd17"),
    "scale.gad7": _of_scale("gad7"),
    "scale.cssrs_screener": _cssrs,
    "scale.cadss": _of_scale("cadss"),
    "scale.cadss6": _cadss6,
    "scale.bprs_pos4": _bprs,
    "outcome.classify": _classify,
    "outcome.mcid": _mcid,
    "gate.predose": _predose,
    "monitor.gaps": _gaps,
    "discharge.earliest": _discharge,
    "discharge.prolonged": _prolonged,
    "sedation.level": _sedation,
    "midazolam.check": _midazolam,
}
