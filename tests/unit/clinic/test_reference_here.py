"""What a site has set stands beside the value it replaces, in the same words."""

from __future__ import annotations

from clinic.rules.reference import page_of
from clinic.rules.reference_here import in_words, with_site_values

MARK = {"source": "EXPERT", "confidence": "expert", "dated": "2026-11-23"}
CONTENT = {
    "then": {"choice": "wait", "among": ["wait", "go_on"], **MARK},
    "window": {"grace_days": {"value": "7", "unit": "d", **MARK}},
    "gap_days": {"value": ["3", "4"], "unit": "d", **MARK},
    "fixed": {"value": "18", "unit": "a", **MARK, "confidence": "seed"},
    "texts": [{"code": "soon", "repeat_days": {"value": "7", "unit": "d", **MARK}}],
}
VALUES = {
    "then": "go_on",
    "window.grace_days": "1",
    "gap_days": "2, 5",
    "texts.soon.repeat_days": "5",
    # Neither open to a site, nor known at all.
    "fixed": "16",
    "gone": "9",
}


def test_values_are_said_as_the_content_says_its_own() -> None:
    assert in_words(CONTENT, VALUES) == {
        "then": "go on",
        "window.grace_days": "1 day",
        "gap_days": "2, 5 days",
        "texts.soon.repeat_days": "5 days",
    }
    assert in_words(CONTENT, {}) == {}


def test_each_stands_in_the_cell_of_the_value_it_replaces() -> None:
    page = with_site_values(page_of(CONTENT), in_words(CONTENT, VALUES))
    cells = [cell for section in page.sections for row in section.rows for cell in row]
    assert {cell.text: cell.here for cell in cells if cell.here} == {
        "wait": "go on",
        "3, 4 days": "2, 5 days",
        "7 days": "5 days",
    }
    assert [cell.here for cell in cells if cell.text == "7 days"] == ["1 day", "5 days"]


def test_where_nothing_is_set_the_page_stays() -> None:
    assert with_site_values(page_of(CONTENT), {}) == page_of(CONTENT)
