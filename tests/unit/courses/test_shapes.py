"""Every piece of content that ships has its shape, and no shape knows a key that nothing uses."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from clinic.rules.catalogue import catalogue_files
from clinic.rules.errors import RuleError
from clinic.rules.shape import Shape, require_shape
from courses.rules import shapes
from tests.unit.courses.shipped import CATALOGUE, content
from tests.unit.shape_keys import keys, used

FILES = catalogue_files(CATALOGUE)
# Keys that a lead may use and the shipped content does not.
UNUSED = {"medications.indications"}


def shape_of(told: Mapping[str, Any]) -> Shape:
    by_kind = {
        "protocol": shapes.PROTOCOL,
        "scale": shapes.SCALE,
        "reference": shapes.REFERENCE,
    }
    return by_kind.get(told["kind"]) or shapes.COURSE_RULES[told["code"]]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_shipped_content_has_its_shape(file: Path) -> None:
    told = tomllib.loads(file.read_text(encoding="utf-8"))
    require_shape(told, shape_of(told))


@pytest.mark.parametrize("shape", [shapes.PROTOCOL, shapes.SCALE, *shapes.COURSE_RULES.values()])
def test_every_key_of_a_shape_is_used(shape: Shape) -> None:
    told = [tomllib.loads(file.read_text(encoding="utf-8")) for file in FILES]
    found = {key for one in told if shape_of(one) is shape for key in used(one)}
    assert set(keys(shape)) - found <= UNUSED


@pytest.mark.parametrize(
    ("name", "path", "wrong"),
    [
        ("protocols/trd_standard", "dose.minuets", "unknown_key"),
        ("scales/phq9", "remission", "unknown_key"),
        ("rules/gate", "blood_pressure.block_above_sbp", "unknown_key"),
        ("rules/response", "relapse.hamd", "unknown_key"),
    ],
)
def test_a_slip_of_the_pen_is_no_key(name: str, path: str, wrong: str) -> None:
    told = content(name)
    *around, last = path.split(".")
    table = told
    for part in around:
        table = table[part]
    table[last] = {"value": "1", "unit": "1"}
    with pytest.raises(RuleError) as refused:
        require_shape(told, shape_of(told))
    assert (refused.value.code, refused.value.field) == (wrong, path)


def test_minutes_cannot_become_hours() -> None:
    told = content("protocols/trd_standard")
    told["dose"]["minutes"]["unit"] = "h"
    with pytest.raises(RuleError, match=r"“dose\.minutes” is in h, not in min"):
        require_shape(told, shapes.PROTOCOL)
