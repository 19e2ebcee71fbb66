"""May this infusion go ahead now? Every reason for and against, in order (rulebook C, H)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Final

from clinic.rules.errors import RuleError
from clinic.rules.reasons import Origin
from courses.rules.gate_content import GateRules, Named
from courses.rules.gate_facts import (
    DEFAULT,
    UNKNOWN,
    Facts,
    Gate,
    Hold,
    Line,
    MonitoringFact,
)
from courses.rules.protocols import INDICATIONS

__all__ = [
    "ALLOW",
    "BLOCK",
    "HOLD",
    "NEGATIVE",
    "NOT_APPLICABLE",
    "POSITIVE",
    "UNKNOWN",
    "WARN",
    "Facts",
    "Gate",
    "Hold",
    "Line",
    "MonitoringFact",
    "age_years",
    "evaluate",
]

ALLOW, WARN, HOLD, BLOCK = "allow", "warn", "hold", "block"
SEVERITY: Final = {ALLOW: 0, WARN: 1, HOLD: 2, BLOCK: 3}
FASTS: Final = ("clear_fluids", "light_meal", "fatty_meal")
NEGATIVE, POSITIVE, NOT_APPLICABLE = "negative", "positive", "not_applicable"
PREGNANCY: Final = frozenset({NEGATIVE, POSITIVE, UNKNOWN, NOT_APPLICABLE})


def evaluate(facts: Facts, rules: GateRules) -> Gate:
    """Every line, in the order of the page; the worst decides.

    Raises RuleError `out_of_range` for readings no instrument shows, `unknown_code`.
    """
    if facts.indication not in INDICATIONS:
        raise RuleError("unknown_code", "indication", f"“{facts.indication}” is not known here.")
    lines = (
        *_blood_pressure(facts, rules),
        *_oxygen(facts, rules),
        *_pregnancy(facts, rules),
        *_ready(facts, rules),
        *_age(facts, rules),
        *_listed(facts.conditions, rules.conditions, facts.indication, rules),
        *_listed(facts.medications, rules.medications, facts.indication, rules),
        *_baseline(facts, rules),
        *_weight(facts, rules),
        *_spacing(facts),
        *_monitoring(facts.monitoring),
        *_undecided(facts.holds),
        *_risk(facts, rules),
    )
    lines = tuple(_placed(line, rules) for line in lines)
    worst = max((line.verdict for line in lines), key=SEVERITY.__getitem__, default=ALLOW)
    return Gate(worst, lines)


def _placed(line: Line, rules: GateRules) -> Line:
    """A line that names no content of its own stands in the gate's."""
    if line.rule:
        return line
    return replace(line, rule=rules.name, policy_version=rules.policy_version)


def _blood_pressure(facts: Facts, rules: GateRules) -> Iterable[Line]:
    read: dict[str, object] = {"sbp": facts.sbp, "dbp": facts.dbp}
    if facts.sbp is None or facts.dbp is None:
        yield _check("bp_missing", rules, read)
        return
    _possible("sbp", facts.sbp, 40, 300)
    _possible("dbp", facts.dbp, 20, 200)
    value = f"Blood pressure {facts.sbp}/{facts.dbp}"
    if facts.sbp >= rules.block_from[0] or facts.dbp >= rules.block_from[1]:
        limit = _pressure(rules.block_from)
        sentence = f"{value}: no dose at {limit} or more."
        origin = rules.origin_of("blood_pressure", "block_from_sbp", "block_from_dbp")
        read |= {"limit": limit}
        yield _line("uncontrolled_hypertension", BLOCK, sentence, read, origin)
    elif facts.sbp >= rules.hold_from[0] or facts.dbp >= rules.hold_from[1]:
        limit, minutes = _pressure(rules.hold_from), rules.remeasure_minutes
        sentence = f"{value}: hold at {limit} or more, measure again in {minutes} min."
        origin = rules.origin_of("blood_pressure", "hold_from_sbp", "hold_from_dbp")
        again = {"remeasure_minutes": minutes, "remeasure_times": rules.remeasure_times}
        yield _line("bp_hold_recheck", HOLD, sentence, {**read, "limit": limit, **again}, origin)
    elif facts.sbp > rules.warn_above[0] or facts.dbp > rules.warn_above[1]:
        limit = _pressure(rules.warn_above)
        origin = rules.origin_of("blood_pressure", "warn_above_sbp", "warn_above_dbp")
        read |= {"limit": limit}
        yield _line("bp_elevated", WARN, f"{value}: above {limit}.", read, origin)


