"""Rows of a list, and the row that a refusal names."""

from __future__ import annotations

import pytest

from clinic.rules.content import text_at
from clinic.rules.errors import RuleError
from clinic.rules.rows import each_at

CONTENT = {"bands": [{"code": "none", "title": "None"}, {"code": "mild"}, {"title": 7}]}


def test_each_row_is_read() -> None:
    assert each_at({"bands": CONTENT["bands"][:1]}, "bands", lambda row: row["title"]) == ("None",)
    assert each_at(CONTENT, "alerts", lambda row: row["title"]) == ()


@pytest.mark.parametrize(("keep", "field"), [(slice(2), "mild"), (slice(2, 3), "0")])
def test_a_refusal_names_its_row(keep: slice, field: str) -> None:
    with pytest.raises(RuleError) as refused:
        each_at({"bands": CONTENT["bands"][keep]}, "bands", lambda row: text_at(row, "title"))
    assert (refused.value.code, refused.value.field) == ("content_broken", f"bands.{field}.title")
    assert refused.value.message == "The clinical content “title” is not text."
