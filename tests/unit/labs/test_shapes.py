"""Every piece of content that ships has its shape, and no shape knows a key that nothing uses."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from clinic.rules.catalogue import catalogue_files
from clinic.rules.errors import RuleError
from clinic.rules.shape import Shape, require_shape
from labs.rules import shapes
from tests.unit.shape_keys import keys, used

CATALOGUE = Path(__file__).resolve().parents[3] / "labs" / "catalogue"
FILES = catalogue_files(CATALOGUE)
SHAPES: Final[Mapping[str, Shape]] = {
    "analyte": shapes.ANALYTE,
    "units": shapes.UNITS,
    "grading": shapes.GRADING,
    "liver": shapes.LIVER,
    "urinary": shapes.URINARY,
    "reminders": shapes.REMINDERS,
    "requirement": shapes.REQUIREMENT,
}


def told(file: Path) -> dict[str, Any]:
    return tomllib.loads(file.read_text(encoding="utf-8"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_shipped_content_has_its_shape(file: Path) -> None:
    content = told(file)
    require_shape(content, SHAPES[content["kind"]])


@pytest.mark.parametrize("kind", SHAPES)
def test_every_key_of_a_shape_is_used(kind: str) -> None:
    found = {key for file in FILES if told(file)["kind"] == kind for key in used(told(file))}
    assert not set(keys(SHAPES[kind])) - found


@pytest.mark.parametrize(
    ("name", "around", "key", "field"),
    [
        ("requirements/lft_periodic", "acute", "period_day", "acute.period_day"),
        ("grading/ctcae5", "analytes.ALT", "grade_5_above", "analytes.ALT.grade_5_above"),
        ("liver/pattern_actions", "hys_law", "alp_above", "hys_law.alp_above"),
        ("analytes/alt", "plausible", "usual", "plausible.usual"),
    ],
)
def test_a_slip_of_the_pen_is_no_key(name: str, around: str, key: str, field: str) -> None:
    content = told(CATALOGUE / f"{name}.toml")
    table = content
    for part in around.split("."):
        table = table[part]
    table[key] = {"value": "1", "unit": "d"}
    with pytest.raises(RuleError) as refused:
        require_shape(content, SHAPES[content["kind"]])
    assert (refused.value.code, refused.value.field) == ("unknown_key", field)


def test_days_cannot_become_weeks() -> None:
    content = told(CATALOGUE / "requirements" / "lft_periodic.toml")
    content["acute"]["period_days"]["unit"] = "wk"
    with pytest.raises(RuleError, match=r"“acute\.period_days” is in wk, not in d"):
        require_shape(content, shapes.REQUIREMENT)
