"""The course on its primary scale: baseline, response, sustained, relapse (B4, B7, B8)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from clinic.rules.errors import RuleError
from courses.rules import defaults
from courses.rules.response import (
    DatedScore,
    Response,
    ResponseRules,
    assess,
    choose_baseline,
    parse_response,
)
from tests.unit.courses.shipped import content, number

RULES = defaults.response()
PHQ9 = defaults.scale("phq9")
STARTED = datetime(2026, 3, 2, 15, tzinfo=UTC)
DAY_0 = STARTED.date()


def taken(day: int, total: int, *, hour: int = 12, key: str = "") -> DatedScore:
    at = datetime(2026, 3, 2, hour, tzinfo=UTC) + timedelta(days=day)
    return DatedScore(taken_at=at, taken_on=at.date(), total=total, id=key)


def course(
    *totals: tuple[int, int],
    baseline: int = 20,
    rules: ResponseRules = RULES,
    scale: str = "phq9",
    events: tuple[int, ...] = (),
) -> Response:
    """Scores as (day, total) after a baseline on day 0 before the first infusion."""
    return assess(
        defaults.scale(scale),
        [taken(0, baseline), *(taken(day, total) for day, total in totals)],
        first_infusion_at=STARTED,
        first_infusion_on=DAY_0,
        relapse_events=[DAY_0 + timedelta(days=day) for day in events],
        rules=rules,
    )


def on(day: int) -> date:
    return DAY_0 + timedelta(days=day)


# --- baseline -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([taken(-15, 20)], None),
        ([taken(-14, 20)], 20),
        ([taken(-14, 20), taken(-1, 22)], 22),
        ([taken(-1, 22), taken(-14, 20)], 22),
        ([taken(0, 19)], 19),
        ([taken(0, 19, hour=15)], 19),
        ([taken(0, 19, hour=16)], None),
        ([taken(1, 19)], None),
        ([taken(-1, 21, key="a"), taken(-1, 23, key="b")], 23),
        ([], None),
    ],
)
def test_baseline(scores: list[DatedScore], expected: int | None) -> None:
    found = choose_baseline(scores, first_infusion_at=STARTED, first_infusion_on=DAY_0, rules=RULES)
    assert (found.total if found else None) == expected


def test_before_the_first_infusion_the_latest_score_is_the_baseline_to_be() -> None:
    scores = [taken(-30, 20), taken(-20, 24)]
    found = choose_baseline(scores, first_infusion_at=None, first_infusion_on=None, rules=RULES)
    assert found == scores[1]
    state = assess(PHQ9, scores, first_infusion_at=None, first_infusion_on=None, rules=RULES)
    assert (state.state, state.baseline) == ("no_score", scores[1])


def test_without_a_baseline_nothing_is_said() -> None:
    found = assess(
        PHQ9, [taken(1, 5)], first_infusion_at=STARTED, first_infusion_on=DAY_0, rules=RULES
    )
    assert (found.state, found.baseline, found.latest) == ("no_baseline", None, None)


def test_without_a_later_score_nothing_is_said() -> None:
    found = course()
    assert (found.state, found.outcome, found.days_followed) == ("no_score", None, None)
    assert found.baseline is not None
    assert found.baseline.total == 20


# --- states -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("totals", "state"),
    [
        ([(7, 16)], "none"),
        ([(7, 21)], "worse"),
        ([(7, 15)], "partial"),
        ([(7, 11)], "partial"),
        ([(7, 10)], "response"),
        ([(7, 4)], "remission"),
        ([(7, 10), (14, 9)], "sustained"),
        ([(7, 10), (14, 4)], "remission"),
        ([(7, 10), (14, 15)], "partial"),
        # A response that was lost begins anew.
        ([(7, 10), (14, 9), (16, 15), (18, 10)], "response"),
        ([(7, 10), (14, 9), (16, 15), (18, 10), (21, 9)], "sustained"),
    ],
)
def test_states(totals: list[tuple[int, int]], state: str) -> None:
    assert course(*totals).state == state


def test_without_a_percentage_only_remission_can_be_said() -> None:
    assert course((7, 3), baseline=0).state == "remission"
    assert course((7, 9), baseline=0).state == "none"


def test_dates_and_days() -> None:
    found = course((3, 14), (7, 10), (10, 9), (14, 4))
    assert (found.response_on, found.days_to_response) == (on(7), 7)
    assert (found.sustained_on, found.remission_on) == (on(10), on(14))
    assert (found.relapse_on, found.days_followed) == (None, 14)
    assert found.best is not None
    assert found.latest is not None
    assert (found.best.total, found.latest.total) == (4, 4)


def test_time_to_response_is_cut_off_at_the_last_score() -> None:
    found = course((3, 18), (21, 15))
    assert (found.days_to_response, found.days_followed) == (None, 21)


def test_scores_in_any_order_say_the_same() -> None:
    scores = [taken(14, 4), taken(0, 20), taken(7, 10), taken(3, 14)]
    found = assess(PHQ9, scores, first_infusion_at=STARTED, first_infusion_on=DAY_0, rules=RULES)
    assert found == course((3, 14), (7, 10), (14, 4))


def test_the_best_score_is_the_first_of_the_lowest() -> None:
    found = course((3, 9), (7, 5), (10, 5), (14, 12))
    assert found.best is not None
    assert (found.best.total, found.best.taken_on) == (5, on(7))


# --- relapse: response lost ----------------------------------------------------------------------
@pytest.mark.parametrize(
    ("totals", "relapse"),
    [
        ([(7, 10), (14, 11), (19, 11)], 19),
        ([(7, 10), (14, 11), (18, 11)], None),
        ([(7, 10), (14, 11), (29, 11)], 29),
        ([(7, 10), (14, 11), (30, 11)], None),
        ([(7, 10), (14, 11)], None),
        # Half the baseline is still a response.
        ([(7, 10), (14, 10), (21, 10)], None),
        # Who never responded cannot relapse.
        ([(7, 11), (14, 11), (21, 11)], None),
        # A good score in between breaks the run.
        ([(7, 10), (14, 11), (16, 10), (21, 11)], None),
        # Scores in between do not hide it.
        ([(7, 10), (14, 11), (17, 12), (20, 13)], 20),
        ([(7, 10), (14, 11), (16, 11), (18, 11), (20, 11)], 20),
    ],
)
def test_a_lost_response(totals: list[tuple[int, int]], relapse: int | None) -> None:
    found = course(*totals)
    assert found.relapse_on == (None if relapse is None else on(relapse))
    assert (found.state == "relapse") is (relapse is not None)


def test_a_relapse_holds_until_a_later_response() -> None:
    lost = [(7, 10), (14, 11), (20, 11)]
    assert course(*lost, (25, 12)).state == "relapse"
    again = course(*lost, (30, 9))
    assert (again.state, again.relapse_on) == ("response", on(20))
    # One bad score after that is not the next relapse yet.
    once = course(*lost, (30, 9), (35, 12))
    assert (once.state, once.relapse_on) == ("partial", on(20))
    assert course(*lost, (30, 9), (35, 12), (41, 12)).state == "relapse"


# --- relapse: other definitions -----------------------------------------------------------------
QIDS = replace(RULES, relapse_definition="qids")
MADRS = replace(RULES, relapse_definition="madrs")


@pytest.mark.parametrize(
    ("totals", "relapse"),
    [
        ([(7, 8), (14, 11)], None),
        ([(7, 8), (14, 12)], 14),
        ([(7, 9), (14, 12)], None),
    ],
)
def test_above_11_on_the_quick_inventory(
    totals: list[tuple[int, int]], relapse: int | None
) -> None:
    found = course(*totals, baseline=17, scale="qids_sr16", rules=QIDS)
    assert found.relapse_on == (None if relapse is None else on(relapse))


@pytest.mark.parametrize(
    ("totals", "relapse"),
    [
        ([(7, 16), (14, 22), (19, 22)], 19),
        ([(7, 16), (14, 22), (18, 22)], None),
        ([(7, 16), (14, 21), (19, 22)], None),
        ([(7, 16), (14, 17), (21, 17)], None),
    ],
)
def test_22_twice_on_the_montgomery_scale(
    totals: list[tuple[int, int]], relapse: int | None
) -> None:
    found = course(*totals, baseline=32, scale="madrs", rules=MADRS)
    assert found.relapse_on == (None if relapse is None else on(relapse))


@pytest.mark.parametrize("rules", [QIDS, MADRS])
def test_a_definition_of_another_instrument_judges_no_other_points(rules: ResponseRules) -> None:
    # On the PHQ-9 12 is above 11 points of another scale, and no lost response yet.
    assert course((7, 10), (14, 12), rules=rules).relapse_on is None
    assert course((7, 10), (14, 12), (20, 12), rules=rules).relapse_on == on(20)


# --- relapse: events ----------------------------------------------------------------------------
def test_an_admission_is_a_relapse_also_without_a_response() -> None:
    found = course((7, 18), events=(9,))
    assert (found.state, found.relapse_on) == ("relapse", on(9))


def test_an_admission_after_a_response_comes_first() -> None:
    found = course((7, 10), (14, 11), (20, 11), events=(16,))
    assert (found.state, found.relapse_on) == ("relapse", on(16))


def test_an_admission_before_the_course_is_history() -> None:
    assert course((7, 18), events=(-1,)).relapse_on is None
    assert course((7, 18), events=(0,)).relapse_on == on(0)


# --- content ------------------------------------------------------------------------------------
def test_shipped_numbers() -> None:
    assert (RULES.baseline_from_days, RULES.sustained_count) == (14, 2)
    assert (RULES.day_after_hours, RULES.day_after_from_hours, RULES.day_after_to_hours) == (
        24,
        18,
        36,
    )
    assert (RULES.relapse_definition, RULES.qids_above, RULES.madrs_at_least) == (
        "lost_response",
        11,
        22,
    )


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        (lambda c: c.update(relapse_definition="hunch"), "content_broken", "relapse_definition"),
        (
            lambda c: c["relapse"]["madrs"].update(count=number("0")),
            "impossible_range",
            "relapse.madrs.count",
        ),
        (
            lambda c: c["relapse"]["lost_response"].update(min_days_apart=number("16")),
            "impossible_range",
            "relapse.lost_response.count",
        ),
    ],
)
def test_broken_content(change: Callable[[dict[str, Any]], None], code: str, field: str) -> None:
    changed = content("rules/response")
    change(changed)
    with pytest.raises(RuleError) as refused:
        parse_response(changed)
    assert (refused.value.code, refused.value.field) == (code, field)
