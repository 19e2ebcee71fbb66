"""The clinical content by which results are judged, read once for as many results as follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from clinic.errors import NotFound
from clinic.queries_policies import InForce, site_policies
from clinic.rules.content import Content
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
    """Analytes by code, the grading table and the liver rules: newest versions, as they count."""

    analytes: Mapping[str, Monitored]
    grading: InForce[LabRule]
    table: GradingTable
    liver_content: Content
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


def load_book(*, site_id: UUID, on: date) -> Book:
    """What counts at the site on its day `on`. Raises NotFound while no catalogue is loaded."""
    policies = site_policies(site_id, on)
    found = policies.newest(LabRule, GRADING, LIVER)
    for code in (GRADING, LIVER):
        if code not in found:
            raise NotFound("unknown_code", f"There is no “{code}”. Run load_catalogue.", "code")
    return Book(
        analytes={
            code: Monitored(one.row, one.parsed(rules.read_analyte))
            for code, one in policies.newest(Analyte).items()
        },
        grading=found[GRADING],
        table=found[GRADING].parsed(parse_grading),
        liver_content=found[LIVER].content,
        liver=found[LIVER].parsed(parse_liver),
    )
