"""Worked cases of scales and of what their scores say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from clinic.rules.errors import RuleError
from clinic.rules.given import (
    Answer,
    Case,
    optional_whole,
    rows,
    spoken,
    text,
    whole,
    yes_no,
)
from courses.rules import defaults, outcome, scoring

Found = scoring.Score | scoring.Incomplete


def _scored(code: str, items: list[Any], **extra: Any) -> Found:
    return scoring.score(defaults.scale(code), items, **extra)


def _total_and_band(found: Found) -> Answer:
    if isinstance(found, scoring.Incomplete):
        return {"total": None, "band": None}
    return {"total": found.total, "band": found.band or None}


def _of_scale(code: str) -> Callable[[Case], Answer]:
    def answer(case: Case) -> Answer:
        found = _scored(code, rows(case, "items"))
        complete = isinstance(found, scoring.Score)
        return {**_total_and_band(found), "complete": complete}

    return answer


def _phq9(case: Case) -> Answer:
    items = rows(case, "items")
    found = _scored("phq9", items, functional=optional_whole(case, "functional"))
    # The nine items give a total also where only the unscored question is open.
    waits = isinstance(found, scoring.Incomplete) and found.missing == ("functional",)
    total = _total_and_band(_scored("phq9", items, functional=0) if waits else found)
    alert = None if items[-1] is None else bool(found.alerts)
    return {**total, "item9_alert": alert, "complete": isinstance(found, scoring.Score)}


def _phq9_prorate(case: Case) -> Answer:
    found = _scored("phq9", rows(case, "items"), functional=0, prorate=True)
    prorated = isinstance(found, scoring.Score) and found.prorated
    return {"total": _total_and_band(found)["total"], "prorated": prorated}


def _cssrs(case: Case) -> Answer:
    asked = (yes_no(case, item.id) for item in defaults.scale("cssrs_screener").items)
    found = _scored("cssrs_screener", [None if yes is None else int(yes) for yes in asked])
    if isinstance(found, scoring.Score):
        return {"risk": found.band, "complete": True}
    # A high answer is high whatever else is open; below that nothing is sure yet.
    high = any(alert.level == "immediate" for alert in found.alerts)
    return {"risk": "high" if high else None, "complete": False}


def _cadss6(case: Case) -> Answer:
    items = rows(case, "items23")
    try:
        total = scoring.subscale_total(defaults.scale("cadss"), "cadss6", items)
    except RuleError as refused:
        raise refused.of(refused.field.replace("items", "items23", 1)) from None
    return {"total": total}


def _bprs(case: Case) -> Answer:
    keys = [item.id for item in defaults.scale("bprs_pos4").items]
    try:
        found = _scored("bprs_pos4", [case.get(key) for key in keys])
    except RuleError as refused:
        raise refused.of(refused.field.removeprefix("items.")) from None
    return _total_and_band(found)


def _classify(case: Case) -> Answer:
    scale = defaults.scale(text(case, "scale"))
    if scale.remission_at_most is None:
        raise RuleError("unknown_code", "scale", f"{scale.title} measures no response.")
    found = outcome.classify(
        scale,
        baseline=whole(case, "baseline"),
        current=whole(case, "current"),
    )
    return {
        "pct": spoken(found.percent),
        "category": found.category,
        "remission": found.remission,
    }


def _mcid(case: Case) -> Answer:
    scale = defaults.scale(text(case, "scale"))
    if scale.mcid is None:
        raise RuleError("unknown_code", "scale", f"{scale.title} has no least difference.")
    change, meets = outcome.meets_mcid(
        scale,
        baseline=whole(case, "baseline"),
        current=whole(case, "current"),
    )
    return {"change": change, "meets_mcid": meets}


CASES: Final[dict[str, Callable[[Case], Answer]]] = {
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
}
