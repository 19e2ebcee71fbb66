"""The documents: which content stands where, state diagrams, the index."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from courses.management.commands.reference_docs import shipped
from courses.rules.reference_pages import Shipped, documents, is_generated, page_for
from courses.rules.scale_reference import scale_page
from courses.rules.state_diagrams import Machine, machine_lines

DOOR = Machine(
    title="Door",
    start="shut",
    moves={"shut": frozenset({"open"}), "open": frozenset({"gone", "shut"}), "gone": frozenset()},
    titles={"shut": "Shut", "open": "Wide open", "gone": "Taken away"},
)
HOURS = {"value": "9", "unit": "h", "source": "A", "confidence": "expert", "dated": "2026-11-23"}


def entry(kind: str, code: str, **more: object) -> dict[str, Any]:
    head = {"kind": kind, "code": code, "version": 1, "title": code.title()}
    return {**head, "released_on": "2026-11-23", **more}


def scale(**more: object) -> dict[str, Any]:
    items = [
        {"id": "1", "label": "Sleep", "min": 0, "max": 3},
        {"id": "2", "label": "Mood", "min": 0, "max": 3},
        {"id": "3", "label": "Pain", "min": 1, "max": 7},
    ]
    words = {"answers": ["Never", "Always"], "preamble": "How were you?"}
    return entry("scale", "mine", **{"items": items, "method": "sum", **words, **more})


def form_of(content: dict[str, Any]) -> dict[str, str]:
    form = scale_page(content).sections[0]
    assert form.title == "The form"
    return {row[0].text: row[1].text for row in form.rows}


def written(**more: Any) -> dict[str, str]:
    given = {"entries": [], "citations": {"A": "doi 10.1000/1"}, "machines": [DOOR], **more}
    return documents(Shipped(**given), {"api.md": "REST v1"})


def test_a_state_diagram_and_its_table() -> None:
    assert list(machine_lines(DOOR)) == [
        "## Door",
        "",
        "```mermaid",
        "stateDiagram-v2",
        "  shut: Shut",
        "  open: Wide open",
        "  gone: Taken away",
        "  [*] --> shut",
        "  shut --> open",
        "  open --> shut",
        "  open --> gone",
        "  gone --> [*]",
        "```",
        "",
        "| Status | Code | May become |",
        "| --- | --- | --- |",
        "| Shut | `shut` | Wide open |",
        "| Wide open | `open` | Shut, Taken away |",
        "| Taken away | `gone` | nothing: this is an end |",
        "",
    ]


def test_the_form_of_a_scale_counts_items_and_range() -> None:
    assert form_of(scale(licence="restricted")) == {
        "Items": "3",
        "Answers": "2 of 0 to 3; 1 of 1 to 7",
        "Total": "1 to 13",
        "Licence": "restricted: scores only, no wording",
    }
    domains = scale(method="domains", domains=[["1", "2"], ["3"]], licence="none yet")
    assert form_of(domains)["Total"] == "0 to 10: the highest answer of each of 2 domains"
    assert form_of(domains)["Licence"] == "none yet"
    screener = form_of(scale(method="cssrs_screener", items=scale()["items"][:2]))
    assert screener == {"Items": "2", "Answers": "0 to 3 each"}


@pytest.mark.parametrize("licence", ["restricted", "labels_only", "unheard of", ""])
def test_no_wording_is_shown_unless_the_licence_is_free(licence: str) -> None:
    words = str(scale_page(scale(licence=licence)))
    for wording in ("Sleep", "Mood", "Never", "How were you?"):
        assert wording not in words


def test_a_free_scale_shows_its_items() -> None:
    shown = scale_page(scale(licence="free"))
    items = next(section for section in shown.sections if section.title == "Items")
    assert [cell.text for cell in items.rows[2]] == ["3", "Pain", "1 to 7"]
    assert "How were you?" in str(shown)


def test_each_kind_has_its_page_and_nothing_is_left_out() -> None:
    told = {
        "protocols.md": entry("protocol", "standard"),
        "gate.md": entry("course_rule", "gate"),
        "session-monitoring.md": entry("course_rule", "session_monitoring"),
        "response.md": entry("course_rule", "response"),
        "scales.md": scale(),
        "liver.md": entry("grading", "ctcae"),
        "urinary.md": entry("urinary", "levels"),
        "due-dates.md": entry("requirement", "uds"),
        "benchmarks.md": entry("reference", "trial"),
        "other.md": entry("rumour", "heard"),
    }
    pages = written(entries=list(told.values()))
    for name, content in told.items():
        heading = f"\n## {content['title']}\n\n`{content['kind']}/{content['code']}`, version 1"
        assert [n for n, text in pages.items() if heading in text] == [name]
    assert set(pages) == {*told, "README.md", "settings.md", "sources.md", "states.md"}
    assert all(is_generated(text) for text in pages.values())


def test_without_content_there_is_no_empty_page() -> None:
    assert set(written()) == {"README.md", "settings.md", "sources.md", "states.md"}


def test_the_index_leads_to_every_page() -> None:
    lines = written(entries=[entry("urinary", "levels")])["README.md"].splitlines()
    assert [line for line in lines if line.startswith(("-", "##"))] == [
        "## Rules and sources",
        "- [Urinary checks](urinary.md)",
        "- [What a site may set](settings.md)",
        "- [States and moves](states.md)",
        "- [Sources](sources.md)",
        "## Using the product",
        "- [REST v1](api.md)",
    ]


def test_settings_name_default_bounds_and_path() -> None:
    call = {"choice": "wait", "among": ["wait", "go"], "confidence": "expert", "source": "A"}
    window = {"late_hours": {**HOURS, "between": ["2", "12"]}, "then": call}
    text = written(entries=[entry("units", "day", window=window)])["settings.md"]
    assert "## Day (`units:day`)" in text
    row = "| Window: late | 9 hours | 2 to 12 hours | window.late\\_hours | A | 2026-11-23 |"
    assert row in text
    assert "| Window: then | wait | wait or go | window.then | A |  |" in text


def test_what_falls_due_is_one_line_each() -> None:
    days, doses = {**HOURS, "value": "28", "unit": "d"}, {**HOURS, "unit": "infusions"}
    uds = entry(
        "requirement",
        "uds",
        trigger="after_first",
        blocks_when="never",
        acute={"period_days": days, "period_infusions": doses},
        window={"grace_days": {**HOURS, "value": "1", "unit": "d"}},
        first="soon",
    )
    bare = entry("requirement", "bare", window="none")
    lines = written(entries=[uds, bare])["due-dates.md"].splitlines()
    assert "| Uds | after first | 28 days or 9 infusions | 1 day | never |" in lines
    assert "| Bare |  |  |  |  |" in lines


def test_an_overview_of_nothing_is_left_out() -> None:
    text = written(entries=[entry("reminders", "steps", late=HOURS)])["due-dates.md"]
    assert "At a glance" not in text
    assert "|  |" not in text


def test_the_ledger_of_numbers_is_a_page_once_it_is_there() -> None:
    row = {"number": "0.5", "unit": "mg/kg", "rule": "A1", "paths": ["a b", "c d"]}
    text = written(ledger=[row])["numbers.md"]
    assert "| Number | Unit | Rule | Paths |" in text
    assert "| 0.5 | mg/kg | A1 | a b, c d |" in text


def test_sources_say_how_often_they_are_cited() -> None:
    pages = written(
        entries=[entry("units", "day", late=HOURS), entry("units", "night", late=HOURS)]
    )
    assert "| A | doi 10.1000/1 | 2 |" in pages["sources.md"]
    assert "| A | doi 10.1000/1 |" in pages["other.md"]


def test_every_shipped_number_stands_in_the_pages() -> None:
    """A table that drops a row would be believed; so every leaf is looked for."""
    for content in shipped().entries:
        shown = [cell.text for s in page_for(content).sections for row in s.rows for cell in row]
        for leaf in leaves(content):
            value = leaf.get("value", leaf.get("choice"))
            words = ", ".join(value) if isinstance(value, list) else str(value).replace("_", " ")
            assert any(words in text for text in shown), (content["code"], leaf)


def leaves(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, dict):
        if "value" in value or "choice" in value:
            return [value]
        return [leaf for one in value.values() for leaf in leaves(one)]
    return [leaf for one in value for leaf in leaves(one)] if isinstance(value, list) else []


def run(folder: Path, *arguments: str) -> None:
    call_command("reference_docs", *arguments, folder=folder)


def test_the_command_writes_what_the_check_then_accepts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "docs"
    run(folder)
    run(folder, "--check")
    assert "pages are as the content says." in capsys.readouterr().out
    first = {file.name: file.read_bytes() for file in folder.iterdir()}
    run(folder)
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == first


def test_the_check_names_what_differs_is_missing_or_left_over(tmp_path: Path) -> None:
    run(tmp_path)
    gate = tmp_path / "gate.md"
    gate.write_text(gate.read_text(encoding="utf-8") + "Mine.\n", encoding="utf-8")
    (tmp_path / "liver.md").rename(tmp_path / "kidney.md")
    with pytest.raises(CommandError) as refused:
        run(tmp_path, "--check")
    assert str(refused.value).splitlines() == [
        "gate.md: differs from the content.",
        "liver.md: is missing.",
        "kidney.md: is left over.",
        "Run manage.py reference_docs.",
    ]
    run(tmp_path)
    run(tmp_path, "--check")
    assert not (tmp_path / "kidney.md").exists()


def test_hand_written_pages_stay_and_stand_in_the_index(tmp_path: Path) -> None:
    mine = tmp_path / "mine.md"
    mine.write_text("# Mine own\n\nWords.\n", encoding="utf-8")
    (tmp_path / "bare.md").write_text("no heading", encoding="utf-8")
    run(tmp_path)
    index = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "- [bare.md](bare.md)\n- [Mine own](mine.md)\n" in index
    assert mine.read_text(encoding="utf-8") == "# Mine own\n\nWords.\n"


def test_broken_content_is_refused_with_file_and_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text('code = "x"\n', encoding="utf-8")
    monkeypatch.setattr(
        "courses.management.commands.reference_docs.catalogue_files", lambda folder: [broken]
    )
    with pytest.raises(CommandError, match=r"^broken\.toml, line 1: “kind” is missing\.$"):
        run(tmp_path, "--check")


def test_the_ledger_comes_along_and_is_no_content_itself() -> None:
    found = shipped()
    assert found.ledger[0]["paths"] == [
        "protocols/trd_standard dose.min_mg_per_kg",
        "protocols/trd_standard dose.max_mg_per_kg",
    ]
    assert all("numbers" not in entry for entry in found.entries)


def test_nothing_moves_to_a_status_that_has_no_title() -> None:
    for machine in shipped().machines:
        assert set(machine.moves) == set(machine.titles)
        assert set().union(*machine.moves.values()) <= set(machine.moves)
