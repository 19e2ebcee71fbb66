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
SEED: Final = ("SEED", "seed")
FASTS: Final = ("clear_fluids", "light_meal", "fatty_meal")
NEGATIVE, POSITIVE, NOT_APPLICABLE = "negative", "positive", "not_applicable"
# What a condition may count for. Another word would switch off what counts for one of them.
INDICATIONS: Final = frozenset({"trd", "pain", "shock"})
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
        *_pregnancy(facts),
        *_ready(facts, rules),
        *_age(facts, rules),
        *_listed(facts.conditions, rules.conditions, facts.indication),
        *_listed(facts.medications, rules.medications, facts.indication),
        *_baseline(facts, rules),
        *_weight(facts, rules),
        *_spacing(facts),
        *_monitoring(facts.monitoring),
        *_undecided(facts.holds),
        *_risk(facts),
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
    if facts.sbp is None or facts.dbp is None:
        yield _line("bp_missing", BLOCK, "No blood pressure: measure it.", {})
        return
    _possible("sbp", facts.sbp, 40, 300)
    _possible("dbp", facts.dbp, 20, 200)
    read = {"sbp": facts.sbp, "dbp": facts.dbp}
    value = f"Blood pressure {facts.sbp}/{facts.dbp}"
    if facts.sbp >= rules.block_from[0] or facts.dbp >= rules.block_from[1]:
        limit = "/".join(map(str, rules.block_from))
        sentence = f"{value}: no dose at {limit} or more."
        origin = rules.origin_of("blood_pressure", "block_from_sbp", "block_from_dbp")
        yield _line("uncontrolled_hypertension", BLOCK, sentence, read, origin)
    elif facts.sbp >= rules.hold_from[0] or facts.dbp >= rules.hold_from[1]:
        limit = "/".join(map(str, rules.hold_from))
        again = f"measure again in {rules.remeasure_minutes} min"
        origin = rules.origin_of("blood_pressure", "hold_from_sbp", "hold_from_dbp")
        sentence = f"{value}: hold at {limit} or more, {again}."
        yield _line("bp_hold_recheck", HOLD, sentence, read, origin)
    elif facts.sbp > rules.warn_above[0] or facts.dbp > rules.warn_above[1]:
        limit = "/".join(map(str, rules.warn_above))
        origin = rules.origin_of("blood_pressure", "warn_above_sbp", "warn_above_dbp")
        yield _line("bp_elevated", WARN, f"{value}: above {limit}.", read, origin)


def _oxygen(facts: Facts, rules: GateRules) -> Iterable[Line]:
    if facts.spo2 is None:
        return
    _possible("spo2", facts.spo2, 50, 100)
    if facts.spo2 < rules.min_spo2_percent:
        sentence = f"Oxygen saturation {facts.spo2} %: below {rules.min_spo2_percent} %."
        origin = rules.origin_of("", "min_spo2_percent")
        yield _line("spo2_low", HOLD, sentence, {"spo2": facts.spo2}, origin)


def _pregnancy(facts: Facts) -> Iterable[Line]:
    if facts.pregnancy not in PREGNANCY:
        raise RuleError("unknown_code", "pregnancy", f"“{facts.pregnancy}” is not an answer.")
    read = {"pregnancy": facts.pregnancy}
    if facts.pregnancy == POSITIVE:
        yield Line("pregnancy", BLOCK, "Pregnant.", False, *SEED, read)
    elif facts.pregnancy == UNKNOWN:
        yield Line("pregnancy_unknown", BLOCK, "Pregnancy not known.", True, *SEED, read)


def _ready(facts: Facts, rules: GateRules) -> Iterable[Line]:
    hours = dict(zip(FASTS, rules.fasting_hours, strict=True))
    fasted = {"fasting_kept": facts.fasting_kept, "fasting_hours": hours}
    airway = {"airway_equipment": facts.airway_equipment}
    if facts.fasting_kept is False:
        sentence = "Has not fasted: risk of aspiration."
        yield Line("npo_not_followed", BLOCK, sentence, True, *SEED, fasted)
    elif facts.fasting_kept is None:
        sentence = "Not known whether the patient fasted."
        yield Line("npo_unknown", BLOCK, sentence, True, *SEED, fasted)
    if facts.airway_equipment is False:
        sentence = "Emergency airway equipment is not at hand."
        yield Line("airway_equipment_missing", BLOCK, sentence, False, *SEED, airway)
    elif facts.airway_equipment is None:
        sentence = "Nobody looked whether emergency airway equipment is at hand."
        yield Line("airway_equipment_unknown", BLOCK, sentence, False, *SEED, airway)
    if facts.capnography is False:
        read = {"capnography": False}
        yield Line("capnography_missing", WARN, "No capnography: give a reason.", True, *SEED, read)
    if facts.escort is False:
        yield _line(
            "escort_missing", WARN, "Nobody named to take the patient home.", {"escort": False}
        )


def _age(facts: Facts, rules: GateRules) -> Iterable[Line]:
    if facts.age_years is not None and facts.age_years < rules.adult_years:
        read = {"age_years": facts.age_years, "adult_years": rules.adult_years}
        origin = rules.origin_of("", "adult_years")
        yield _line("under_age", BLOCK, "The guideline is for adults.", read, origin)


def _listed(given: Iterable[str], known: tuple[Named, ...], indication: str) -> Iterable[Line]:
    """Lines of the conditions or medicines given, in the catalogue's order."""
    codes = {code.strip().lower() for code in given}
    for named in known:
        found = codes & (named.matches | {named.code})
        if found and (not named.indications or indication in named.indications):
            yield Line(
                named.code,
                named.verdict,
                named.sentence,
                named.overridable,
                named.source,
                named.confidence,
                {"given": sorted(found)},
            )
    names = frozenset().union(*(named.matches | {named.code} for named in known))
    for code in sorted(codes - names):
        # What the catalogue does not know is shown, not passed over.
        yield Line("not_in_catalogue", WARN, f"“{code}” is not in the catalogue: check it.")


def _baseline(facts: Facts, rules: GateRules) -> Iterable[Line]:
    if not facts.needs_lft_baseline:
        return
    days = facts.lft_baseline_days
    if days is None:
        sentence = "No baseline liver panel."
        read = {"lft_baseline_days": None}
        yield Line("lft_baseline_missing", BLOCK, sentence, True, *SEED, read)
    elif days < 0:
        raise RuleError("out_of_range", "lft_baseline_days", "A panel of the future is none.")
    elif days > rules.lft_baseline_days:
        sentence = (
            f"The baseline liver panel is {days} days old; {rules.lft_baseline_days} at most."
        )
        origin = rules.origin_of("", "lft_baseline_days")
        yield _line("lft_baseline_stale", BLOCK, sentence, {"lft_baseline_days": days}, origin)


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
        origin = rules.origin_of("weight", *WEIGHT_NUMBERS[code])
        yield _line(code, verdict, sentence, {"weight_findings": facts.weight_findings}, origin)


def _spacing(facts: Facts) -> Iterable[Line]:
    status, reason, sentence = facts.gap
    if status != "ok":
        yield _line(reason, status, sentence, {}, facts.gap_origin)


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
        yield _line(hold.code, HOLD, sentence, {}, hold.origin)


def _risk(facts: Facts) -> Iterable[Line]:
    if facts.cssrs_risk == "high":
        read = {"cssrs_risk": facts.cssrs_risk}
        yield _line("cssrs_high", WARN, "High suicide risk: a clinician must act.", read)


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
