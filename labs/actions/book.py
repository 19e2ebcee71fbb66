"""The clinical content by which results are judged, read once for as many results as follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from clinic.queries import current
from labs.models import Analyte, LabRule
from labs.rules import analytes as rules
from labs.rules.grading import GradingTable, parse_grading
from labs.rules.liver import LiverRules, parse_liver

GRADING: Final = "ctcae5"
LIVER: Final = "pattern_actions"
_READ_AS_OURS: Final = frozenset({"", rules.LOINC, "LN", "LOINC"})


@dataclass(frozen=True, slots=True)
class Monitored:
    """An analyte that a rule knows: its row, and the same as plain data."""

    row: Analyte
    rule: rules.Analyte


@dataclass(frozen=True, slots=True)
class Book:
    """Analytes by code, the grading table and the liver rules, newest versions."""

    analytes: Mapping[str, Monitored]
    grading: LabRule
    table: GradingTable
    liver: LiverRules

    def find(self, code: str, system: str) -> Monitored | None:
        """The analyte of a LOINC code, or of a name where no system says what the code is.

        A laboratory's own code list is never read as ours: its “ALB” may be of the urine.
        """
        if system not in _READ_AS_OURS:
            return None
        found = rules.find([known.rule for known in self.analytes.values()], code, system)
        return self.analytes[found.code] if found else None

    @property
    def plain(self) -> tuple[rules.Analyte, ...]:
        return tuple(known.rule for known in self.analytes.values())


def load_book() -> Book:
    """The newest version of everything. Raises NotFound while the catalogue is not loaded."""
    newest = Analyte.objects.order_by("code", "-version").distinct("code")
    grading = current(LabRule, GRADING)
    return Book(
        analytes={
            row.code: Monitored(row, rules.parse_analyte(row.code, row.title, row.content))
            for row in newest
        },
        grading=grading,
        table=parse_grading(grading.content),
        liver=parse_liver(current(LabRule, LIVER).content),
    )
