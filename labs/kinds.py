"""Clinical content of the laboratory side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from clinic.kinds import Kind
from clinic.rules.content import Content, text_at
from labs.models import Analyte, LabRule, RequirementRule
from labs.rules.analytes import parse_analyte, parse_units
from labs.rules.grading import parse_grading
from labs.rules.gu import parse_urinary
from labs.rules.liver import parse_liver
from labs.rules.reminders import parse_reminders
from labs.rules.requirement_rules import parse_requirement


def _analyte(content: Content) -> object:
    return parse_analyte(text_at(content, "code"), text_at(content, "title"), content)


def _requirement(content: Content) -> object:
    return parse_requirement(text_at(content, "code"), text_at(content, "title"), content)


KINDS: Final[Mapping[str, Kind]] = {
    "analyte": Kind("Analyte", Analyte, _analyte),
    "units": Kind("Units", LabRule, parse_units),
    "grading": Kind("Grades of results", LabRule, parse_grading),
    "liver": Kind("Liver pattern and actions", LabRule, parse_liver),
    "urinary": Kind("Urinary symptoms", LabRule, parse_urinary),
    "reminders": Kind("Reminders", LabRule, parse_reminders),
    "requirement": Kind("What falls due", RequirementRule, _requirement),
}
