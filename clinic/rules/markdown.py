"""Reference tables as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from clinic.rules.reference import Page, Section


def page_lines(page: Page, level: int = 2) -> Iterator[str]:
    """A piece of content under a heading of `level`, its tables one level below."""
    yield from (f"{'#' * level} {page.title}", "")
    code = f"`{page.kind}/{page.code}`"
    yield from (f"{code}, version {page.version}, released on {page.released_on}.", "")
    for section in page.sections:
        yield from section_lines(section, level + 1)


def section_lines(section: Section, level: int) -> Iterator[str]:
    """One table under its heading; without a title only the table, without rows nothing."""
    if not section.rows:
        return
    if section.title:
        yield from (f"{'#' * level} {section.title}", "")
    rows = [[cell.text for cell in row] for row in section.rows]
    yield from (*table_lines(section.columns, rows), "")


def table_lines(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A table; what would end a cell is escaped."""
    yield _row(columns)
    yield _row(["---"] * len(columns))
    for row in rows:
        yield _row([cell_text(text) for text in row])


def source_lines(keys: Sequence[str], citations: Mapping[str, str], level: int) -> Iterator[str]:
    """What the cited keys stand for."""
    if keys:
        yield from (f"{'#' * level} Sources", "")
        rows = [(key, citations.get(key, "")) for key in sorted(keys)]
        yield from (*table_lines(("Key", "Stands for"), rows), "")


def cell_text(text: str) -> str:
    """Text that stays inside one cell and is read as it stands."""
    plain = " ".join(text.split())
    for sign in ("\\", "|", "*", "_", "<", "[", "`"):
        plain = plain.replace(sign, f"\\{sign}")
    return plain


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
