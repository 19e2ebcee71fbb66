"""Why a score counts as it does, and why a course stands where it stands (rulebook B7, E8)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

from clinic.rules.content import Content, origin_at
from clinic.rules.dates import spoken_day
from clinic.rules.reasons import Reason
from courses.rules.outcome import Outcome
from courses.rules.response import DatedScore, Response, ResponseRules
from courses.rules.scales import Scale

_CATEGORIES: Final[Mapping[str, str]] = {
    "response": "a response",
    "partial": "a partial response",
    "none": "no response",
    "worse": "worse than the baseline",
}
_STATES: Final[Mapping[str, str]] = {
    "no_baseline": "No complete {title} in the {days} days before the first infusion.",
    "no_score": "Baseline {title} {baseline}; no complete score since the first infusion.",
    "none": "Less better than a partial response asks for.",
    "worse": "The latest score is above the baseline.",
    "partial": "Better by at least {partial} %, not by {response} %.",
    "response": "Better by at least {response} %.",
    "sustained": "Better by at least {response} % at {count} scores in a row.",
    "remission": "At or below {remission}, whatever the baseline.",
    "relapse": "Relapse on {relapse_on}: {definition}.",
}
_DEFINITIONS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "lost_response": (
        "less than {below} % better than baseline at {count} scores in a row, after a response",
        ("relapse", "lost_response", "below_percent"),
    ),
    "qids": ("QIDS-SR16 above {above}, after a response", ("relapse", "qids", "above")),
    "madrs": (
        "MADRS {at_least} or more at {count} scores in a row, after a response",
        ("relapse", "madrs", "at_least"),
    ),
}


def outcome_reason(
    scale: Scale, *, baseline: DatedScore, current: DatedScore, found: Outcome, content: Content
) -> Reason:
    """Why one score is a response or none, and whether it is remission."""
    inputs = {
        "scale": scale.code,
        "baseline": baseline.total,
        "baseline_on": baseline.taken_on,
        "current": current.total,
        "improvement_percent": found.percent,
        "response_percent": scale.response_percent,
        "partial_percent": scale.partial_percent,
        "remission_at_most": scale.remission_at_most,
        "is_remission": found.remission,
    }
    code = found.category or "no_percent"
    category = _CATEGORIES.get(code, "no percentage, because the baseline is 0")
    remission = "remission" if found.remission else "not remission"
    sentence = (
        f"{scale.title} {current.total} after {baseline.total} on {spoken_day(baseline.taken_on)}"
        f"{_percent(found)}: {category}, {remission} ({scale.remission_at_most} or less)."
    )
    number = "partial_percent" if code in {"partial", "none"} else "response_percent"
    return Reason(code, sentence, inputs, origin_at(content, number))


def response_reason(
    scale: Scale, found: Response, rules: ResponseRules, content: Content, scale_content: Content
) -> Reason:
    """Why a course is in the state it is in."""
    words, path = _definition(scale, rules)
    sentence = _STATES[found.state].format(
        title=scale.title,
        days=rules.baseline_from_days,
        baseline=found.baseline.total if found.baseline else "",
        partial=scale.partial_percent,
        response=scale.response_percent,
        remission=scale.remission_at_most,
        count=rules.sustained_count,
        relapse_on=_spoken(found.relapse_on),
        definition=words,
    )
    inputs = {
        "scale": scale.code,
        "baseline": found.baseline.total if found.baseline else None,
        "latest": found.latest.total if found.latest else None,
        "improvement_percent": found.outcome.percent if found.outcome else None,
        "relapse_definition": rules.relapse_definition,
        "response_on": found.response_on,
        "relapse_on": found.relapse_on,
    }
    origins = {
        "no_baseline": origin_at(content, "baseline_from_days"),
        "no_score": origin_at(content, "baseline_from_days"),
        "sustained": origin_at(content, "sustained_count"),
        "relapse": origin_at(content, *path),
        "remission": origin_at(scale_content, "remission_at_most"),
        "response": origin_at(scale_content, "response_percent"),
    }
    origin = origins.get(found.state, origin_at(scale_content, "partial_percent"))
    return Reason(found.state, sentence, inputs, origin)


def _definition(scale: Scale, rules: ResponseRules) -> tuple[str, tuple[str, ...]]:
    code = rules.definition_for(scale.code)
    words, path = _DEFINITIONS[code]
    twice = rules.madrs if code == "madrs" else rules.lost
    filled = words.format(
        below=rules.lost_below_percent,
        count=twice.count,
        above=rules.qids_above,
        at_least=rules.madrs_at_least,
    )
    return filled, path


def _percent(found: Outcome) -> str:
    if found.percent is None:
        return ""
    return f", {abs(found.percent)} % {'better' if found.percent >= 0 else 'worse'}"


def _spoken(day: date | None) -> str:
    return spoken_day(day) if day else ""
