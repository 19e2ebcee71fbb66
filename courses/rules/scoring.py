"""Answers to a score, or to what is still missing. Never a partial sum (rulebook E)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from clinic.rules.errors import RuleError
from courses.rules.scales import CSSRS, DOMAINS, Item, Scale

Answers = Sequence[int | None]


@dataclass(frozen=True, slots=True)
class Alert:
    """An answer that somebody must look at."""

    item: str
    answer: int
    level: str


@dataclass(frozen=True, slots=True)
class Score:
    """A complete form. A screener has a risk as its band and no total."""

    total: int | None
    band: str
    alerts: tuple[Alert, ...]
    prorated: bool = False


@dataclass(frozen=True, slots=True)
class Incomplete:
    """What is missing, by item; safety answers already given count all the same."""

    missing: tuple[str, ...]
    alerts: tuple[Alert, ...]


def score(
    scale: Scale, answers: Answers, *, functional: int | None = None, prorate: bool = False
) -> Score | Incomplete:
    """Score a form. `answers` in item order, None for not answered.

    `functional` is the unscored question, needed for completeness only above a total of 0.
    Safety answers are told also of a form with gaps.
    Raises RuleError `wrong_count`, `item_out_of_range`, `not_a_whole_number`.
    """
    given = _checked(scale, answers)
    _check_functional(scale, functional)
    if scale.method == CSSRS:
        return _screen(scale, given)
    alerts = _alerts(scale, given)
    missing = _missing(scale, given)
    if missing and not (prorate and _may_prorate(scale, missing)):
        return Incomplete(missing, alerts)
    total = _total(scale, given, len(missing))
    if scale.functional and functional is None and total > 0 and not missing:
        return Incomplete(("functional",), alerts)
    return Score(total, _band(scale, total), alerts, prorated=bool(missing))


def _checked(scale: Scale, answers: Answers) -> dict[str, int | None]:
    if len(answers) != len(scale.items):
        raise RuleError(
            "wrong_count",
            "items",
            f"{scale.title} has {len(scale.items)} items, not {len(answers)}.",
        )
    return {
        item.id: _answer(item, answer) for item, answer in zip(scale.items, answers, strict=True)
    }


def _answer(item: Item, answer: int | None) -> int | None:
    if answer is None:
        return None
    # Yes and no are answers only where the item has no others.
    is_number = isinstance(answer, int) and not (isinstance(answer, bool) and item.highest > 1)
    if not is_number:
        raise RuleError(
            "not_a_whole_number", f"items.{item.id}", f"Item {item.id} is not a whole number."
        )
    answer = int(answer)
    if item.not_assessed is not None and answer == item.not_assessed:
        return answer
    if not item.lowest <= answer <= item.highest:
        raise RuleError(
            "item_out_of_range",
            f"items.{item.id}",
            f"Item {item.id} must be {item.lowest} to {item.highest}, not {answer}.",
        )
    return answer


def _check_functional(scale: Scale, functional: int | None) -> None:
    if functional is None:
        return
    if not isinstance(functional, int) or isinstance(functional, bool):
        raise RuleError("not_a_whole_number", "functional", "That is not a whole number.")
    highest = scale.functional.highest if scale.functional else -1
    if not 0 <= functional <= highest:
        raise RuleError("item_out_of_range", "functional", "That is not one of the answers.")


def _missing(scale: Scale, given: Mapping[str, int | None]) -> tuple[str, ...]:
    """Unanswered items; a domain counts as answered when any of its items is."""
    if scale.method != DOMAINS:
        return tuple(name for name, answer in given.items() if answer is None)
    return tuple(
        "/".join(domain) for domain in scale.domains if all(given[name] is None for name in domain)
    )


def _may_prorate(scale: Scale, missing: tuple[str, ...]) -> bool:
    return len(missing) <= scale.max_prorated_missing and not set(missing) & set(
        scale.never_prorated
    )


def _total(scale: Scale, given: Mapping[str, int | None], missing: int) -> int:
    if scale.method == DOMAINS:
        return sum(
            max(answer for name in domain if (answer := given[name]) is not None)
            for domain in scale.domains
        )
    scored = [
        answer
        for item in scale.items
        if (answer := given[item.id]) is not None and answer != item.not_assessed
    ]
    if not missing:
        return sum(scored)
    whole = Decimal(sum(scored) * len(scale.items)) / len(scored)
    return int(whole.quantize(Decimal(1), ROUND_HALF_UP))


def _band(scale: Scale, total: int) -> str:
    return next((b.code for b in scale.bands if b.lowest <= total <= b.highest), "")


def _alerts(scale: Scale, given: Mapping[str, int | None]) -> tuple[Alert, ...]:
    """The gravest alert of each item; rules stand in the catalogue gravest first."""
    found: dict[str, Alert] = {}
    for rule in scale.alerts:
        answer = given[rule.item]
        if answer is not None and answer >= rule.at_least:
            found.setdefault(rule.item, Alert(rule.item, answer, rule.level))
    return tuple(found.values())


def _screen(scale: Scale, given: Mapping[str, int | None]) -> Score | Incomplete:
    """C-SSRS screener: a yes to 2 opens 3 to 5; behaviour counts by when it was (rulebook E6)."""
    risk = _risk(given)
    # A risk that is certain already is acted on, whatever else is still open.
    alerts = tuple(Alert("risk", 1, r.level) for r in scale.risks if r.code == risk)
    missing = _screen_missing(given)
    return Incomplete(missing, alerts) if missing else Score(None, risk, alerts)


def _screen_missing(given: Mapping[str, int | None]) -> tuple[str, ...]:
    needed = ["q1", "q2", "q6_lifetime"]
    if given["q2"]:
        needed += ["q3", "q4", "q5"]
    if given["q6_lifetime"]:
        needed.append("q6_3months")
    return tuple(name for name in needed if given[name] is None)


def _risk(given: Mapping[str, int | None]) -> str:
    if given["q4"] or given["q5"] or given["q6_3months"]:
        return "high"
    if given["q3"] or given["q6_lifetime"]:
        return "moderate"
    return "low" if given["q1"] or given["q2"] else "none"


def subscale_total(scale: Scale, name: str, answers: Answers) -> int:
    """The sum of a named subscale.

    Raises RuleError `incomplete` where an item is missing, `unknown_code` for another name.
    """
    if name not in scale.subscales:
        raise RuleError("unknown_code", "subscale", f"{scale.title} has no part “{name}”.")
    given = _checked(scale, answers)
    parts = [given[item] for item in scale.subscales[name]]
    known = [part for part in parts if part is not None]
    if len(known) != len(parts):
        raise RuleError("incomplete", "items", "An item of the subscale is missing.")
    return sum(known)


def meets_syndrome(scale: Scale, answers: Answers) -> bool | None:
    """Whether the answers make a major depressive syndrome (rulebook E1).

    None where the scale defines none or an answer is missing. A screening sign, no diagnosis.
    """
    syndrome, given = scale.syndrome, _checked(scale, answers)
    if syndrome is None:
        return None
    known = {name: answer for name, answer in given.items() if answer is not None}
    if len(known) != len(given):
        return None
    present = {name for name, answer in known.items() if answer >= syndrome.present_at[name]}
    core = present & set(syndrome.core)
    return len(present) >= syndrome.needed and len(core) >= syndrome.core_needed
