"""Answers to a score, or to what is missing; never a partial sum (E1 to E7)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic.rules.errors import RuleError
from courses.rules import defaults
from courses.rules.scoring import Alert, Incomplete, Score, meets_syndrome, score, subscale_total

Items = list[int | None]


def total_and_band(code: str, items: Items, **extra: Any) -> tuple[int | None, str]:
    found = score(defaults.scale(code), items, **extra)
    assert isinstance(found, Score)
    return found.total, found.band


def missing(code: str, items: Items, **extra: Any) -> tuple[str, ...]:
    found = score(defaults.scale(code), items, **extra)
    assert isinstance(found, Incomplete)
    return found.missing


def spread(total: int, tops: list[int]) -> Items:
    """Answers that sum to `total`, filled up from the first item."""
    items: Items = []
    for top in tops:
        items.append(min(top, total))
        total -= min(top, total)
    return items


HAMD_TOPS = [4, 4, 4, 2, 2, 2, 4, 4, 4, 4, 4, 2, 2, 2, 4, 2, 2]


@pytest.mark.parametrize(
    ("code", "tops", "bands"),
    [
        (
            "phq9",
            [3] * 9,
            {
                0: "minimal",
                4: "minimal",
                5: "mild",
                9: "mild",
                10: "moderate",
                14: "moderate",
                15: "moderately_severe",
                19: "moderately_severe",
                20: "severe",
                27: "severe",
            },
        ),
        (
            "gad7",
            [3] * 7,
            {
                0: "minimal",
                4: "minimal",
                5: "mild",
                9: "mild",
                10: "moderate",
                14: "moderate",
                15: "severe",
                21: "severe",
            },
        ),
        (
            "madrs",
            [6] * 10,
            {
                0: "normal",
                6: "normal",
                7: "mild",
                19: "mild",
                20: "moderate",
                34: "moderate",
                35: "severe",
                60: "severe",
            },
        ),
        (
            "hamd17",
            HAMD_TOPS,
            {
                0: "none",
                7: "none",
                8: "mild",
                13: "mild",
                14: "moderate",
                18: "moderate",
                19: "severe",
                22: "severe",
                23: "very_severe",
                52: "very_severe",
            },
        ),
    ],
)
def test_totals_at_both_sides_of_every_band(
    code: str, tops: list[int], bands: dict[int, str]
) -> None:
    functional = {"functional": 1} if code == "phq9" else {}
    for total, band in bands.items():
        assert total_and_band(code, spread(total, tops), **functional) == (total, band)


@pytest.mark.parametrize(
    ("items", "total", "band"),
    [
        ([0] * 16, 0, "none"),
        ([3] * 16, 27, "very_severe"),
        # The worst of sleep, of appetite and weight, of restless or slow.
        ([1, 0, 0, 0, 1, 0, 1, 0, 0, 1, 1, 0, 1, 0, 1, 0], 7, "mild"),
        ([2, 0, 0, 0, 2, 0, 0, 2, 0, 1, 1, 0, 1, 1, 0, 1], 11, "moderate"),
        ([3, 0, 0, 0, 3, 0, 3, 0, 0, 3, 2, 1, 3, 2, 0, 1], 21, "very_severe"),
        ([0, 1, 2, 3, 0, 3, 0, 2, 1, 0, 0, 0, 0, 0, 1, 2], 8, "mild"),
        # Only one of 6 and 7 and one of 8 and 9 is asked.
        ([1, 1, 1, 1, 1, 2, None, None, 1, 1, 1, 0, 1, 1, 1, 1], 9, "mild"),
        ([None, 2, None, None, 0, 0, None, None, None, 0, 0, 0, 0, 0, None, 3], 5, "none"),
    ],
)
def test_quick_inventory(items: Items, total: int, band: str) -> None:
    assert total_and_band("qids_sr16", items) == (total, band)


def test_quick_inventory_with_an_empty_domain_has_no_total() -> None:
    items: Items = [1, 1, 1, 1, None, None, None, None, None, 1, 1, 0, 1, 1, None, None]
    assert missing("qids_sr16", items) == ("5", "6/7/8/9", "15/16")


@given(st.lists(st.one_of(st.none(), st.integers(0, 3)), min_size=9, max_size=9))
def test_a_missing_item_never_gives_a_total(items: Items) -> None:
    found = score(defaults.scale("phq9"), items, functional=0)
    if None in items:
        assert isinstance(found, Incomplete)
        assert found.missing == tuple(str(n) for n, x in enumerate(items, 1) if x is None)
    else:
        assert isinstance(found, Score)
        assert found.total == sum(x for x in items if x is not None)
        assert found.prorated is False
    last = items[8]
    assert bool(found.alerts) is (last is not None and last >= 1)


def test_the_functional_question_is_needed_above_zero() -> None:
    assert total_and_band("phq9", [0] * 9) == (0, "minimal")
    assert missing("phq9", [1, *[0] * 8]) == ("functional",)
    assert total_and_band("phq9", [1, *[0] * 8], functional=0) == (1, "minimal")


@pytest.mark.parametrize(
    ("items", "total"),
    [
        ([2, 2, None, 2, 2, 2, 2, 1, 1], 16),
        ([2, 2, None, None, 2, 2, 2, 1, 1], 15),
        ([0, 0, None, 0, 0, 0, 0, 0, 0], 0),
        # 4 * 9 / 8 = 4.5 goes up.
        ([1, 1, None, 1, 1, 0, 0, 0, 0], 5),
    ],
)
def test_prorating(items: Items, total: int) -> None:
    found = score(defaults.scale("phq9"), items, functional=0, prorate=True)
    assert isinstance(found, Score)
    assert (found.total, found.prorated) == (total, True)


@pytest.mark.parametrize(
    ("code", "items"),
    [
        ("phq9", [2, None, None, None, 2, 2, 2, 1, 1]),
        ("phq9", [2, 2, 2, 2, 2, 2, 2, 1, None]),
        ("gad7", [1, 1, 1, 1, 1, 1, None]),
    ],
)
def test_no_prorating_beyond_two_of_item_9_or_of_other_scales(code: str, items: Items) -> None:
    assert isinstance(score(defaults.scale(code), items, prorate=True), Incomplete)


def test_a_whole_form_is_not_prorated() -> None:
    found = score(defaults.scale("phq9"), [1] * 9, functional=0, prorate=True)
    assert isinstance(found, Score)
    assert (found.total, found.prorated) == (9, False)


def test_not_assessed_is_not_scored() -> None:
    items: Items = [*[1] * 15, 3, 1]
    assert total_and_band("hamd17", items) == (16, "moderate")
    assert total_and_band("hamd17", [1] * 17) == (17, "moderate")


@pytest.mark.parametrize(
    ("code", "items", "alerts"),
    [
        ("phq9", [0] * 8 + [1], (Alert("9", 1, "immediate"),)),
        ("phq9", [3] * 8 + [0], ()),
        ("phq9", [None] * 8 + [2], (Alert("9", 2, "immediate"),)),
        ("qids_sr16", [0] * 11 + [1] + [0] * 4, (Alert("12", 1, "notice"),)),
        ("qids_sr16", [0] * 11 + [2] + [0] * 4, (Alert("12", 2, "immediate"),)),
        ("qids_sr16", [None] * 11 + [3] + [None] * 4, (Alert("12", 3, "immediate"),)),
        ("madrs", [0] * 9 + [3], ()),
        ("madrs", [0] * 9 + [4], (Alert("10", 4, "immediate"),)),
        ("hamd17", [0, 0, 2] + [0] * 14, ()),
        ("hamd17", [0, 0, 3] + [0] * 14, (Alert("3", 3, "immediate"),)),
    ],
)
def test_safety_answers_are_told_whatever_is_missing(
    code: str, items: Items, alerts: tuple[Alert, ...]
) -> None:
    assert score(defaults.scale(code), items).alerts == alerts


def test_dissociation() -> None:
    assert total_and_band("cadss", [4] * 23) == (92, "")
    items: Items = [1, 2, 0, 0, 0, 3, 1, *[0] * 7, 2, *[0] * 6, 1, 0]
    assert subscale_total(defaults.scale("cadss"), "cadss6", items) == 10


def test_a_part_with_a_gap_has_no_total() -> None:
    scale = defaults.scale("cadss")
    items: Items = [None, *[0] * 22]
    with pytest.raises(RuleError) as refused:
        subscale_total(scale, "cadss6", items)
    assert refused.value.code == "incomplete"
    # A gap elsewhere does not matter to the part.
    assert subscale_total(scale, "cadss6", [0, 0, None, *[0] * 20]) == 0


def test_a_part_that_is_not_there() -> None:
    with pytest.raises(RuleError) as refused:
        subscale_total(defaults.scale("cadss"), "cadss7", [0] * 23)
    assert (refused.value.code, refused.value.field) == ("unknown_code", "subscale")


def test_positive_symptoms_begin_at_four() -> None:
    assert total_and_band("bprs_pos4", [1, 1, 1, 1]) == (4, "")
    assert total_and_band("bprs_pos4", [7, 7, 7, 7]) == (28, "")


@pytest.mark.parametrize(
    ("code", "items", "error", "field"),
    [
        ("phq9", [0] * 8, "wrong_count", "items"),
        ("phq9", [0] * 10, "wrong_count", "items"),
        ("phq9", [4] + [0] * 8, "item_out_of_range", "items.1"),
        ("phq9", [-1] + [0] * 8, "item_out_of_range", "items.1"),
        ("phq9", [1.0] + [0] * 8, "not_a_whole_number", "items.1"),
        ("phq9", ["1"] + [0] * 8, "not_a_whole_number", "items.1"),
        ("phq9", [True] + [0] * 8, "not_a_whole_number", "items.1"),
        ("madrs", [0] * 9 + [7], "item_out_of_range", "items.10"),
        ("hamd17", [0, 0, 0, 3] + [0] * 13, "item_out_of_range", "items.4"),
        ("hamd17", [0] * 15 + [4, 0], "item_out_of_range", "items.16"),
        ("bprs_pos4", [0, 1, 1, 1], "item_out_of_range", "items.conceptual_disorganisation"),
        ("cssrs_screener", [2, 0, 0, 0, 0, 0, 0], "item_out_of_range", "items.q1"),
    ],
)
def test_impossible_answers(code: str, items: list[Any], error: str, field: str) -> None:
    with pytest.raises(RuleError) as refused:
        score(defaults.scale(code), items)
    assert (refused.value.code, refused.value.field) == (error, field)


@pytest.mark.parametrize(
    ("code", "functional", "error"),
    [
        ("phq9", 4, "item_out_of_range"),
        ("phq9", -1, "item_out_of_range"),
        ("phq9", 1.5, "not_a_whole_number"),
        ("phq9", True, "not_a_whole_number"),
        ("gad7", 0, "item_out_of_range"),
    ],
)
def test_impossible_functional_answers(code: str, functional: Any, error: str) -> None:
    items = [0] * len(defaults.scale(code).items)
    with pytest.raises(RuleError) as refused:
        score(defaults.scale(code), items, functional=functional)
    assert (refused.value.code, refused.value.field) == (error, "functional")


@pytest.mark.parametrize(
    ("items", "meets"),
    [
        ([2, 2, 2, 2, 2, 0, 0, 0, 0], True),
        ([2, 2, 2, 2, 1, 0, 0, 0, 0], False),
        # Item 9 counts from 1, the others from 2.
        ([2, 2, 2, 2, 0, 0, 0, 0, 1], True),
        ([0, 0, 2, 2, 2, 2, 2, 2, 3], False),
        ([1, 2, 2, 2, 2, 2, 0, 0, 0], True),
        ([2, 2, 2, 2, 2, 0, 0, 0, None], None),
    ],
)
def test_major_syndrome(items: Items, meets: bool | None) -> None:
    assert meets_syndrome(defaults.scale("phq9"), items) is meets


def test_other_scales_define_no_syndrome() -> None:
    assert meets_syndrome(defaults.scale("gad7"), [3] * 7) is None
