"""Cases written from the text of the rules, before anybody looked at the code."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from courses.rules.contract import CASES
from courses.rules.verdict import judge
from tests.unit.courses.whole_cases import ANSWERS

VECTORS = json.loads(
    (Path(__file__).parent / "vectors" / "held_out.json").read_text(encoding="utf-8")
)["vectors"]


@pytest.mark.parametrize("case", VECTORS, ids=[case["id"] for case in VECTORS])
def test_held_out(case: dict[str, Any]) -> None:
    (found,) = judge([case])
    assert found.passed, found.got


def test_every_function_is_held_to_five_cases_at_least() -> None:
    count = Counter(case["fn"] for case in VECTORS)
    assert set(count) == set(CASES)
    assert min(count.values()) >= 5


def test_no_name_is_given_twice() -> None:
    assert len({case["id"] for case in VECTORS}) == len(VECTORS)


def test_every_case_says_which_rule_it_follows_and_expects_something() -> None:
    for case in VECTORS:
        assert case["rule"]
        assert case["confidence"] in {"seed", "lit", "expert"}
        assert case["expected"]
        assert set(case["expected"]) <= ANSWERS[case["fn"]] | {"error"}
