"""Where in a file a key stands, lists and lists of lists included."""

from __future__ import annotations

import tomllib

import pytest

from clinic.rules.catalogue_lines import line_at, lines_of_keys

TEXT = """code = "x"

[dose]
minutes = 40

[[bands]]
code = "none"
from = 0

[[bands]]
code = "mild"
from = 5

[[schedules]]
code = "a"

[[schedules.stages]]
code = "weekly"
times = 4

[[schedules.stages]]
code = "monthly"
times = 3

[[schedules]]
code = "b"

[[schedules.stages]]
code = "weekly"
times = 2

[sets]

[[sets.other]]
code = "high"
"""


def test_each_key_has_its_line() -> None:
    lines = lines_of_keys(TEXT)
    assert lines[("code",)] == 1
    assert lines[("dose", "minutes")] == 4
    assert lines[("bands", "1", "from")] == 12
    assert lines[("schedules", "0", "stages", "1", "times")] == 23
    assert lines[("schedules", "1", "stages", "0", "times")] == 30
    assert lines[("sets", "other", "0", "code")] == 35


@pytest.mark.parametrize(
    ("field", "line"),
    [
        ("code", 1),
        ("dose.minutes", 4),
        ("dose.hours", 3),
        ("bands.mild.from", 12),
        ("bands.mild.to", 10),
        ("bands.severe", 6),
        ("bands", 6),
        ("schedules.b.stages.weekly.times", 30),
        ("schedules.a.stages.monthly", 21),
        ("sets.other.high.code", 35),
        ("minutes", 4),
        ("nowhere", 1),
    ],
)
def test_a_field_as_a_rule_names_it(field: str, line: int) -> None:
    assert line_at(TEXT, tomllib.loads(TEXT), field) == line
