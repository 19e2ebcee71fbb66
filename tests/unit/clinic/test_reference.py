"""Clinical content as tables: nothing is lost, every number has its source beside it."""

from __future__ import annotations

import tomllib

from clinic.rules.markdown import cell_text, page_lines, source_lines, table_lines
from clinic.rules.reference import Cell, Page, Section, page_of, said

CONTENT = tomllib.loads(
    """
kind = "course_rule"
code = "gate"
version = 3
title = "Before a dose"
released_on = "2026-11-23"
routes = ["IV", "IM"]
orderable = false
need = "A plain sentence"
need_source = "SEED"
need_confidence = "seed"

[hold]
choice = "warn"
among = ["warn", "hold"]
source = "EXPERT"
confidence = "expert"
dated = "2026-11-20"

[window.grace_days]
value = "7"
unit = "d"
source = "EXPERT"
confidence = "expert"
dated = "2026-11-23"
between = ["1", "30"]

[hours]
from = "09:00"
source = "YALE"
confidence = "lit"
dated = "2026-11-22"

[hours.inner]
until = "19:00"

[[texts]]
code = "repeat_7d"
title = "Repeat"
holds_dose = true
[texts.repeat_days]
value = "7"
unit = "d"
source = "EXPERT"
confidence = "expert"
dated = "2026-11-23"

[[texts]]
code = "go_on"
title = "Go on"
source = "SINGH"
confidence = "lit"
"""
)
FROM = ("Source", "Confidence", "Dated")
SIGNED = "default to be signed off"
NEED = ("need", "need_source", "need_confidence")


def page() -> Page:
    return page_of(CONTENT)


def texts(page: Page, title: str) -> list[list[str]]:
    found = next(section for section in page.sections if section.title == title)
    return [list(found.columns), *([cell.text for cell in row] for row in found.rows)]


def test_the_page_says_what_it_is_and_what_it_cites() -> None:
    shown = page()
    assert (shown.kind, shown.code, shown.version) == ("course_rule", "gate", 3)
    assert (shown.title, shown.released_on) == ("Before a dose", "2026-11-23")
    assert shown.sources == ("SEED", "EXPERT", "YALE", "SINGH")
    titles = [section.title for section in shown.sections]
    assert titles == ["General", "Window", "Hours", "Hours: inner", "Texts"]


def test_values_stand_with_what_a_site_may_set_and_where_they_come_from() -> None:
    assert texts(page(), "General") == [
        ["What", "Value", "A site may set", "Source", "Confidence", "Dated"],
        ["Routes", "IV, IM", "", "", "", ""],
        ["May be booked", "no", "", "", "", ""],
        ["Why", "A plain sentence", "", "SEED", "guideline", ""],
        ["Hold", "warn", "warn or hold", "EXPERT", "default to be signed off", "2026-11-20"],
    ]
    assert texts(page(), "Window")[1] == [
        "Days of grace before it is overdue",
        "7 days",
        "1 to 30 days",
        "EXPERT",
        "default to be signed off",
        "2026-11-23",
    ]


def test_plain_values_have_the_source_of_the_nearest_table_around_them() -> None:
    assert texts(page(), "Hours")[1] == ["From", "09:00", "YALE", "published source", "2026-11-22"]
    inner = texts(page(), "Hours: inner")[1]
    assert inner == ["Until", "19:00", "YALE", "published source", "2026-11-22"]


def test_a_list_is_one_table_with_a_column_for_each_key() -> None:
    assert texts(page(), "Texts") == [
        ["Code", "Title", "Holds dose", "Repeat days", "A site may set", *FROM],
        ["repeat_7d", "Repeat", "yes", "7 days", "any number", "EXPERT", SIGNED, "2026-11-23"],
        ["go_on", "Go on", "", "", "", "SINGH", "published source", ""],
    ]


def test_what_a_special_table_tells_is_hidden_from_the_general_ones() -> None:
    shown = page_of(CONTENT, hidden=("texts", "hours", "window"))
    assert [section.title for section in shown.sections] == ["General"]


def test_nested_values_are_said_in_one_line() -> None:
    assert said([["1", "2"], ["3"]]) == "1, 2; 3"
    assert (
        said({"lowest": {"value": "1", "unit": "d"}, "note": "soon"}) == "lowest 1 day; note soon"
    )
    assert said([{"item": "9"}, {"item": "10"}]) == "item 9; item 10"
    assert said(4) == "4"


def test_rows_with_several_settings_name_each() -> None:
    row = {
        "code": "mild",
        "from": {"value": "7", "unit": "{score}", "confidence": "expert", "source": "A"},
        "to": {"value": "9", "unit": "{score}", "confidence": "expert", "source": "B"},
    }
    shown = page_of({"bands": [row]})
    assert [cell.text for cell in shown.sections[0].rows[0]] == [
        "mild",
        "7 points",
        "9 points",
        "from any number; to any number",
        "A, B",
        "default to be signed off",
    ]
    assert shown.sections[0].rows[0][1] == Cell("7 points", "bands.mild.from")


def test_markdown_keeps_every_sign_inside_its_cell() -> None:
    assert cell_text("a|b\nc_d *e* <f> [g] `h` \\") == (
        "a\\|b c\\_d \\*e\\* \\<f> \\[g] \\`h\\` \\\\"
    )
    assert list(table_lines(("One", "Two"), [("a", "b")])) == [
        "| One | Two |",
        "| --- | --- |",
        "| a | b |",
    ]


def test_a_page_in_markdown() -> None:
    lines = list(page_lines(page_of(CONTENT, hidden=("texts", "hours", "hold", *NEED))))
    assert lines == [
        "## Before a dose",
        "",
        "`course_rule/gate`, version 3, released on 2026-11-23.",
        "",
        "### General",
        "",
        "| What | Value |",
        "| --- | --- |",
        "| Routes | IV, IM |",
        "| May be booked | no |",
        "",
        "### Window",
        "",
        "| What | Value | A site may set | Source | Confidence | Dated |",
        "| --- | --- | --- | --- | --- | --- |",
        "| Days of grace before it is overdue | 7 days | 1 to 30 days | EXPERT |"
        " default to be signed off | 2026-11-23 |",
        "",
    ]


def test_sources_are_spelt_out_in_order_and_none_is_no_table() -> None:
    lines = list(source_lines(("YALE", "EXPERT"), {"EXPERT": "A default.", "YALE": "doi 1"}, 2))
    assert lines[2:] == [
        "| Key | Stands for |",
        "| --- | --- |",
        "| EXPERT | A default. |",
        "| YALE | doi 1 |",
        "",
    ]
    assert list(source_lines((), {}, 2)) == []


def test_each_cell_with_its_column() -> None:
    low, high = Cell("2"), Cell("4")
    section = Section("Gaps", ("Least", "Most"), ((low, high),))
    assert section.labelled_rows == ((("Least", low), ("Most", high)),)
