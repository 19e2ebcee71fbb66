"""The content that ships with the application, read once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from clinic.rules.catalogue import catalogue_files, read_entry, read_sources
from clinic.rules.errors import RuleError
from courses.rules import defaults
from tests.unit.courses.shipped import CATALOGUE

SOURCES = CATALOGUE.parents[1] / "clinic" / "catalogue" / "sources.toml"


def test_every_file_is_whole_and_named_for_its_code() -> None:
    known = read_sources(SOURCES)
    entries = {file: read_entry(file, known) for file in catalogue_files(CATALOGUE)}
    assert {(file.parent.name, entry.kind) for file, entry in entries.items()} == {
        ("protocols", "protocol"),
        ("scales", "scale"),
        ("rules", "course_rule"),
        ("reference", "reference"),
    }
    assert [file.name for file, entry in entries.items() if file.stem != entry.code] == []
    assert len(entries) == 7 + 9 + 6 + 13


def test_every_number_of_the_guideline_says_so() -> None:
    text = (CATALOGUE / "protocols" / "trd_standard.toml").read_text(encoding="utf-8")
    seeded = [line.split(" =")[0] for line in text.splitlines() if '"SEED"' in line]
    assert seeded == [
        "min_mg_per_kg",
        "max_mg_per_kg",
        "minutes",
        "per_week",
        "weeks_min",
        "weeks_max",
    ]


@pytest.mark.parametrize("code", ["nothing", "../rules/gate", "", "trd_standard.toml"])
def test_a_code_is_looked_for_and_not_opened(code: str) -> None:
    with pytest.raises(RuleError) as refused:
        defaults.protocol(code)
    assert (refused.value.code, refused.value.field) == ("unknown_code", "protocol")


def test_content_is_read_once() -> None:
    assert defaults.scale("madrs") is defaults.scale("madrs")


def test_the_standard_course_must_have_its_gaps(monkeypatch: pytest.MonkeyPatch) -> None:
    bare = replace(defaults.protocol("trd_standard"), gaps=None)
    monkeypatch.setattr(defaults, "protocol", lambda code: bare)
    with pytest.raises(RuleError, match="has no gaps"):
        defaults.course_gaps()


def test_stocks_and_diluents() -> None:
    rules = defaults.preparation()
    assert rules.diluents == ("SWFI", "NS", "D5W")
    assert rules.dilution_from_mg_per_ml == 100
    assert rules.min_diluent_ratio == 1
