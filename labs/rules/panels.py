"""When a liver panel says enough to count."""

from __future__ import annotations

from collections.abc import Iterable

from labs.rules.analytes import Analyte


def missing_from_liver_panel(
    analytes: Iterable[Analyte], present: Iterable[str]
) -> tuple[str, ...]:
    """Codes of the analytes that the panel still needs, in order; empty when it is complete.

    `present` are codes with a settled value. ALP and GGT are asked for by the seed.
    """
    there = frozenset(present)
    needed = {analyte.code for analyte in analytes if analyte.completes_liver_panel}
    return tuple(sorted(needed - there))


def is_complete_liver_panel(analytes: Iterable[Analyte], present: Iterable[str]) -> bool:
    """Whether the panel may serve as a baseline and move the clock."""
    return not missing_from_liver_panel(analytes, present)