def _pressure(limit: tuple[int, int]) -> str:
    return "/".join(map(str, limit))


def _oxygen(facts: Facts, rules: GateRules) -> Iterable[Line]:
    if facts.spo2 is None:
        return
    _possible("spo2", facts.spo2, 50, 100)
    if facts.spo2 < rules.min_spo2_percent:
        sentence = f"Oxygen saturation {facts.spo2} %: below {rules.min_spo2_percent} %."
        origin = rules.origin_of("", "min_spo2_percent")
        read = {"spo2": facts.spo2, "min_spo2_percent": rules.min_spo2_percent}
        yield _line("spo2_low", HOLD, sentence, read, origin)


def _pregnancy(facts: Facts, rules: GateRules) -> Iterable[Line]:
    if facts.pregnancy not in PREGNANCY:
        raise RuleError("unknown_code", "pregnancy", f"“{facts.pregnancy}” is not an answer.")
    read = {"pregnancy": facts.pregnancy}
    if facts.pregnancy == POSITIVE:
        yield _check("pregnancy", rules, read)
    elif facts.pregnancy == UNKNOWN:
        yield _check("pregnancy_unknown", rules, read)


def _ready(facts: Facts, rules: GateRules) -> Iterable[Line]:
    hours = dict(zip(FASTS, map(str, rules.fasting_hours), strict=True))
    fasted = {"fasting_kept": facts.fasting_kept, "fasting_hours": hours}
    airway = {"airway_equipment": facts.airway_equipment}
    if not facts.fasting_kept:
        code = "npo_unknown" if facts.fasting_kept is None else "npo_not_followed"
        yield _check(code, rules, fasted)
    if not facts.airway_equipment:
        missing = facts.airway_equipment is not None
        code = "airway_equipment_missing" if missing else "airway_equipment_unknown"
        yield _check(code, rules, airway)
    if facts.capnography is False:
        yield _check("capnography_missing", rules, {"capnography": False})
    if facts.escort is False:
        yield _check("escort_missing", rules, {"escort": False})


def _age(facts: Facts, rules: GateRules) -> Iterable[Line]:
    if facts.age_years is not None and facts.age_years < rules.adult_years:
        read = {"age_years": facts.age_years, "adult_years": rules.adult_years}
        origin = rules.origin_of("", "adult_years")
        yield _line("under_age", BLOCK, "The guideline is for adults.", read, origin)


def _listed(
    given: Iterable[str], known: tuple[Named, ...], indication: str, rules: GateRules
) -> Iterable[Line]:
    """Lines of the conditions or medicines given, in the catalogue's order."""
    codes = {code.strip().lower() for code in given}
    for named in known:
        found = codes & (named.matches | {named.code})
        if found and (not named.indications or indication in named.indications):
            yield _named(named, {"given": sorted(found)})
    names = frozenset().union(*(named.matches | {named.code} for named in known))
    for code in sorted(codes - names):
        # What the catalogue does not know is shown, not passed over.
        line = _check("not_in_catalogue", rules, {"given": [code]})
        yield replace(line, sentence=f"“{code}” is not in the catalogue: check it.")


def _baseline(facts: Facts, rules: GateRules) -> Iterable[Line]:
    if not facts.needs_lft_baseline:
        return
    days, limit = facts.lft_baseline_days, rules.lft_baseline_days
    read = {"panel_days": days, "lft_baseline_days": limit}
    if days is None:
        yield _check("lft_baseline_missing", rules, read)
    elif days < 0:
        raise RuleError("out_of_range", "lft_baseline_days", "A panel of the future is none.")
    elif days > limit:
        sentence = f"The baseline liver panel is {days} days old; {limit} at most."
        origin = rules.origin_of("", "lft_baseline_days")
        yield _line("lft_baseline_stale", BLOCK, sentence, read, origin)


