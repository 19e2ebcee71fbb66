"""Load the clinical content that ships beside the rules."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from clinic.actions.catalogue import load_entries
from clinic.errors import DomainError
from clinic.kinds import Kind, kinds
from clinic.models.base import CatalogueRow
from clinic.rules.catalogue import (
    CatalogueError,
    Entry,
    catalogue_files,
    read_entry,
    read_sources,
)
from clinic.rules.catalogue_lines import line_at
from clinic.rules.errors import RuleError


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
    return list(dict.fromkeys(kind.model for kind in kinds().values()))


def _read(folders: list[Path]) -> dict[type[CatalogueRow], list[Entry]]:
    """Every entry by its table, each read by the rule that will use it."""
    sources = read_sources(_catalogue_of("clinic") / "sources.toml")
    found: dict[type[CatalogueRow], list[Entry]] = defaultdict(list)
    for folder in folders:
        for file in catalogue_files(folder):
            entry = read_entry(file, sources)
            if entry.kind not in kinds():
                raise CatalogueError(file, 1, f"“{entry.kind}” is not a kind of content.")
            kind = kinds()[entry.kind]
            _try(file, entry, kind)
            found[kind.model].append(entry)
    return found


def _try(file: Path, entry: Entry, kind: Kind) -> None:
    try:
        kind.parse(entry.content)
    except RuleError as error:
        line = line_at(file.read_text(encoding="utf-8"), entry.content, error.field)
        raise CatalogueError(file, line, error.message) from None
