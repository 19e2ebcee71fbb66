"""Why a result has its grade, a panel its action, a urinary check its level."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from clinic.rules.content import Content, origin_at, row_origin_at
from clinic.rules.reasons import Reason
from labs.rules.grading import Grade, Reference
from labs.rules.gu import Check, Finding, UrinaryRules
from labs.rules.liver import LiverRules, Multiples

_SHOWN: Final = Decimal("0.01")

UNGRADED: Final[Mapping[str, str]] = {
    "analyte_unknown": "No rule knows this code.",
    "analyte_not_graded": "No grade exists for this analyte.",
    "value_missing": "Without a number there is no grade.",
    "limit_missing": "Without its own upper limit a result has no grade.",
    "censored_value": "The laboratory gave only a bound, which says too little to grade.",
    "comparator_unknown": "The laboratory's comparator is not known.",
    "value_impossible": "A result cannot be below zero.",
}
# The number that each grade from 0 on rests on.
_GRADE_NUMBERS: Final = (
    "normal_floor", "normal_floor", "grade_2_above", "grade_3_above", "grade_4_above",
)  # fmt: skip
_ACTION_NUMBERS: Final[Mapping[str, tuple[str, str]]] = {
    "stop_hys_law": ("hys_law", "transaminase_from"),
    "hold_imaging": ("actions", "imaging_alp_from"),
    "stop_hepatology": ("actions", "hepatology_transaminase_above"),
    "hold_repeat_7d": ("actions", "repeat_transaminase_above"),
    "hold_symptoms": ("actions", "watch_above"),
    "continue_repeat_14d": ("actions", "watch_above"),
    "continue": ("actions", "watch_above"),
}
_URINARY_NUMBERS: Final[Mapping[str, tuple[str, ...]]] = {
    "several_symptoms": ("levels", "several_symptoms_from"),
    "moderate_symptom": ("severity", "moderate_from"),
    "pain_continues": ("pain",),
}
_SYMPTOMS_IN_WORDS: Final[Mapping[str, str]] = {
    "visible_haematuria": "blood in the urine that can be seen",
    "retention": "cannot pass urine",
    "pain_continues_with_other_symptom": "pain at two checks in a row and another symptom now",
    "several_symptoms": "more than one symptom",
    "moderate_symptom": "a symptom that is at least moderate",
    "pain_continues": "pain at two checks in a row",
    "symptom": "one mild symptom",
}


@dataclass(frozen=True, slots=True)
class Measured:
    """A result as its laboratory gave it, and the limit or baseline it is measured against."""

    analyte: str
    value: Decimal
    unit: str
    reference: Reference


def grade_reason(measured: Measured, found: Grade, content: Content) -> Reason:
    """Why the grade: the multiple and what it is a multiple of. Source: CTCAE v5."""
    against, amount = measured.reference.against, measured.reference.amount
    name = "its upper limit" if against == "limit" else "the baseline, which was above its limit,"
    times = f"{_shown(found.ratio)} × " if found.ratio is not None else "not above "
    sentence = (
        f"{measured.analyte} {_plain(measured.value)} {measured.unit} is {times}{name}"
        f" {_plain(amount)}: grade {found.grade}."
    )
    number = _GRADE_NUMBERS[found.grade]
    if against == "baseline" and number == "normal_floor":
        number = "abnormal_floor"
    inputs = {
        "value": measured.value,
        "unit": measured.unit,
        "against": against,
        "reference": amount,
        "upper_limit": measured.reference.limit,
        "ratio": found.ratio,
    }
    origin = origin_at(content, "analytes", measured.analyte, number)
    return Reason(f"grade_{found.grade}", sentence, inputs, origin)


def ungraded_reason(code: str, content: Content) -> Reason:
    """Why there is no grade."""
    return Reason(code, UNGRADED.get(code, "This result cannot be graded."), {}, origin_at(content))


def action_reason(code: str, found: Multiples, rules: LiverRules, content: Content) -> Reason:
    """Why the panel asks for `code`: the multiples that it was decided on."""
    multiples = {name: value for name, value in asdict(found).items() if value is not None}
    listed = ", ".join(f"{_NAMES[name]} {_shown(value)} ×" for name, value in multiples.items())
    read = f" ({listed})" if listed else ""
    inputs = {name: value.quantize(_SHOWN, ROUND_HALF_UP) for name, value in multiples.items()}
    origin = origin_at(content, *_ACTION_NUMBERS[code])
    return Reason(code, f"{rules.texts[code].title}{read}.", inputs, origin)


_NAMES: Final = {"alt": "ALT", "ast": "AST", "alp": "ALP", "ggt": "GGT", "bilirubin": "bilirubin"}


def level_reason(check: Check, found: Finding, rules: UrinaryRules, content: Content) -> Reason:
    """Why the level: the first of the reasons, the symptoms that were there."""
    text = rules.texts[found.level]
    first = next(iter(found.reasons), "")
    why = f": {_SYMPTOMS_IN_WORDS[first]}" if first else ""
    inputs = {
        "symptoms": {code: check.severities[code] for code in sorted(check.present)},
        "visible_haematuria": check.visible_haematuria,
        "retention": check.retention,
        "reasons": list(found.reasons),
    }
    path = _URINARY_NUMBERS.get(first)
    origin = (
        origin_at(content, *path) if path else row_origin_at(content, "texts", "code", text.code)
    )
    return Reason(text.code, f"Level {found.level}{why}. {text.title}.", inputs, origin)


def _shown(value: Decimal | None) -> str:
    return "" if value is None else format(value.quantize(_SHOWN, ROUND_HALF_UP), "f")


def _plain(value: Decimal) -> str:
    return format(value.normalize() + 0, "f")
