"""Every default that a site may set has bounds or choices, in every piece of content that ships."""

from __future__ import annotations

import tomllib
from decimal import Decimal
from pathlib import Path

import pytest

from clinic.rules.catalogue import catalogue_files
from clinic.rules.content import text_at
from clinic.rules.policy import overlay, settings_of
from courses.rules.dosing import parse_preparation
from courses.rules.gate_content import parse_gate
from courses.rules.maintenance import parse_maintenance
from courses.rules.protocols import parse_protocol
from courses.rules.response import parse_response
from courses.rules.scales import parse_scale
from courses.rules.session_monitoring import parse_monitoring
from courses.rules.session_safety import parse_safety
from labs.rules.analytes import read_analyte
from labs.rules.gu import parse_urinary
from labs.rules.liver import parse_liver
from labs.rules.reminders import parse_reminders
from labs.rules.requirement_rules import read_requirement
from tests.unit.courses.shipped import CATALOGUE

ROOT = CATALOGUE.parents[1]
FILES = [file for app in ("courses", "labs") for file in catalogue_files(ROOT / app / "catalogue")]
PARSERS = {
    "gate": parse_gate,
    "preparation": parse_preparation,
    "response": parse_response,
    "maintenance": parse_maintenance,
    "session_monitoring": parse_monitoring,
    "session_safety": parse_safety,
    "protocol": parse_protocol,
    "scale": parse_scale,
    "analyte": read_analyte,
    "urinary": parse_urinary,
    "liver": parse_liver,
    "reminders": parse_reminders,
    "requirement": read_requirement,
}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_open_value_says_what_it_may_be(file: Path) -> None:
    settings = settings_of(tomllib.loads(file.read_text(encoding="utf-8")))
    unbounded = [path for path, one in settings.items() if not one.between and not one.among]
    assert unbounded == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_rule_reads_each_value_at_both_ends_of_what_is_possible(file: Path) -> None:
    """One at a time; values that limit each other may refuse an end, with a code and a field."""
    content = tomllib.loads(file.read_text(encoding="utf-8"))
    kind, code = text_at(content, "kind"), text_at(content, "code")
    parse = PARSERS.get(code) or PARSERS.get(kind)
    refused = []
    for path, one in settings_of(content).items():
        assert parse is not None
        for text in (*one.among, *(str(bound) for bound in one.between)):
            whole = ", ".join([text] * one.count)
            try:
                parse(overlay(content, {path: whole}, version=1))
            except ValueError as error:
                refused.append((path, text, getattr(error, "code", "")))
    assert {found[2] for found in refused} <= {"impossible_range"}


def test_no_site_can_set_a_safety_limit_away() -> None:
    gate = settings_of(tomllib.loads((CATALOGUE / "rules" / "gate.toml").read_text("utf-8")))
    assert gate["blood_pressure.block_from_sbp"].between[1] == Decimal(180)
    assert gate["blood_pressure.block_from_dbp"].between[1] == Decimal(110)
    phq9 = settings_of(tomllib.loads((CATALOGUE / "scales" / "phq9.toml").read_text("utf-8")))
    assert phq9["alerts.9.at_least"].between == (Decimal(1), Decimal(1))
    assert "lft_baseline_missing" not in gate