WEIGHT_LINES: Final = {
    "weight_missing": (BLOCK, "No weight."),
    "weight_stale": (BLOCK, "The weight is too old: weigh again."),
    "weight_unusual": (WARN, "An unusual weight: look at the scales again."),
    "weight_changed": (WARN, "The weight has changed a lot: look at the scales again."),
}


WEIGHT_NUMBERS: Final = {
    "weight_missing": ("valid_days",),
    "weight_stale": ("first_valid_days", "valid_days"),
    "weight_unusual": ("confirm_below_kg", "confirm_above_kg"),
    "weight_changed": ("confirm_change_percent",),
}


def _weight(facts: Facts, rules: GateRules) -> Iterable[Line]:
    for code in facts.weight_findings:
        if code not in WEIGHT_LINES:
            raise RuleError("unknown_code", "weight_findings", f"“{code}” is not known here.")
        verdict, sentence = WEIGHT_LINES[code]
        names = WEIGHT_NUMBERS[code]
        limits = {name: str(getattr(rules.weight, name)) for name in names}
        yield _line(code, verdict, sentence, limits, rules.origin_of("weight", *names))


def _spacing(facts: Facts) -> Iterable[Line]:
    status, reason, sentence = facts.gap
    if status != "ok":
        yield _line(reason, status, sentence, facts.gap_inputs, facts.gap_origin)


def _monitoring(facts: Iterable[MonitoringFact]) -> Iterable[Line]:
    """What is due: a blocking requirement blocks, another that is due or overdue warns."""
    for fact in facts:
        read = {"due_on": fact.due_on.isoformat() if fact.due_on else None, "state": fact.state}
        if fact.blocks:
            verdict = BLOCK
        elif fact.state in {"due", "overdue"}:
            verdict = WARN
        else:
            continue
        sentence = f"{fact.title}: {_spoken(fact)}."
        yield _line(f"{fact.kind}_due", verdict, sentence, read, fact.origin)


def _spoken(fact: MonitoringFact) -> str:
    since = f" since {fact.due_on:%d %b %Y}" if fact.due_on and fact.state == "overdue" else ""
    return f"{fact.state.replace('_', ' ')}{since}"


def _undecided(holds: Iterable[Hold]) -> Iterable[Line]:
    """Liver and urinary findings that hold the dose until somebody answers (rulebook F6, G4)."""
    for hold in holds:
        sentence = f"{hold.title}: a prescriber decides first."
        yield _line(hold.code, HOLD, sentence, {"finding": hold.title}, hold.origin)


def _risk(facts: Facts, rules: GateRules) -> Iterable[Line]:
    if facts.cssrs_risk == "high":
        yield _check("cssrs_high", rules, {"cssrs_risk": facts.cssrs_risk})


def _check(code: str, rules: GateRules, inputs: Mapping[str, object]) -> Line:
    return _named(rules.checks[code], inputs)


def _named(named: Named, inputs: Mapping[str, object]) -> Line:
    return Line(
        code=named.code,
        verdict=named.verdict,
        sentence=named.sentence,
        overridable=named.overridable,
        source=named.source,
        confidence=named.confidence,
        inputs=inputs,
    )


def _line(
    code: str,
    verdict: str,
    sentence: str,
    inputs: Mapping[str, object],
    origin: Origin = DEFAULT,
) -> Line:
    return Line(
        code=code,
        verdict=verdict,
        sentence=sentence,
        source=origin.source,
        confidence=origin.confidence,
        inputs=inputs,
        rule=origin.rule,
        policy_version=origin.policy_version,
    )


def _possible(name: str, value: int, low: int, high: int) -> None:
    """Refuse what no instrument shows, so that a slip of the finger decides nothing."""
    if isinstance(value, bool) or not low <= value <= high:
        raise RuleError("out_of_range", name, f"“{name}” of {value} is not possible.")


def age_years(born_on: date, on: date) -> int:
    """Completed years."""
    return on.year - born_on.year - ((on.month, on.day) < (born_on.month, born_on.day))
