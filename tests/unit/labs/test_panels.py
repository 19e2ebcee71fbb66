"""What a liver panel needs before it counts."""

from __future__ import annotations

import pytest

from labs.rules import defaults
from labs.rules.panels import is_complete_liver_panel, missing_from_liver_panel


@pytest.mark.parametrize(
    ("present", "missing"),
    [
        (["ALT", "AST", "ALP", "GGT", "TBILI", "DBILI", "ALB"], ()),
        (["ALT", "ALP", "GGT", "TBILI"], ()),
        (["ALT", "AST", "ALP", "TBILI", "ALB"], ("GGT",)),
        (["ALT", "AST", "GGT", "TBILI"], ("ALP",)),
        (["ALP", "GGT"], ("ALT", "TBILI")),
        ([], ("ALP", "ALT", "GGT", "TBILI")),
    ],
)
def test_complete_panel(present: list[str], missing: tuple[str, ...]) -> None:
    assert missing_from_liver_panel(defaults.analytes(), present) == missing
    assert is_complete_liver_panel(defaults.analytes(), present) is (not missing)
