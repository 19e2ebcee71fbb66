"""Intervals, differences and survival against values worked out by hand or published."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic.rules.errors import RuleError
from clinic.rules.stats import (
    Interval,
    Observed,
    diff_pp,
    kaplan_meier,
    median_days,
    share_percent,
    wilson,
)


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [
        (108, 195, "48.4", "62.2"),
        (70, 170, "34.1", "48.7"),
        (0, 10, "0.0", "27.8"),
        (10, 10, "72.2", "100.0"),
        (11, 20, "34.2", "74.2"),
        (1, 1, "20.7", "100.0"),
        (81, 263, "25.5", "36.6"),  # Newcombe 1998, table I
        (15, 148, "6.2", "16.0"),
        (0, 20, "0.0", "16.1"),
        (1, 29, "0.6", "17.2"),
    ],
)
def test_wilson(k: int, n: int, low: str, high: str) -> None:
    assert wilson(k, n) == Interval(Decimal(low), Decimal(high))


def test_an_empty_group_has_no_interval_and_no_share() -> None:
    assert wilson(0, 0) is None
    assert share_percent(0, 0) is None


@pytest.mark.parametrize(("k", "n"), [(-1, 10), (11, 10), (0, -1)])
def test_impossible_counts_are_refused(k: int, n: int) -> None:
    for ask in (lambda: wilson(k, n), lambda: share_percent(k, n), lambda: diff_pp(k, n, 1, 2)):
        with pytest.raises(RuleError) as refusal:
            ask()
        assert refusal.value.code == "impossible_count"


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_holds_the_share(counts: tuple[int, int]) -> None:
    k, n = counts
    interval, share = wilson(k, n), share_percent(k, n)
    assert interval is not None
    assert share is not None
    assert Decimal(0) <= interval.low_percent <= share <= interval.high_percent <= Decimal(100)


@pytest.mark.parametrize(
    ("k", "n", "expected"),
    [(108, 195, "55.4"), (1, 3, "33.3"), (1, 2000, "0.1"), (1, 2001, "0.0"), (0, 5, "0.0")],
)
def test_share(k: int, n: int, expected: str) -> None:
    assert share_percent(k, n) == Decimal(expected)


@pytest.mark.parametrize(
    ("k1", "n1", "k2", "n2", "expected"),
    [
        (108, 195, 70, 170, "14.2"),
        (70, 170, 108, 195, "-14.2"),
        (1, 2, 1, 2, "0.0"),
        (1, 2000, 0, 5, "0.1"),
        (0, 5, 1, 2000, "-0.1"),
        (1, 3, 1, 6, "16.7"),
    ],
)
def test_difference_in_points(k1: int, n1: int, k2: int, n2: int, expected: str) -> None:
    assert diff_pp(k1, n1, k2, n2) == Decimal(expected)


@pytest.mark.parametrize("counts", [(0, 0, 1, 2), (1, 2, 0, 0)])
def test_a_difference_needs_two_groups(counts: tuple[int, int, int, int]) -> None:
    with pytest.raises(RuleError) as refusal:
        diff_pp(*counts)
    assert refusal.value.code == "empty_group"


def test_kaplan_meier_with_censoring_between_and_on_days_of_events() -> None:
    people = [(6, True), (6, True), (6, False), (7, True), (9, False), (10, True)]
    steps = kaplan_meier(Observed(days, happened) for days, happened in reversed(people))
    assert [(step.day, step.at_risk, step.events, step.censored) for step in steps] == [
        (6, 6, 2, 1),
        (7, 3, 1, 0),
        (9, 2, 0, 1),
        (10, 1, 1, 0),
    ]
    assert [step.survival for step in steps] == [
        Fraction(2, 3),
        Fraction(4, 9),
        Fraction(4, 9),
        Fraction(0),
    ]
    assert median_days(steps) == 7


def test_the_median_counts_exactly_half() -> None:
    steps = kaplan_meier([Observed(5, True), Observed(9, False)])
    assert median_days(steps) == 5


def test_no_median_while_most_are_without_the_event() -> None:
    steps = kaplan_meier([Observed(5, True), Observed(8, False), Observed(9, False)])
    assert median_days(steps) is None
    assert kaplan_meier([]) == ()
    assert median_days(()) is None


def test_negative_days_are_refused() -> None:
    with pytest.raises(RuleError, match="cannot be negative"):
        kaplan_meier([Observed(-1, True)])
