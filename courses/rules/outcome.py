"""One score against the baseline: how much better, and is that a response (rulebook E8)?"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from clinic.rules.errors import RuleError
from courses.rules.scales import Scale

RESPONSE: Final = "response"
PERCENT_STEP: Final = Decimal("0.1")


@dataclass(frozen=True, slots=True)
class Outcome:
    """Percent better (None when the baseline is 0), its class, and remission on its own."""

    percent: Decimal | None
    category: str | None
    remission: bool


def classify(scale: Scale, *, baseline: int, current: int) -> Outcome:
    """Response at half the baseline or less, in whole numbers (rulebook E8).

    Raises RuleError `not_a_whole_number`, `item_out_of_range` for what is no total of this scale.
    """
    _require_total(scale, baseline, "baseline")
    _require_total(scale, current, "current")
    remission = scale.remission_at_most is not None and current <= scale.remission_at_most
    if baseline == 0 or scale.response_percent is None or scale.partial_percent is None:
        return Outcome(None, None, remission)
    better = Decimal(baseline - current) * 100
    percent = (better / baseline).quantize(PERCENT_STEP, ROUND_HALF_UP)
    if current > baseline:
        category = "worse"
    elif better >= scale.response_percent * baseline:
        category = RESPONSE
    else:
        category = "partial" if better >= scale.partial_percent * baseline else "none"
    return Outcome(percent, category, remission)


def meets_mcid(scale: Scale, *, baseline: int, current: int) -> tuple[int, bool | None]:
    """Points of improvement, and whether a patient would notice; None where no figure is known."""
    _require_total(scale, baseline, "baseline")
    _require_total(scale, current, "current")
    change = baseline - current
    return change, None if scale.mcid is None else change >= scale.mcid


def _require_total(scale: Scale, total: int, field: str) -> None:
    if not isinstance(total, int) or isinstance(total, bool):
        raise RuleError("not_a_whole_number", field, f"“{field}” is not a whole number.")
    low, high = scale.range
    if not low <= total <= high:
        sentence = f"A total of {scale.title} is {low} to {high}, not {total}."
        raise RuleError("item_out_of_range", field, sentence)
