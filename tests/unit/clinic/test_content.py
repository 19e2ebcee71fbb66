"""Reading content says what is broken and where."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from clinic.rules.content import (
    Content,
    decimal_at,
    flag_at,
    optional_whole_at,
    origin_at,
    row_origin_at,
    rows_at,
    table_at,
    text_at,
    texts_at,
    whole_at,
)
from clinic.rules.errors import RuleError
from clinic.rules.reasons import Origin

CONTENT: Content = {
    "dose": {"value": "0.5", "unit": "mg/kg"},
    "window": {"soon": {"value": "7", "unit": "d"}},
    "name": "liver",
    "names": ["a", "b"],
    "on": True,
    "rows": [{"code": "x"}],
    "bad": {"value": "seven"},
    "mixed": ["a", 1],
}


def test_reading_what_is_there() -> None:
    assert decimal_at(CONTENT, "dose") == Decimal("0.5")
    assert whole_at(CONTENT, "window", "soon") == 7
    assert optional_whole_at(CONTENT, "window", "soon") == 7
    assert optional_whole_at(CONTENT, "window", "grace") is None
    assert text_at(CONTENT, "name") == "liver"
    assert texts_at(CONTENT, "names") == ("a", "b")
    assert flag_at(CONTENT, "on") is True
    assert rows_at(CONTENT, "rows") == [{"code": "x"}]
    assert rows_at(CONTENT, "no_rows") == []
    assert table_at(CONTENT, "nothing", "here") == {}


@pytest.mark.parametrize(
    ("read", "path"),
    [
        (decimal_at, ("missing",)),
        (decimal_at, ("bad",)),
        (decimal_at, ("name",)),
        (decimal_at, ("name", "below")),
        (whole_at, ("dose",)),
        (text_at, ("names",)),
        (text_at, ("window", "missing")),
        (texts_at, ("name",)),
        (texts_at, ("mixed",)),
        (flag_at, ("name",)),
        (rows_at, ("name",)),
        (rows_at, ("names",)),
    ],
)
def test_broken_content_is_named(read: Callable[..., Any], path: tuple[str, ...]) -> None:
    with pytest.raises(RuleError) as refusal:
        read(CONTENT, *path)
    assert refusal.value.code == "content_broken"
    assert refusal.value.field.split(".")[0] == path[0]


def test_a_choice_reads_as_what_was_chosen() -> None:
    content: Content = {
        "way": {"choice": "hold", "among": ["warn", "hold"]},
        "counts": {"choice": "yes", "among": ["yes", "no"]},
        "blocks": {"choice": "no", "among": ["yes", "no"]},
    }
    assert text_at(content, "way") == "hold"
    assert flag_at(content, "counts") is True
    assert flag_at(content, "blocks") is False
    with pytest.raises(RuleError, match="is neither true nor false"):
        flag_at(content, "way")


def test_where_a_number_comes_from() -> None:
    content: Content = {
        "code": "gate",
        "version": 2,
        "policy_version": 3,
        "dose": {"value": "1", "source": "SEED", "confidence": "seed"},
        "pain": {"source": "YALE", "confidence": "lit", "names": ["a"]},
        "rows": [{"code": "x", "source": "YALE", "confidence": "lit"}, {"code": "y"}],
    }
    assert origin_at(content, "dose") == Origin("SEED", "seed", "gate 2", 3)
    assert origin_at(content, "pain") == Origin("YALE", "lit", "gate 2", 3)
    assert origin_at(content, "nothing") == Origin("EXPERT", "expert", "gate 2", 3)
    assert row_origin_at(content, "rows", "code", "x") == Origin("YALE", "lit", "gate 2", 3)
    assert row_origin_at(content, "rows", "code", "y") == Origin("EXPERT", "expert", "gate 2", 3)
