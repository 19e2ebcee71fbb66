"""What a decision says of itself: one shape for gate lines, grades, due dates and outcomes.

The rule that decides writes it, the row that keeps the decision stores it, and page, API and print
show what is stored: nobody tells the same decision twice in two ways.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

# Where a number comes from: the guideline, a public source, a default of this product that a
# clinical lead signs off, or the site itself by a policy.
SEED, LIT, EXPERT, SITE = "seed", "lit", "expert", "site"
CONFIDENCES: Final = frozenset({SEED, LIT, EXPERT, SITE})


@dataclass(frozen=True, slots=True)
class Origin:
    """Source key, confidence, the content (`gate 2`) and the site's policy version (0: none)."""

    source: str = "EXPERT"
    confidence: str = EXPERT
    rule: str = ""
    policy_version: int = 0


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something was decided: stable code, plain sentence, the facts behind it, its origin."""

    code: str
    sentence: str
    inputs: Mapping[str, object] = field(default_factory=dict)
    origin: Origin = Origin()


def stored(reason: Reason) -> dict[str, Any]:
    """The reason as JSON: code, sentence, inputs, source, confidence, rule, policy_version."""
    return {
        "code": reason.code,
        "sentence": reason.sentence,
        "inputs": {name: _plain(value) for name, value in reason.inputs.items()},
        **asdict(reason.origin),
    }


def origin_of(why: Mapping[str, Any]) -> Origin:
    """The origin in a stored reason; of none, a default of the product."""
    if not why:
        return Origin()
    return Origin(why["source"], why["confidence"], why["rule"], why["policy_version"])


def _plain(value: object) -> object:
    """Decimals and dates as text: a number of JSON is a binary fraction to many readers."""
    if isinstance(value, Decimal | date | datetime):
        return str(value) if isinstance(value, Decimal) else value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, tuple | list | set | frozenset):
        rows = sorted(value, key=str) if isinstance(value, set | frozenset) else value
        return [_plain(one) for one in rows]
    return value
