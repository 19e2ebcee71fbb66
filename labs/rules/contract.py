"""The rules of this floor as worked cases ask for them: plain keys in, plain keys out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC
from typing import Final

from clinic.rules import dates, stats
from clinic.rules.errors import RuleError
from clinic.rules.given import (
    Answer,
    Case,
    amount,
    code,
    day,
    days,
    instant,
    moment,
    optional_amount,
    optional_day,
    optional_text,
    optional_whole,
    required,
    rows,
    spoken,
    table,
    text,
    texts,
    whole,
    yes_no,
    zone,
)
from labs.rules import analytes, defaults, due, grading, gu, liver
from labs.rules.exposure import COUNTS, Completion, effective_last

_GU_FLAGS: Final = frozenset({"visible_haematuria", "retention"})
_BLOCKS_WHEN: Final[Mapping[str, due.BlocksWhen]] = {
    "due": "due",
    "overdue": "overdue",
    **dict.fromkeys(("", "never", "no", "none"), "never"),
}
_STATUSES: Final = COUNTS | {"preliminary", "cancelled", "entered_in_error", "superseded"}
_DAY_LENGTH: Final = len("2026-01-31")


def _ctcae_grade(case: Case) -> Answer:
    # A patient without a baseline is graded by the limit; that there is none has to be said.
    required(case, "baseline")
    found = grading.grade(
        analyte=text(case, "analyte"),
        value=amount(case, "value"),
        uln=optional_amount(case, "uln"),
        baseline=optional_amount(case, "baseline"),
        baseline_uln=optional_amount(case, "baseline_uln"),
        comparator=optional_text(case, "comparator") or "",
        table=defaults.grading(),
    )
    return {"grade": found.grade, "ratio": spoken(found.ratio), "against": found.against}


def _liver_pattern(case: Case) -> Answer:
    found = liver.pattern(
        alt=amount(case, "alt"),
        alt_uln=amount(case, "alt_uln"),
        alp=amount(case, "alp"),
        alp_uln=amount(case, "alp_uln"),
        rules=defaults.liver(),
    )
    return {"R": spoken(found.ratio), "pattern": found.pattern}


def _liver_hys_law(case: Case) -> Answer:
    required(case, "alp_x_uln")
    found = liver.Multiples(
        alt=amount(case, "alt_x_uln"),
        ast=amount(case, "ast_x_uln"),
        alp=optional_amount(case, "alp_x_uln"),
        bilirubin=amount(case, "tbili_x_uln"),
    )
    return {"hys_law": liver.is_possible_hys_law(found, defaults.liver())}


def _liver_action(case: Case) -> Answer:
    required(case, "ggt_x")
    found = liver.Multiples(
        alt=amount(case, "alt_x"),
        ast=amount(case, "ast_x"),
        alp=amount(case, "alp_x"),
        ggt=optional_amount(case, "ggt_x"),
        bilirubin=amount(case, "tbili_x"),
    )
    action = liver.action(
        found,
        defaults.liver(),
        has_symptoms=bool("symptoms" in case and texts(case, "symptoms")),
        has_dilatation=yes_no(case, "dilatation") is True,
    )
    return {"action": action}


def _gu_evaluate(case: Case) -> Answer:
    before = required(case, "previous")
    found = gu.evaluate(
        _check(case, "current"),
        None if before is None else _check(case, "previous"),
        defaults.urinary(),
    )
    return {"level": found.level, "reasons": list(found.reasons)}


def _due_evaluate(case: Case) -> Answer:
    required(case, "last_done")
    last = optional_day(case, "last_done")
    infusions = days(case, "infusions_after_last")
    if last is not None and any(infusion < last for infusion in infusions):
        raise RuleError("impossible_range", "infusions_after_last", "One lies before the last.")
    found = due.evaluate(
        policy=_policy(table(required(case, "policy"), "policy")),
        last_done=last,
        infusions_after_last=infusions,
        today=day(case, "today"),
        course=text(case, "course"),
    )
    due_on = None if found.due_on is None else found.due_on.isoformat()
    return {"due": due_on, "state": found.state, "blocks_dose": found.blocks_dose}


def _due_add_months(case: Case) -> Answer:
    months = whole(case, "months")
    if months < 0:
        raise RuleError("out_of_range", "months", "What comes back comes back later.")
    return {"date": due.add_months(day(case, "anchor"), months).isoformat()}


def _due_today_local(case: Case) -> Answer:
    return {"today": dates.today_local(instant(case, "utc_now"), zone(case, "tz")).isoformat()}


def _due_effective_last(case: Case) -> Answer:
    last = effective_last([_completion(table(row, "results")) for row in rows(case, "results")])
    return {"last_done": None if last is None else last.done_on.isoformat()}


def _stats_wilson(case: Case) -> Answer:
    interval = stats.wilson(whole(case, "k"), whole(case, "n"))
    if interval is None:
        return {"low": None, "high": None}
    return {"low": spoken(interval.low_percent), "high": spoken(interval.high_percent)}


def _stats_diff_pp(case: Case) -> Answer:
    counts = [whole(case, key) for key in ("k1", "n1", "k2", "n2")]
    return {"diff_pp": spoken(stats.diff_pp(*counts))}


def _unit_convert(case: Case) -> Answer:
    name = optional_text(case, "analyte")
    analyte = None if name is None else analytes.find(defaults.analytes(), name)
    if name is not None and analyte is None:
        raise RuleError("analyte_unknown", "analyte", f"“{name}” is not an analyte known here.")
    general = defaults.general_units()
    groups = [*general, *(one.units for one in defaults.analytes())]
    known = groups if analyte is None else [analyte.units]
    source, target = _unit(case, "from", known), _unit(case, "to", known)
    value = analytes.convert(amount(case, "value"), source, target, analyte, general)
    return {"value": spoken(value)}


CASES: Final[dict[str, Callable[[Case], Answer]]] = {
    "ctcae.grade": _ctcae_grade,
    "liver.pattern": _liver_pattern,
    "liver.hys_law": _liver_hys_law,
    "liver.action": _liver_action,
    "gu.evaluate": _gu_evaluate,
    "due.evaluate": _due_evaluate,
    "due.add_months": _due_add_months,
    "due.today_local": _due_today_local,
    "due.effective_last": _due_effective_last,
    "stats.wilson": _stats_wilson,
    "stats.diff_pp": _stats_diff_pp,
    "unit.convert": _unit_convert,
}


def _unit(case: Case, key: str, known: list[analytes.Units]) -> str:
    unit = text(case, key)
    if not any(analytes.knows(units, unit) for units in known):
        raise RuleError("unit_unknown", key, f"The unit “{unit}” is not known here.")
    return unit


def _check(case: Case, key: str) -> gu.Check:
    """A list names symptoms that are there, mildly; a table says how severe they are."""
    try:
        check = _answered(case, key)
        # Looked at alone, so that a refusal names the check it is of.
        gu.evaluate(check, None, defaults.urinary())
    except RuleError as refused:
        raise refused.of(key) from None
    return check


def _answered(case: Case, key: str) -> gu.Check:
    if isinstance(case.get(key), Mapping):
        graded = {symptom: whole(case[key], symptom) for symptom in case[key]}
    else:
        graded = dict.fromkeys(texts(case, key), 1)
    return gu.Check(
        severities={name: grade for name, grade in graded.items() if name not in _GU_FLAGS},
        visible_haematuria=bool(graded.get("visible_haematuria")),
        retention=bool(graded.get("retention")),
    )


def _policy(given: Case) -> due.Policy:
    periods = {key: optional_whole(given, key) for key in ("period_days", "period_infusions")}
    if all(period is None for period in periods.values()):
        raise RuleError("value_missing", "period_days", "A policy needs a period.")
    # A dash in the table of requirements is a null here: nothing ahead, nothing after.
    soon, grace = (
        0 if required(given, key) is None else whole(given, key)
        for key in ("soon_days", "grace_days")
    )
    stops = required(given, "blocks_when")
    return due.Policy(
        **periods,
        soon_days=soon,
        grace_days=grace,
        blocks_when="never" if stops is None else code(given, "blocks_when", _BLOCKS_WHEN),
    )


def _completion(row: Case) -> Completion:
    status = text(row, "status").replace("-", "_")
    if status not in _STATUSES:
        raise RuleError("unknown_code", "status", f"“{status}” is not a status of a result.")
    collected = text(row, "collected")
    at = moment(row, "collected") if len(collected) > _DAY_LENGTH else None
    return Completion(
        measure="",
        done_on=day(row, "collected") if at is None else at.date(),
        done_at=at if at is None or at.tzinfo else at.replace(tzinfo=UTC),
        status=status,
        is_complete="complete" not in row or yes_no(row, "complete") is True,
        key=str(row.get("id", "")),
    )
