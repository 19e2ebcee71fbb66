"""The clinical content that ships with the application, read once."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Final

from clinic.rules.content import Content, text_at
from labs.rules.analytes import Analyte, Units, parse_analyte, parse_units
from labs.rules.grading import GradingTable, parse_grading
from labs.rules.gu import UrinaryRules, parse_urinary
from labs.rules.liver import LiverRules, parse_liver
from labs.rules.reminders import ReminderPolicy, parse_reminders
from labs.rules.requirement_rules import RequirementRule, parse_requirement

CATALOGUE: Final = Path(__file__).resolve().parent.parent / "catalogue"


@cache
def analytes() -> tuple[Analyte, ...]:
    return tuple(
        parse_analyte(text_at(content, "code"), text_at(content, "title"), content)
        for content in _folder("analytes")
    )


@cache
def general_units() -> tuple[Units, ...]:
    return tuple(parse_units(content) for content in _folder("units"))


@cache
def grading() -> GradingTable:
    return parse_grading(_file("grading/ctcae5.toml"))


@cache
def liver() -> LiverRules:
    return parse_liver(_file("liver/pattern_actions.toml"))


@cache
def urinary() -> UrinaryRules:
    return parse_urinary(_file("urinary/levels.toml"))


@cache
def requirements() -> tuple[RequirementRule, ...]:
    return tuple(
        parse_requirement(text_at(content, "code"), text_at(content, "title"), content)
        for content in _folder("requirements")
    )


@cache
def reminders() -> ReminderPolicy:
    return parse_reminders(_file("reminders/steps.toml"))


def _file(name: str) -> Content:
    return tomllib.loads((CATALOGUE / name).read_text(encoding="utf-8"))


def _folder(name: str) -> tuple[Content, ...]:
    files = sorted((CATALOGUE / name).glob("*.toml"))
    return tuple(_file(f"{name}/{file.name}") for file in files)
