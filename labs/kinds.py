"""Clinical content of the laboratory side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from clinic.kinds import Kind
from labs.models import Analyte, LabRule, RequirementRule
from labs.rules.analytes import parse_units, read_analyte
from labs.rules.grading import parse_grading
from labs.rules.gu import parse_urinary
from labs.rules.liver import parse_liver
from labs.rules.reminders import parse_reminders
from labs.rules.requirement_rules import read_requirement

KINDS: Final[Mapping[str, Kind]] = {
    "analyte": Kind("Analyte", Analyte, read_analyte),
    "units": Kind("Units", LabRule, parse_units),
    "grading": Kind("Grades of results", LabRule, parse_grading),
    "liver": Kind("Liver pattern and actions", LabRule, parse_liver),
    "urinary": Kind("Urinary symptoms", LabRule, parse_urinary),
    "reminders": Kind("Reminders", LabRule, parse_reminders),
    "requirement": Kind("What falls due", RequirementRule, read_requirement),
}
