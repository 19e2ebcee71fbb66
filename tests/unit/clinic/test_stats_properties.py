"""What holds of every interval and of every survival curve, whoever the patients are."""

from __future__ import annotations

import random
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from clinic.rules.stats import (
    Interval,
    Observed,
    Step,
    diff_pp,
    kaplan_meier,
    median_days,
    share_percent,
    wilson,
)

# Bounds are told to 0.1: two of them may each be half of that away from the exact ones.
TENTH = Decimal("0.1")
counts = st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
observed = st.builds(Observed, st.integers(0, 60), st.booleans())
groups = st.lists(observed, max_size=40)


def bounds(k: int, n: int) -> Interval:
    found = wilson(k, n)
    assert found is not None
    return found


def width(interval: Interval) -> Decimal:
    return interval.high_percent - interval.low_percent


@given(counts)
@example((0, 1))
@example((1, 1))
def test_the_interval_is_turned_round_when_the_question_is(pair: tuple[int, int]) -> None:
    k, n = pair
    here, there = bounds(k, n), bounds(n - k, n)
    assert here.low_percent == 100 - there.high_percent
    assert here.high_percent == 100 - there.low_percent


@given(counts)
def test_the_interval_lies_within_0_and_100_and_is_never_a_point(pair: tuple[int, int]) -> None:
    k, n = pair
    found = bounds(k, n)
    assert 0 <= found.low_percent < found.high_percent <= 100
    assert (found.low_percent == 0) is (k == 0)
    assert (found.high_percent == 100) is (k == n)


@given(counts, st.integers(2, 9))
def test_the_same_share_of_more_people_is_known_better(pair: tuple[int, int], times: int) -> None:
    k, n = pair
    few, many = bounds(k, n), bounds(k * times, n * times)
    assert width(many) <= width(few) + TENTH
    assert width(many) < width(few) or width(few) < 1


@given(counts, st.data())
def test_one_more_of_as_many_never_lowers_either_bound(
    pair: tuple[int, int], data: st.DataObject
) -> None:
    k, n = pair
    other = data.draw(st.integers(k, n))
    low, high = bounds(k, n), bounds(other, n)
    assert low.low_percent <= high.low_percent
    assert low.high_percent <= high.high_percent


@given(counts, counts)
def test_a_difference_turns_its_sign_and_is_that_of_the_shares(
    one: tuple[int, int], other: tuple[int, int]
) -> None:
    found = diff_pp(*one, *other)
    assert diff_pp(*other, *one) == -found
    assert -100 <= found <= 100
    shares = [share_percent(*one), share_percent(*other)]
    assert shares[0] is not None
    assert shares[1] is not None
    # Rounded once at the end, so the difference of rounded shares may be a tenth away.
    assert abs(found - (shares[0] - shares[1])) <= TENTH


@given(groups)
def test_survival_never_rises_and_accounts_for_everybody(people: list[Observed]) -> None:
    steps = kaplan_meier(people)
    survival = [Fraction(1), *(step.survival for step in steps)]
    assert all(0 <= later <= earlier <= 1 for earlier, later in pairwise(survival))
    assert [step.day for step in steps] == sorted({person.days for person in people})
    assert sum(step.events for step in steps) == sum(person.happened for person in people)
    assert sum(step.events + step.censored for step in steps) == len(people)
    for step in steps:
        assert step.at_risk == sum(person.days >= step.day for person in people)
        assert step.events + step.censored >= 1
    for (before, after), step in zip(pairwise(survival), steps, strict=True):
        # It falls on days of events and on no other, and to nothing only with the last at risk.
        assert (after < before) is (step.events > 0 and before > 0)
        assert (after == 0) is (before == 0 or step.events == step.at_risk)


@given(st.lists(st.integers(0, 60), min_size=1, max_size=40))
def test_while_nobody_is_lost_it_is_the_plain_share_still_without_the_event(
    days: list[int],
) -> None:
    steps = kaplan_meier(Observed(day, True) for day in days)
    for step in steps:
        assert step.survival == Fraction(sum(day > step.day for day in days), len(days))
    ordered = sorted(days)
    assert median_days(steps) == ordered[(len(days) + 1) // 2 - 1]


@given(groups, st.randoms(use_true_random=False))
def test_the_order_of_patients_changes_no_curve(
    people: list[Observed], shuffler: random.Random
) -> None:
    assert kaplan_meier(shuffler.sample(people, len(people))) == kaplan_meier(people)


@given(groups, observed)
@example([Observed(5, True), Observed(9, True)], Observed(5, False))
def test_watching_one_patient_longer_without_the_event_never_lowers_the_curve(
    people: list[Observed], one: Observed
) -> None:
    lost = kaplan_meier([*people, Observed(one.days, False)])
    watched = kaplan_meier([*people, Observed(one.days + 30, False)])
    for day in range(91):
        assert survival_on(day, watched) >= survival_on(day, lost)
    gone = kaplan_meier([*people, Observed(one.days, True)])
    for day in range(91):
        assert survival_on(day, gone) <= survival_on(day, lost)


def survival_on(day: int, steps: tuple[Step, ...]) -> Fraction:
    """The share still without the event at the end of `day`."""
    return next((step.survival for step in reversed(steps) if step.day <= day), Fraction(1))
