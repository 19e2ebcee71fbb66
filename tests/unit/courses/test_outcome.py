"""One score against the baseline (E8)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic.rules.errors import RuleError
from courses.rules import defaults
from courses.rules.outcome import classify, meets_mcid


@pytest.mark.parametrize(
    ("code", "baseline", "current", "percent", "category", "remission"),
    [
        ("phq9", 18, 4, "77.8", "response", True),
        ("phq9", 18, 5, "72.2", "response", False),
        ("phq9", 18, 9, "50.0", "response", False),
        ("phq9", 18, 10, "44.4", "partial", False),
        ("phq9", 20, 15, "25.0", "partial", False),
        ("phq9", 20, 16, "20.0", "none", False),
        ("phq9", 20, 20, "0.0", "none", False),
        ("phq9", 20, 21, "-5.0", "worse", False),
        # An odd baseline: one point short of half is not a response.
        ("phq9", 15, 8, "46.7", "partial", False),
        ("phq9", 15, 7, "53.3", "response", False),
        # Remission is the cut-off alone.
        ("phq9", 5, 4, "20.0", "none", True),
        ("phq9", 0, 3, None, None, True),
        ("phq9", 0, 9, None, None, False),
        ("madrs", 32, 10, "68.8", "response", True),
        ("madrs", 32, 11, "65.6", "response", False),
        ("madrs", 32, 25, "21.9", "none", False),
        ("hamd17", 22, 7, "68.2", "response", True),
        ("hamd17", 22, 8, "63.6", "response", False),
        ("qids_sr16", 16, 5, "68.8", "response", True),
        ("qids_sr16", 16, 6, "62.5", "response", False),
        # No response is defined on this one.
        ("gad7", 16, 4, None, None, False),
    ],
)
def test_classify(
    code: str,
    baseline: int,
    current: int,
    percent: str | None,
    category: str | None,
    remission: bool,
) -> None:
    found = classify(defaults.scale(code), baseline=baseline, current=current)
    assert found.percent == (None if percent is None else Decimal(percent))
    assert (found.category, found.remission) == (category, remission)


@given(st.integers(1, 60), st.integers(0, 60))
def test_response_is_half_or_better_in_whole_numbers(baseline: int, current: int) -> None:
    found = classify(defaults.scale("madrs"), baseline=baseline, current=current)
    assert (found.category == "response") is (2 * (baseline - current) >= baseline)
    assert (found.category == "worse") is (current > baseline)


@pytest.mark.parametrize(
    ("code", "baseline", "current", "expected"),
    [
        ("phq9", 15, 10, (5, True)),
        ("phq9", 15, 11, (4, False)),
        ("phq9", 10, 15, (-5, False)),
        ("madrs", 30, 10, (20, None)),
    ],
)
def test_what_a_patient_would_notice(
    code: str, baseline: int, current: int, expected: tuple[int, bool | None]
) -> None:
    found = meets_mcid(defaults.scale(code), baseline=baseline, current=current)
    assert found == expected


@pytest.mark.parametrize("question", [classify, meets_mcid])
@pytest.mark.parametrize(
    ("baseline", "current", "code", "field"),
    [
        (28, 4, "item_out_of_range", "baseline"),
        (-1, 4, "item_out_of_range", "baseline"),
        (18, 28, "item_out_of_range", "current"),
        (18, 4.5, "not_a_whole_number", "current"),
        ("18", 4, "not_a_whole_number", "baseline"),
        (True, 4, "not_a_whole_number", "baseline"),
    ],
)
def test_what_is_no_total_of_the_scale(
    question: Any, baseline: Any, current: Any, code: str, field: str
) -> None:
    with pytest.raises(RuleError) as refused:
        question(defaults.scale("phq9"), baseline=baseline, current=current)
    assert (refused.value.code, refused.value.field) == (code, field)
