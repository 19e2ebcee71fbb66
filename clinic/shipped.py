"""The clinical content that ships, in the order in which it was written."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from django.apps import apps
from django.conf import settings

from clinic.citations import citations
from clinic.models.base import CatalogueRow
from clinic.rules.arrangement import arranged
from clinic.rules.catalogue import Entry, catalogue_files, read_entry
from clinic.rules.content import Content


def written_content(row: CatalogueRow) -> Content:
    """The row's content in the order of the file that ships under its code, where there is one."""
    kind = str(row.content.get("kind", ""))
    return arranged(row.content, _shipped().get((kind, row.code), {}))


@cache
def shipped_entries() -> tuple[Entry, ...]:
    """Every piece of content that ships. Raises CatalogueError for one that is not whole."""
    known = frozenset(citations())
    return tuple(read_entry(file, known) for file in _files())


def _files() -> Iterator[Path]:
    for path in settings.CATALOGUE_KINDS:
        app = apps.get_app_config(path.partition(".")[0])
        yield from catalogue_files(Path(app.path, "catalogue"))


@cache
def _shipped() -> Mapping[tuple[str, str], Content]:
    found: dict[tuple[str, str], Content] = {}
    for file in _files():
        content = tomllib.loads(file.read_text(encoding="utf-8"))
        found[str(content.get("kind", "")), str(content.get("code", ""))] = content
    return found
