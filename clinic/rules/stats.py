"""Proportions with their uncertainty, and time until an event, for small groups of patients."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Final

from clinic.rules.errors import RuleError

# Two-sided 95 % quantile of the normal distribution: mathematics, not clinical opinion.
_Z: Final = Decimal("1.959963984540054")
_TENTH: Final = Decimal("0.1")


@dataclass(frozen=True, slots=True)
class Interval:
    """Bounds in per cent, to 0.1."""

    low_percent: Decimal
    high_percent: Decimal


@dataclass(frozen=True, slots=True)
class Observed:
    """Days watched, and whether the event came on the last of them or the watching just ended."""

    days: int
    happened: bool


@dataclass(frozen=True, slots=True)
class Step:
    """From `day` on, the share `survival` is still without the event. `at_risk` just before it."""

    day: int
    survival: Fraction
    at_risk: int
    events: int
    censored: int


def wilson(k: int, n: int) -> Interval | None:
    """Wilson 95 % interval of k out of n; None for an empty group.

    Raises RuleError `impossible_count` where k is negative or above n.
    Source: Wilson EB, J Am Stat Assoc 1927;22:209-212.
    """
    _check_counts(k, n)
    if n == 0:
        return None
    size, share, square = Decimal(n), Decimal(k) / n, _Z * _Z
    spread = _Z * (share * (1 - share) / size + square / (4 * size * size)).sqrt()
    centre, scale = share + square / (2 * size), 1 + square / size
    # The ends are exact by algebra; arithmetic would leave a crumb beside 0 and 100.
    low = Decimal(0) if k == 0 else (centre - spread) / scale
    high = Decimal(1) if k == n else (centre + spread) / scale
    return Interval(_percent(low), _percent(high))


def share_percent(k: int, n: int) -> Decimal | None:
    """k out of n in per cent, to 0.1; None for an empty group."""
    _check_counts(k, n)
    return None if n == 0 else _rounded(Fraction(100 * k, n))


def diff_pp(k1: int, n1: int, k2: int, n2: int) -> Decimal:
    """First share minus second in percentage points, to 0.1, rounded once at the end.

    Raises RuleError `empty_group` where a group has nobody, `impossible_count` as in `wilson`.
    """
    for group, k, n in ((1, k1, n1), (2, k2, n2)):
        _check_counts(k, n, f"k{group}")
        if n == 0:
            raise RuleError("empty_group", f"n{group}", "A share needs at least one person.")
    return _rounded(100 * (Fraction(k1, n1) - Fraction(k2, n2)))


def kaplan_meier(observed: Iterable[Observed]) -> tuple[Step, ...]:
    """Survival after every day on which something happened or watching ended.

    Whoever is censored on a day of events still counts as at risk on it.
    Source: Kaplan EL, Meier P, J Am Stat Assoc 1958;53:457-481.
    """
    people = tuple(observed)
    if any(person.days < 0 for person in people):
        raise RuleError("negative_days", "days", "Days watched cannot be negative.")
    at_risk, survival, steps = len(people), Fraction(1), []
    for day in sorted({person.days for person in people}):
        events = sum(person.days == day and person.happened for person in people)
        censored = sum(person.days == day and not person.happened for person in people)
        survival *= Fraction(at_risk - events, at_risk)
        steps.append(Step(day, survival, at_risk, events, censored))
        at_risk -= events + censored
    return tuple(steps)


def median_days(steps: Iterable[Step]) -> int | None:
    """First day on which at most half are without the event; None where that is not reached."""
    return next((step.day for step in steps if step.survival <= Fraction(1, 2)), None)


def _check_counts(k: int, n: int, field: str = "k") -> None:
    if n < 0 or not 0 <= k <= n:
        raise RuleError("impossible_count", field, f"{k} of {n} is not a possible count.")


def _percent(share: Decimal) -> Decimal:
    return (share * 100).quantize(_TENTH, ROUND_HALF_UP)


def _rounded(value: Fraction) -> Decimal:
    """To 0.1, half away from zero, from the exact value."""
    tenths = abs(value) * 10
    whole = int(tenths + Fraction(1, 2))
    return Decimal(whole if value >= 0 else -whole).scaleb(-1)
