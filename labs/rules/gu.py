"""Answers of the urinary check to a level of concern from 0 to 4."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from clinic.rules.content import (
    Content,
    flag_at,
    optional_whole_at,
    rows_at,
    text_at,
    texts_at,
    whole_at,
)
from clinic.rules.errors import RuleError


@dataclass(frozen=True, slots=True)
class LevelText:
    """What a level asks for."""

    code: str
    title: str
    needs_prescriber: bool
    holds_dose: bool


@dataclass(frozen=True, slots=True)
class Instrument:
    """A published questionnaire of which a total may be kept, never the wording."""

    title: str
    highest: int
    concern_from: int | None


@dataclass(frozen=True, slots=True)
class UrinaryRules:
    """Which symptoms are asked for, which of them are pain, and from where levels begin."""

    symptoms: Mapping[str, str]
    pain: frozenset[str]
    highest_severity: int
    moderate_from: int
    several_from: int
    texts: tuple[LevelText, ...]
    instruments: Mapping[str, Instrument] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Check:
    """One check: severity 0 to 3 by symptom (absent is 0), and what is seen beside it."""

    severities: Mapping[str, int] = field(default_factory=dict)
    visible_haematuria: bool = False
    retention: bool = False
    infection_confirmed: bool = False

    @property
    def present(self) -> frozenset[str]:
        """Symptoms that are there at all."""
        return frozenset(code for code, severity in self.severities.items() if severity > 0)


@dataclass(frozen=True, slots=True)
class Finding:
    """The level, why, and whether an infection asks for another check after its treatment."""

    level: int
    reasons: tuple[str, ...]
    repeat_after_treatment: bool


def parse_urinary(content: Content) -> UrinaryRules:
    """The urinary table from catalogue content."""
    rows = sorted(rows_at(content, "texts"), key=lambda row: str(row.get("level")))
    return UrinaryRules(
        symptoms={
            text_at(row, "code"): text_at(row, "title") for row in rows_at(content, "symptoms")
        },
        pain=_pain(content),
        highest_severity=whole_at(content, "severity", "highest"),
        moderate_from=whole_at(content, "severity", "moderate_from"),
        several_from=whole_at(content, "levels", "several_symptoms_from"),
        texts=tuple(_text(row) for row in rows),
        instruments={
            text_at(row, "code"): _instrument(row) for row in rows_at(content, "instruments")
        },
    )


def check_total(code: str, total: int, rules: UrinaryRules) -> bool | None:
    """Whether a questionnaire's total is of concern; None where no figure is known.

    Raises RuleError `unknown_code`, `out_of_range`. Source: rulebook G2.
    """
    instrument = rules.instruments.get(code)
    if instrument is None:
        raise RuleError("unknown_code", "instrument", f"“{code}” is not kept here.")
    if not 0 <= total <= instrument.highest:
        message = f"A total of {instrument.title} is 0 to {instrument.highest}, not {total}."
        raise RuleError("out_of_range", "total", message)
    return None if instrument.concern_from is None else total >= instrument.concern_from


def _instrument(row: Content) -> Instrument:
    return Instrument(
        text_at(row, "title"), whole_at(row, "highest"), optional_whole_at(row, "concern_from")
    )


def _pain(content: Content) -> frozenset[str]:
    """Whether burning on passing urine is pain is a question for the clinical lead."""
    symptoms = frozenset(texts_at(content, "pain", "symptoms"))
    return symptoms | {"dysuria"} if flag_at(content, "pain", "dysuria_counts") else symptoms


def evaluate(current: Check, previous: Check | None, rules: UrinaryRules) -> Finding:
    """The level of `current`, looking back at the check before it.

    Level 3 is the seed's: pain at two consecutive checks and another urinary symptom now. It asks
    to consider cessation and stops nothing by itself. An infection explains symptoms and lowers
    no level. Raises RuleError `symptom_unknown`, `severity_out_of_range`.
    """
    before = previous or Check()
    for check in (current, before):
        _check_answers(check, rules)
    reasons = _reasons(current, before, rules)
    return Finding(
        level=max(reasons.values(), default=0),
        reasons=tuple(sorted(reasons, key=lambda code: (-reasons[code], code))),
        repeat_after_treatment=current.infection_confirmed and bool(reasons),
    )


def _reasons(current: Check, before: Check, rules: UrinaryRules) -> dict[str, int]:
    now = current.present
    pain_continues = bool(now & rules.pain and before.present & rules.pain)
    several = len(now) >= rules.several_from
    worst = max(current.severities.values(), default=0)
    applies = (
        ("visible_haematuria", 4, current.visible_haematuria),
        ("retention", 4, current.retention),
        # Two symptoms now, one of them the pain, is pain beside another symptom.
        ("pain_continues_with_other_symptom", 3, pain_continues and len(now) > 1),
        ("several_symptoms", 2, several),
        ("moderate_symptom", 2, worst >= rules.moderate_from),
        ("pain_continues", 2, pain_continues),
        ("symptom", 1, bool(now)),
    )
    return {code: level for code, level, does in applies if does}


def _check_answers(check: Check, rules: UrinaryRules) -> None:
    for code, severity in check.severities.items():
        if code not in rules.symptoms:
            raise RuleError("symptom_unknown", "severities", f"“{code}” is not asked for here.")
        if not 0 <= severity <= rules.highest_severity:
            raise RuleError(
                "severity_out_of_range",
                code,
                f"Severity runs from 0 to {rules.highest_severity}, not {severity}.",
            )


def _text(row: Content) -> LevelText:
    return LevelText(
        code=text_at(row, "code"),
        title=text_at(row, "title"),
        needs_prescriber=flag_at(row, "needs_prescriber"),
        holds_dose=flag_at(row, "holds_dose"),
    )
