"""What to consider when a course does not help enough; a prescriber decides (rulebook B5)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from clinic.rules.content import Content, decimal_at, whole_at
from clinic.rules.errors import RuleError

NOTHING, RETHINK = "nothing", "review_dose_and_diagnosis"
STOP, EXTEND, FINISH = "recommend_stop", "may_extend", "finish_or_taper"


@dataclass(frozen=True, slots=True)
class ReviewRules:
    """After how many infusions to look, and at which improvement, percent."""

    early_after: int
    early_below_percent: Decimal
    decide_after: int
    stop_below_percent: Decimal
    finish_from_percent: Decimal


def parse_review(content: Content) -> ReviewRules:
    """The `review` table of the `response` rule. Raises RuleError `impossible_range`."""
    rules = ReviewRules(
        early_after=whole_at(content, "review", "early_after"),
        early_below_percent=decimal_at(content, "review", "early_below_percent"),
        decide_after=whole_at(content, "review", "decide_after"),
        stop_below_percent=decimal_at(content, "review", "stop_below_percent"),
        finish_from_percent=decimal_at(content, "review", "finish_from_percent"),
    )
    if rules.early_after >= rules.decide_after:
        raise RuleError("impossible_range", "review.decide_after", "The second look is earlier.")
    if rules.stop_below_percent > rules.finish_from_percent:
        raise RuleError("impossible_range", "review.finish_from_percent", "The range is turned.")
    return rules


def advise(*, infusions: int, baseline: int, current: int, rules: ReviewRules) -> str:
    """A recommendation from whole scores: the same instrument, the latest after the last infusion.

    `nothing` before the first look, in between when it helps, and where the baseline is 0.
    """
    if baseline <= 0 or infusions < rules.early_after:
        return NOTHING
    better = Decimal(baseline - current) * 100
    if infusions < rules.decide_after:
        return RETHINK if better < rules.early_below_percent * baseline else NOTHING
    if better < rules.stop_below_percent * baseline:
        return STOP
    return EXTEND if better < rules.finish_from_percent * baseline else FINISH
