"""The rules of this floor as worked cases ask for them: plain keys in, plain keys out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from clinic.rules import dates, stats
from clinic.rules.errors import RuleError
from labs.rules import analytes, defaults, due, grading, gu, liver
from labs.rules.exposure import Completion, effective_last

Case = Mapping[str, Any]
Answer = dict[str, Any]

_NEVER_BLOCKS: Final = frozenset({"", "never", "no", "none"})
_GU_FLAGS: Final = frozenset({"visible_haematuria", "retention"})


def _ctcae_grade(case: Case) -> Answer:
    found = grading.grade(
        analyte=case["analyte"],
        value=_decimal(case, "value"),
        uln=_optional(case, "uln"),
        baseline=_optional(case, "baseline"),
        baseline_uln=_optional(case, "baseline_uln"),
        comparator=case.get("comparator") or "",
        table=defaults.grading(),
    )
    ratio = None if found.ratio is None else str(found.ratio)
    return {"grade": found.grade, "ratio": ratio, "against": found.against}


def _liver_pattern(case: Case) -> Answer:
    found = liver.pattern(
        alt=_decimal(case, "alt"),
        alt_uln=_decimal(case, "alt_uln"),
        alp=_decimal(case, "alp"),
        alp_uln=_decimal(case, "alp_uln"),
        rules=defaults.liver(),
    )
    return {"R": None if found.ratio is None else str(found.ratio), "pattern": found.pattern}


def _liver_hys_law(case: Case) -> Answer:
    found = liver.Multiples(
        alt=_optional(case, "alt_x_uln"),
        ast=_optional(case, "ast_x_uln"),
        alp=_optional(case, "alp_x_uln"),
        bilirubin=_optional(case, "tbili_x_uln"),
    )
    return {"hys_law": liver.is_possible_hys_law(found, defaults.liver())}


def _liver_action(case: Case) -> Answer:
    found = liver.Multiples(
        alt=_optional(case, "alt_x"),
        ast=_optional(case, "ast_x"),
        alp=_optional(case, "alp_x"),
        ggt=_optional(case, "ggt_x"),
        bilirubin=_optional(case, "tbili_x"),
    )
    code = liver.action(
        found,
        defaults.liver(),
        has_symptoms=bool(case.get("symptoms")),
        has_dilatation=bool(case.get("dilatation")),
    )
    return {"action": code}


def _gu_evaluate(case: Case) -> Answer:
    found = gu.evaluate(
        _check(case["current"]), _check(case.get("previous") or ()), defaults.urinary()
    )
    return {"level": found.level, "reasons": list(found.reasons)}


def _due_evaluate(case: Case) -> Answer:
    last = case.get("last_done")
    found = due.evaluate(
        policy=_policy(case["policy"]),
        last_done=_date(last, "last_done") if last else None,
        infusions_after_last=[
            _date(day, "infusions_after_last") for day in case.get("infusions_after_last") or ()
        ],
        today=_date(case["today"], "today"),
        course=case["course"],
    )
    due_on = None if found.due_on is None else found.due_on.isoformat()
    return {"due": due_on, "state": found.state, "blocks_dose": found.blocks_dose}


def _due_add_months(case: Case) -> Answer:
    day = due.add_months(_date(case["anchor"], "anchor"), _whole(case, "months"))
    return {"date": day.isoformat()}


def _due_today_local(case: Case) -> Answer:
    day = dates.today_local(_instant(case["utc_now"]), _zone(case["tz"]))
    return {"today": day.isoformat()}


def _due_effective_last(case: Case) -> Answer:
    last = effective_last(_completion(row) for row in case["results"])
    return {"last_done": None if last is None else last.done_on.isoformat()}


def _stats_wilson(case: Case) -> Answer:
    interval = stats.wilson(_whole(case, "k"), _whole(case, "n"))
    if interval is None:
        return {"low": None, "high": None}
    return {"low": str(interval.low_percent), "high": str(interval.high_percent)}


def _stats_diff_pp(case: Case) -> Answer:
    counts = (_whole(case, key) for key in ("k1", "n1", "k2", "n2"))
    return {"diff_pp": str(stats.diff_pp(*counts))}


def _unit_convert(case: Case) -> Answer:
    code = case.get("analyte")
    analyte = analytes.find(defaults.analytes(), code) if code else None
    if code and analyte is None:
        raise RuleError("analyte_unknown", "analyte", f"“{code}” is not an analyte known here.")
    value = analytes.convert(
        _decimal(case, "value"), case["from"], case["to"], analyte, defaults.general_units()
    )
    return {"value": str(value)}


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


def _decimal(case: Case, key: str) -> Decimal:
    number = _optional(case, key)
    if number is None:
        raise RuleError("value_missing", key, f"“{key}” is missing.")
    return number


def _optional(case: Case, key: str) -> Decimal | None:
    given = case.get(key)
    if given is None or given == "":
        return None
    try:
        number = Decimal(str(given))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise RuleError("not_a_number", key, f"“{given}” is not a number.")
    return number


def _whole(case: Case, key: str) -> int:
    number = _decimal(case, key)
    if number != number.to_integral_value():
        raise RuleError("not_a_whole_number", key, f"“{number}” is not a whole number.")
    return int(number)


def _date(text: str, key: str) -> date:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        raise RuleError("not_a_date", key, f"“{text}” is not a date.") from None


def _instant(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise RuleError("not_an_instant", "utc_now", f"“{text}” is not a moment.") from None


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise RuleError("zone_unknown", "tz", f"“{name}” is not a time zone.") from None


def _check(symptoms: Iterable[str] | Mapping[str, int]) -> gu.Check:
    """A list names symptoms that are there, mildly; a mapping says how severe they are."""
    graded = symptoms if isinstance(symptoms, Mapping) else dict.fromkeys(symptoms, 1)
    return gu.Check(
        severities={code: severity for code, severity in graded.items() if code not in _GU_FLAGS},
        visible_haematuria=bool(graded.get("visible_haematuria")),
        retention=bool(graded.get("retention")),
    )


def _policy(given: Case) -> due.Policy:
    stops = str(given.get("blocks_when") or "").lower()
    if stops not in {"due", "overdue"} | _NEVER_BLOCKS:
        raise RuleError("blocks_when_unknown", "blocks_when", f"“{stops}” is not known here.")
    return due.Policy(
        period_days=given.get("period_days"),
        period_infusions=given.get("period_infusions"),
        soon_days=given.get("soon_days") or 0,
        grace_days=given.get("grace_days") or 0,
        blocks_when=cast("due.BlocksWhen", "never" if stops in _NEVER_BLOCKS else stops),
    )


def _completion(row: Case) -> Completion:
    text = str(row["collected"])
    at = _instant(text) if len(text) > len("2026-01-31") else None
    return Completion(
        measure="",
        done_on=_date(text, "collected"),
        done_at=at if at is None or at.tzinfo else at.replace(tzinfo=UTC),
        status=str(row["status"]),
        is_complete=bool(row.get("complete", True)),
        key=str(row.get("id", "")),
    )
