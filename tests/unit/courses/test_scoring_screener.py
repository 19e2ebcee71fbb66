"""The suicide risk screener: what opens what, and what is certain before it is whole (E6)."""

from __future__ import annotations

import pytest

from courses.rules import defaults
from courses.rules.scoring import Incomplete, Score, score

Items = list[int | None]
YES, NO, OPEN = 1, 0, None


@pytest.mark.parametrize(
    ("items", "risk", "level"),
    [
        ([NO, NO, OPEN, OPEN, OPEN, NO, OPEN], "none", None),
        ([YES, NO, OPEN, OPEN, OPEN, NO, OPEN], "low", None),
        ([YES, YES, NO, NO, NO, NO, OPEN], "low", None),
        ([NO, YES, YES, NO, NO, NO, OPEN], "moderate", "same_day"),
        ([NO, NO, OPEN, OPEN, OPEN, YES, NO], "moderate", "same_day"),
        ([NO, NO, OPEN, OPEN, OPEN, YES, YES], "high", "immediate"),
        ([YES, YES, NO, YES, NO, NO, OPEN], "high", "immediate"),
        ([YES, YES, NO, NO, YES, NO, OPEN], "high", "immediate"),
        # Answers that contradict each other are taken at their gravest.
        ([NO, NO, OPEN, YES, OPEN, NO, OPEN], "high", "immediate"),
        ([NO, NO, OPEN, OPEN, OPEN, NO, YES], "high", "immediate"),
        ([False, False, OPEN, OPEN, OPEN, True, False], "moderate", "same_day"),
    ],
)
def test_suicide_risk(items: Items, risk: str, level: str | None) -> None:
    found = score(defaults.scale("cssrs_screener"), items)
    assert isinstance(found, Score)
    assert (found.total, found.band) == (None, risk)
    assert [alert.level for alert in found.alerts] == ([level] if level else [])


@pytest.mark.parametrize(
    ("items", "open_", "levels"),
    [
        ([YES, YES, OPEN, NO, NO, NO, OPEN], ("q3",), []),
        ([YES, YES, OPEN, OPEN, OPEN, NO, OPEN], ("q3", "q4", "q5"), []),
        ([OPEN, NO, OPEN, OPEN, OPEN, NO, OPEN], ("q1",), []),
        ([NO, OPEN, OPEN, OPEN, OPEN, NO, OPEN], ("q2",), []),
        ([NO, NO, OPEN, OPEN, OPEN, OPEN, OPEN], ("q6_lifetime",), []),
        ([NO, NO, OPEN, OPEN, OPEN, YES, OPEN], ("q6_3months",), ["same_day"]),
        ([YES, YES, YES, OPEN, OPEN, NO, OPEN], ("q4", "q5"), ["same_day"]),
        ([YES, YES, OPEN, YES, OPEN, NO, OPEN], ("q3", "q5"), ["immediate"]),
    ],
)
def test_a_risk_that_is_certain_is_told_before_the_form_is_whole(
    items: Items, open_: tuple[str, ...], levels: list[str]
) -> None:
    found = score(defaults.scale("cssrs_screener"), items)
    assert isinstance(found, Incomplete)
    assert found.missing == open_
    assert [alert.level for alert in found.alerts] == levels
