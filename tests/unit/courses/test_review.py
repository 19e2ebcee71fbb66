"""What to consider when a course does not help enough (B5)."""

from __future__ import annotations

import pytest

from clinic.rules.errors import RuleError
from courses.rules.review import advise, parse_review
from tests.unit.courses.shipped import content, number

RULES = parse_review(content("rules/response"))


@pytest.mark.parametrize(
    ("infusions", "current", "advice"),
    [
        (2, 20, "nothing"),
        (3, 17, "review_dose_and_diagnosis"),
        (3, 16, "nothing"),
        (5, 25, "review_dose_and_diagnosis"),
        (6, 16, "recommend_stop"),
        (6, 15, "may_extend"),
        (6, 11, "may_extend"),
        (6, 10, "finish_or_taper"),
        (9, 16, "recommend_stop"),
        (6, 25, "recommend_stop"),
    ],
)
def test_advice_from_a_baseline_of_20(infusions: int, current: int, advice: str) -> None:
    assert advise(infusions=infusions, baseline=20, current=current, rules=RULES) == advice


def test_without_a_baseline_above_zero_there_is_no_advice() -> None:
    assert advise(infusions=6, baseline=0, current=5, rules=RULES) == "nothing"


@pytest.mark.parametrize(
    ("key", "value", "field"),
    [
        ("early_after", "6", "review.decide_after"),
        ("stop_below_percent", "51", "review.finish_from_percent"),
    ],
)
def test_numbers_out_of_order(key: str, value: str, field: str) -> None:
    changed = content("rules/response")
    changed["review"][key] = number(value)
    with pytest.raises(RuleError) as refused:
        parse_review(changed)
    assert (refused.value.code, refused.value.field) == ("impossible_range", field)
