"""Clinical content of the laboratory side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from clinic.kinds import Kind, shaped
from labs.models import Analyte, LabRule, RequirementRule
from labs.rules import shapes
from labs.rules.analytes import parse_units, read_analyte
from labs.rules.grading import parse_grading
from labs.rules.gu import parse_urinary
from labs.rules.liver import parse_liver
from labs.rules.reminders import parse_reminders
from labs.rules.requirement_rules import read_requirement

KINDS: Final[Mapping[str, Kind]] = {
    "analyte": Kind("Analyte", Analyte, shaped(shapes.ANALYTE, read_analyte)),
    "units": Kind("Units", LabRule, shaped(shapes.UNITS, parse_units)),
    "grading": Kind("Grades of results", LabRule, shaped(shapes.GRADING, parse_grading)),
    "liver": Kind("Liver pattern and actions", LabRule, shaped(shapes.LIVER, parse_liver)),
    "urinary": Kind("Urinary symptoms", LabRule, shaped(shapes.URINARY, parse_urinary)),
    "reminders": Kind("Reminders", LabRule, shaped(shapes.REMINDERS, parse_reminders)),
    "requirement": Kind(
        "What falls due", RequirementRule, shaped(shapes.REQUIREMENT, read_requirement)
    ),
}
