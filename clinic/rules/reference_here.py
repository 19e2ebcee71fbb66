"""What a site has set, beside the values of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from clinic.rules.content import Content
from clinic.rules.policy import LIST_SEPARATOR, Setting, settings_of
from clinic.rules.reference import Cell, Page
from clinic.rules.wording import quantity, spoken


def in_words(content: Content, values: Mapping[str, str]) -> dict[str, str]:
    """What a site has set, by path, said as `content` says its own; what it has not is left out."""
    return {
        path: _said_setting(setting, values[path])
        for path, setting in settings_of(content).items()
        if path in values
    }


def with_site_values(page: Page, values: Mapping[str, str]) -> Page:
    """The page with what a site has set, in words, beside each value."""
    sections = tuple(
        replace(section, rows=tuple(_with_here(row, values) for row in section.rows))
        for section in page.sections
    )
    return replace(page, sections=sections)


def _said_setting(setting: Setting, text: str) -> str:
    if setting.among:
        return spoken(text)
    return quantity([part.strip() for part in text.split(LIST_SEPARATOR)], setting.unit)


def _with_here(row: Sequence[Cell], values: Mapping[str, str]) -> tuple[Cell, ...]:
    return tuple(replace(cell, here=values.get(cell.path, "")) for cell in row)
