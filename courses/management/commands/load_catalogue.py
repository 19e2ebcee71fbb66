"""Load the clinical content that ships beside the rules."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from clinic.actions.catalogue import load_entries
from clinic.errors import DomainError
from clinic.models.base import CatalogueRow
from clinic.rules.catalogue import (
    CatalogueError,
    Entry,
    catalogue_files,
    read_entry,
    read_sources,
)
from clinic.rules.content import Content
from clinic.rules.errors import RuleError
from courses.models import CourseRule, Protocol, Scale
from courses.rules.discharge import parse_discharge
from courses.rules.dosing import parse_preparation
from courses.rules.gate_content import parse_gate
from courses.rules.in_session import parse_session_limits
from courses.rules.protocols import parse_protocol
from courses.rules.response import parse_response
from courses.rules.review import parse_review
from courses.rules.scales import parse_scale
from courses.rules.session_monitoring import parse_monitoring
from courses.rules.weight import parse_ideal_weight, parse_weight
from labs.models import Analyte, LabRule, RequirementRule
from labs.rules.analytes import parse_analyte, parse_units
from labs.rules.grading import parse_grading
from labs.rules.gu import parse_urinary
from labs.rules.liver import parse_liver
from labs.rules.reminders import parse_reminders
from labs.rules.requirement_rules import parse_requirement

Parse = Callable[[Entry], object]

COURSE_RULES: Final[Mapping[str, tuple[Callable[[Content], object], ...]]] = {
    "gate": (parse_gate, parse_weight),
    "preparation": (parse_preparation, parse_ideal_weight),
    "response": (parse_response, parse_review),
    "session_monitoring": (parse_monitoring, parse_session_limits, parse_discharge),
}


def _course_rule(entry: Entry) -> None:
    """Read by every rule that takes its numbers from there; one that nobody reads is a slip."""
    if entry.code not in COURSE_RULES:
        raise RuleError("rule_unknown", "code", f"No rule reads “{entry.code}”.")
    for parse in COURSE_RULES[entry.code]:
        parse(entry.content)


# Into which table each kind goes, and which rule reads it: what the rule refuses is not loaded.
KINDS: Final[Mapping[str, tuple[type[CatalogueRow], Parse]]] = {
    "analyte": (Analyte, lambda one: parse_analyte(one.code, one.title, one.content)),
    "units": (LabRule, lambda one: parse_units(one.content)),
    "grading": (LabRule, lambda one: parse_grading(one.content)),
    "liver": (LabRule, lambda one: parse_liver(one.content)),
    "urinary": (LabRule, lambda one: parse_urinary(one.content)),
    "reminders": (LabRule, lambda one: parse_reminders(one.content)),
    "requirement": (
        RequirementRule,
        lambda one: parse_requirement(one.code, one.title, one.content),
    ),
    "protocol": (Protocol, lambda one: parse_protocol(one.content)),
    "scale": (Scale, lambda one: parse_scale(one.content)),
    "course_rule": (CourseRule, _course_rule),
}


class Command(BaseCommand):
    help = "Load clinical content from the catalogue folders. Asking again changes nothing."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument(
            "--folder",
            action="append",
            type=Path,
            help="Read this folder instead of the shipped ones. May be given several times.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        folders = options["folder"] or [_catalogue_of("labs"), _catalogue_of("courses")]
        try:
            entries = _read(folders)
            with transaction.atomic():
                loaded = {
                    model: load_entries(model=model, entries=entries[model]) for model in _models()
                }
        except CatalogueError as error:
            raise CommandError(f"{error.file}, line {error.line}: {error.message}") from None
        except DomainError as error:
            raise CommandError(error.message) from None
        if options["verbosity"] > 0:
            for model, count in loaded.items():
                name = str(model._meta.verbose_name_plural).capitalize()
                self.stdout.write(f"{name}: {count.new} new, {count.unchanged} unchanged.")


def _catalogue_of(app: str) -> Path:
    return Path(apps.get_app_config(app).path, "catalogue")


def _models() -> list[type[CatalogueRow]]:
    return list(dict.fromkeys(model for model, _ in KINDS.values()))


def _read(folders: list[Path]) -> dict[type[CatalogueRow], list[Entry]]:
    """Every entry by its table, each read by the rule that will use it."""
    sources = read_sources(_catalogue_of("clinic") / "sources.toml")
    found: dict[type[CatalogueRow], list[Entry]] = defaultdict(list)
    for folder in folders:
        for file in catalogue_files(folder):
            entry = read_entry(file, sources)
            if entry.kind not in KINDS:
                raise CatalogueError(file, 1, f"“{entry.kind}” is not a kind of content.")
            model, parse = KINDS[entry.kind]
            _try(file, entry, parse)
            found[model].append(entry)
    return found


def _try(file: Path, entry: Entry, parse: Parse) -> None:
    try:
        parse(entry)
    except RuleError as error:
        raise CatalogueError(file, _line_of(file, error.field), error.message) from None


def _line_of(file: Path, path: str) -> int:
    """The line on which the last part of `path` stands; 1 where it is missing."""
    name = path.rpartition(".")[2]
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        if name and line.split("=")[0].strip() == name:
            return number
    return 1
