"""What is looked at before the start, and how an adverse event is told (rulebook D4, D5)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from clinic.rules.content import Content, origin_at, rows_at, text_at, whole_at
from clinic.rules.errors import RuleError
from clinic.rules.reasons import Origin

ALWAYS, INDUCTION = "always", "induction"
RELATIONS: Final = frozenset({"related", "possibly_related", "unrelated"})
ACTIONS: Final = frozenset({"none", "slowed", "stopped", "drug_given"})


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of a list with its source; `when` says for which doses a check is asked."""

    code: str
    title: str
    origin: Origin
    when: str = ALWAYS


@dataclass(frozen=True, slots=True)
class SafetyRules:
    """The lists of the `session_safety` rule."""

    adverse_events: Mapping[str, Listed]
    checklist: tuple[Listed, ...]
    notices: tuple[Listed, ...]
    lowest_severity: int
    highest_severity: int


@dataclass(frozen=True, slots=True)
class AdverseEvent:
    """What happened: severity as in CTCAE, 1 mild to 5 death; serious is told apart from it.

    `relation` to the drug is one of RELATIONS, `action` one of ACTIONS.
    """

    code: str
    severity: int
    is_serious: bool
    relation: str
    action: str


def parse_safety(content: Content) -> SafetyRules:
    """The `session_safety` rule.

    Raises RuleError `content_broken` for a check asked at a time that is not known,
    `impossible_range`.
    """
    rules = SafetyRules(
        adverse_events={row.code: row for row in _listed(content, "adverse_events")},
        checklist=_listed(content, "checklist"),
        notices=_listed(content, "notices"),
        lowest_severity=whole_at(content, "severity", "lowest"),
        highest_severity=whole_at(content, "severity", "highest"),
    )
    if any(row.when not in (ALWAYS, INDUCTION) for row in rules.checklist):
        raise RuleError("content_broken", "when", "A check is asked always or at an induction.")
    if rules.lowest_severity > rules.highest_severity:
        raise RuleError("impossible_range", "severity.highest", "The severities run backwards.")
    return rules


def missing_checks(
    done: Collection[str], rules: SafetyRules, *, is_induction: bool = False
) -> tuple[str, ...]:
    """Codes of the checks that are still open before the start, in their order.

    An antisialagogue is asked where induction is intended, not at 0.5 mg/kg.
    Raises RuleError `unknown_code`.
    """
    known = {row.code for row in rules.checklist}
    for code in sorted(set(done) - known):
        raise RuleError("unknown_code", "done", f"“{code}” is not on the checklist.")
    asked = (row for row in rules.checklist if row.when == ALWAYS or is_induction)
    return tuple(row.code for row in asked if row.code not in done)


def check_event(event: AdverseEvent, rules: SafetyRules) -> AdverseEvent:
    """The event as it is. Raises RuleError `unknown_code`, `out_of_range` naming the field."""
    choices: dict[str, Collection[str]] = {
        "code": rules.adverse_events,
        "relation": RELATIONS,
        "action": ACTIONS,
    }
    for field, known in choices.items():
        if getattr(event, field) not in known:
            raise RuleError("unknown_code", field, f"“{getattr(event, field)}” is not known here.")
    if not rules.lowest_severity <= event.severity <= rules.highest_severity:
        ends = f"{rules.lowest_severity} to {rules.highest_severity}"
        raise RuleError("out_of_range", "severity", f"Severity runs from {ends}.")
    return event


def discontinues(event: AdverseEvent) -> bool:
    """Whether it counts among infusions stopped for an adverse event."""
    return event.action == "stopped"


def _listed(content: Content, key: str) -> tuple[Listed, ...]:
    return tuple(
        Listed(
            code=text_at(row, "code"),
            title=text_at(row, "title"),
            origin=origin_at({**content, key: row}, key),
            when=str(row.get("when", ALWAYS)),
        )
        for row in rows_at(content, key)
    )
