"""What holds of every outcome and of every course of scores (B4, B7, B8, E8)."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from courses.rules import defaults
from courses.rules.outcome import classify
from courses.rules.response import DatedScore, Response, ResponseRules, assess

RULES: Final = defaults.response()
# Highest total, and the highest that is remission, by the rulebook: not read from the catalogue.
SCALES: Final = {"phq9": (27, 4), "qids_sr16": (27, 5), "madrs": (60, 10), "hamd17": (52, 7)}
STARTED: Final = datetime(2026, 3, 2, 15, tzinfo=UTC)
RANKS: Final = ("response", "partial", "none", "worse")

scales = st.sampled_from(sorted(SCALES))
totals = st.integers(0, 27)
definitions = st.sampled_from(["lost_response", "qids", "madrs"]).map(
    lambda definition: replace(RULES, relapse_definition=definition)
)


@st.composite
def histories(draw: st.DrawFn) -> list[DatedScore]:
    """Scores from two weeks before to half a year after, also several at one moment."""
    hours = draw(st.lists(st.integers(-20 * 24, 180 * 24), max_size=12))
    found = []
    for place, hour in enumerate(hours):
        at = STARTED + timedelta(hours=hour)
        found.append(DatedScore(at, at.date(), draw(totals), f"score {place}"))
    return found


events = st.lists(
    st.integers(-5, 180).map(lambda n: STARTED.date() + timedelta(days=n)), max_size=2
)


def followed(
    code: str,
    scores: list[DatedScore],
    relapses: list[date] | None = None,
    rules: ResponseRules = RULES,
) -> Response:
    return assess(
        defaults.scale(code),
        scores,
        first_infusion_at=STARTED,
        first_infusion_on=STARTED.date(),
        relapse_events=relapses or [],
        rules=rules,
    )


@pytest.mark.parametrize("code", sorted(SCALES))
def test_every_pair_of_totals_is_told_as_the_rulebook_has_it(code: str) -> None:
    """Whole numbers only: response at half or better, partial from a quarter, worse above."""
    top, remission = SCALES[code]
    for b in range(top + 1):
        found = [classify(defaults.scale(code), baseline=b, current=c) for c in range(top + 1)]
        # Remission asks for nothing but the score of today.
        assert [one.remission for one in found] == [c <= remission for c in range(top + 1)]
        if b == 0:
            assert {(one.category, one.percent) for one in found} == {(None, None)}
            continue
        for c, one in enumerate(found):
            expected = "none"
            if 2 * (b - c) >= b:
                expected = "response"
            elif 4 * (b - c) >= b:
                expected = "partial"
            elif c > b:
                expected = "worse"
            assert one.category == expected, (b, c)
        ranks = [RANKS.index(one.category or "") for one in found]
        assert ranks == sorted(ranks)
        percents = [one.percent or 0 for one in found]
        assert percents == sorted(percents, reverse=True)
        assert percents[0] == 100
        assert percents[b] == 0


@settings(max_examples=200)
@given(scales, histories(), events, definitions, st.randoms(use_true_random=False))
def test_no_order_of_entry_changes_the_course(
    code: str,
    scores: list[DatedScore],
    relapses: list[date],
    rules: ResponseRules,
    shuffler: random.Random,
) -> None:
    mixed = shuffler.sample(scores, len(scores))
    here = followed(code, scores, relapses, rules)
    assert followed(code, mixed, relapses[::-1], rules) == here


@settings(max_examples=200)
@given(scales, histories(), events, definitions)
def test_dates_follow_from_scores_and_in_their_order(
    code: str, scores: list[DatedScore], relapses: list[date], rules: ResponseRules
) -> None:
    found = followed(code, scores, relapses, rules)
    if found.latest is None or found.baseline is None:
        assert found.state in ("no_baseline", "no_score")
        assert found.days_to_response is None
        return
    half = found.baseline.total / 2
    later = sorted((s for s in scores if s.taken_at > STARTED), key=lambda s: (s.taken_at, s.id))
    good = [s for s in later if s.total <= half] if found.baseline.total else []
    assert found.response_on == (good[0].taken_on if good else None)
    if found.response_on is None:
        assert found.days_to_response is None
    else:
        assert found.days_to_response == (found.response_on - STARTED.date()).days
        assert found.days_followed is not None
        assert 0 <= found.days_to_response <= found.days_followed
    low = [s.taken_on for s in later if s.total <= SCALES[code][1]]
    assert found.remission_on == (low[0] if low else None)
    if found.sustained_on is not None:
        assert found.response_on is not None
        assert found.sustained_on >= found.response_on
    if found.relapse_on is not None and not relapses:
        assert found.response_on is not None
        assert found.relapse_on >= found.response_on
    assert found.best is not None
    assert found.best.total == min(s.total for s in later)
    assert found.latest == later[-1]


@settings(max_examples=200)
@given(scales, histories(), definitions, totals, st.integers(1, 60))
def test_a_later_score_never_unmakes_what_happened(
    code: str, scores: list[DatedScore], rules: ResponseRules, total: int, days: int
) -> None:
    before = followed(code, scores, rules=rules)
    at = max([STARTED, *(s.taken_at for s in scores)]) + timedelta(days=days)
    after = followed(code, [*scores, DatedScore(at, at.date(), total, "later")], rules=rules)
    assert after.baseline == before.baseline
    for name in ("response_on", "remission_on", "sustained_on", "relapse_on", "days_to_response"):
        if getattr(before, name) is not None:
            assert getattr(after, name) == getattr(before, name)


@given(scales, histories(), st.integers(0, 180))
def test_an_admission_is_always_a_relapse_until_a_response_after_it(
    code: str, scores: list[DatedScore], day: int
) -> None:
    admitted_on = STARTED.date() + timedelta(days=day)
    found = followed(code, scores, [admitted_on])
    if found.latest is None or found.baseline is None:
        return
    assert found.relapse_on is not None
    assert found.relapse_on <= admitted_on
    half = found.baseline.total / 2 if found.baseline.total else -1
    recovered = any(
        s.total <= half and s.taken_on > admitted_on for s in scores if s.taken_at > STARTED
    )
    if not recovered:
        assert found.state == "relapse"


@given(scales, histories())
def test_the_baseline_is_the_last_score_of_the_two_weeks_before(
    code: str, scores: list[DatedScore]
) -> None:
    found = followed(code, scores).baseline
    earliest = STARTED.date() - timedelta(days=14)
    fit = [s for s in scores if s.taken_on >= earliest and s.taken_at <= STARTED]
    assert (found is None) is (not fit)
    if found is not None:
        assert found in fit
        assert not any(s.taken_at > found.taken_at for s in fit)
