"""Worked cases with one value spoilt: a typed refusal or a sound answer, never another error."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from courses.rules.contract import CASES
from tests.unit.courses.whole_cases import (
    ANSWERS,
    MAY_BE_NULL,
    MUST_BE_THERE,
    WHOLE,
    attempt,
)

NUMBERS: tuple[Any, ...] = (0, -1, 10**30, 1e308, float("nan"), float("inf"), -0.0, True, False)
TEXTS = (
    *("", "x", "NaN", "Infinity", "-Infinity", "1e400", "1e-300", "1_000", "٣", "0x1", "0", "-1"),
    *("2026-02-30", "0001-01-01", "9999-12-31", "9999-12-31T23:59:59Z", "2026-03-02T10:00"),
    *("10:00+05:00", "25:00", "../../etc/passwd", "\x00", "\ud800", "trd_standard", "mg/kg/h"),
)
LISTS: tuple[Any, ...] = ([], [None], [[]], [True], ["x"], [-1], [99], [0] * 40)
TABLES: tuple[Any, ...] = ({}, {"x": 1}, {"": 1}, {"urgency": "x"})
NONSENSE: tuple[Any, ...] = (None, *NUMBERS, *TEXTS, *LISTS, *TABLES)
KEYS = [(function, key) for function, whole in WHOLE.items() for key in whole]


def test_every_function_has_a_whole_case() -> None:
    assert set(WHOLE) == set(ANSWERS) == set(CASES)


@pytest.mark.parametrize("function", CASES)
def test_a_whole_case_is_answered(function: str) -> None:
    assert isinstance(attempt(function, WHOLE[function]), dict)


@pytest.mark.parametrize(("function", "key"), KEYS)
def test_nonsense_is_refused_as_such(function: str, key: str) -> None:
    for nonsense in NONSENSE:
        attempt(function, {**WHOLE[function], key: nonsense})


@pytest.mark.parametrize(("function", "key"), KEYS)
def test_what_is_missing_is_not_guessed(function: str, key: str) -> None:
    left = {name: value for name, value in WHOLE[function].items() if name != key}
    may_be_null = key in MAY_BE_NULL.get(function, set())
    may_be_absent = may_be_null and key not in MUST_BE_THERE.get(function, set())
    for case, allowed in ((left, may_be_absent), ({**WHOLE[function], key: None}, may_be_null)):
        found = attempt(function, case)
        if not allowed and (function, key) != ("unit.convert", "analyte"):
            assert isinstance(found, tuple), found


WRONG_KIND: tuple[Any, ...] = (True, [], {}, [1], {"x": 1})


@pytest.mark.parametrize(("function", "key"), KEYS)
def test_another_kind_of_value_is_no_value(function: str, key: str) -> None:
    """A yes where a number belongs, a table where text belongs: never read as something else."""
    sound = WHOLE[function][key]
    for other in WRONG_KIND:
        if isinstance(other, type(sound)) and other is not True:
            continue
        if isinstance(sound, bool) or (key in ("previous", "current") and other == {}):
            continue
        assert isinstance(attempt(function, {**WHOLE[function], key: other}), tuple), other


junk = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-5, 200)
    | st.floats()
    | st.decimals(allow_nan=True, allow_infinity=True).map(str)
    | st.text(max_size=12)
    | st.dates().map(str)
    | st.datetimes(timezones=st.none() | st.timezones()).map(lambda at: at.isoformat())
    | st.times().map(str)
    | st.sampled_from(["final", "IV", "positive", "mg/dL", "UTC", "dysuria", "deceased", "-0"]),
    lambda inner: (
        st.lists(inner, max_size=24) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=24,
)


@st.composite
def spoilt_cases(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """A whole case with one value replaced, taken away, or spoilt somewhere inside."""
    function = draw(st.sampled_from(sorted(WHOLE)))
    case = deepcopy(WHOLE[function])
    place: Any = case
    key: Any = draw(st.sampled_from(sorted(case)))
    while isinstance(place[key], list | dict) and place[key] and draw(st.booleans()):
        place = place[key]
        inner = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = draw(st.sampled_from(inner))
    if draw(st.booleans()):
        place[key] = draw(junk)
    else:
        del place[key]
    return function, case


@settings(max_examples=2000, deadline=None)
@given(spoilt=spoilt_cases())
def test_no_spoilt_case_ends_in_another_error(spoilt: tuple[str, dict[str, Any]]) -> None:
    attempt(*spoilt)


@settings(max_examples=500, deadline=None)
@given(
    function=st.sampled_from(sorted(WHOLE)),
    case=st.dictionaries(st.text(max_size=8), junk, max_size=4),
)
def test_a_case_of_other_keys_is_refused(function: str, case: dict[str, Any]) -> None:
    attempt(function, case)
