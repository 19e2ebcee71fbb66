"""The clinical content that ships with the application, read once."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Final

from clinic.rules.content import Content
from clinic.rules.errors import RuleError
from courses.rules.dosing import Preparation, parse_preparation
from courses.rules.gate_content import GateRules, parse_gate
from courses.rules.protocols import Gaps, Protocol, parse_protocol
from courses.rules.response import ResponseRules, parse_response
from courses.rules.scales import Scale, parse_scale
from courses.rules.session_monitoring import MonitoringRules, parse_monitoring
from courses.rules.weight import (
    IdealWeightRules,
    WeightRules,
    parse_ideal_weight,
    parse_weight,
)

CATALOGUE: Final = Path(__file__).resolve().parent.parent / "catalogue"


def _file(folder: str, code: str, field: str) -> Content:
    path = CATALOGUE / folder / f"{code}.toml"
    # The code is looked for among the files, so that it cannot name a path.
    if path not in CATALOGUE.glob(f"{folder}/*.toml"):
        raise RuleError("unknown_code", field, f"“{code}” is not in the catalogue.")
    return tomllib.loads(path.read_text(encoding="utf-8"))


@cache
def protocol(code: str) -> Protocol:
    return parse_protocol(_file("protocols", code, "protocol"))


def course_gaps() -> Gaps:
    """The limits between infusions of the standard course."""
    gaps = protocol("trd_standard").gaps
    if gaps is None:
        raise RuleError("content_broken", "gaps", "The standard course has no gaps.")
    return gaps


@cache
def scale(code: str) -> Scale:
    return parse_scale(_file("scales", code, "scale"))


@cache
def preparation() -> Preparation:
    return parse_preparation(_file("rules", "preparation", "rule"))


@cache
def ideal_weight() -> IdealWeightRules:
    return parse_ideal_weight(_file("rules", "preparation", "rule"))


@cache
def weight() -> WeightRules:
    return parse_weight(_file("rules", "gate", "rule"))


@cache
def gate() -> GateRules:
    return parse_gate(_file("rules", "gate", "rule"))


@cache
def monitoring() -> MonitoringRules:
    return parse_monitoring(_file("rules", "session_monitoring", "rule"))


@cache
def response() -> ResponseRules:
    return parse_response(_file("rules", "response", "rule"))
