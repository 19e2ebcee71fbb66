"""Clinical content as tables that people read: the same for the documents and for the pages.

Every piece of content becomes sections, every section one table. A cell that shows a value which a
site may set knows the path of that value, so that a page can put the site's own beside it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from clinic.rules.catalogue import HEADER
from clinic.rules.content import Content
from clinic.rules.policy import SEPARATOR, Setting, row_name, settings_of
from clinic.rules.reasons import EXPERT, LIT, SEED
from clinic.rules.wording import (
    NO,
    YES,
    bounds_of,
    confidence_words,
    label_of,
    path_label,
    quantity,
    spoken,
)

PROVENANCE: Final = ("source", "confidence", "dated")
CODES: Final = ("code", "id", "cycle")
WHAT, VALUE, SETTABLE = "What", "Value", "A site may set"
SOURCE, CONFIDENCE, DATED = "Source", "Confidence", "Dated"
PROVENANCE_COLUMNS: Final = (SETTABLE, SOURCE, CONFIDENCE, DATED)

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """`path`: the value shown, where a site may set it. `here`: what the site has set."""

    text: str = ""
    path: str = ""
    here: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """One table; every row has as many cells as there are columns."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    @property
    def labelled_rows(self) -> tuple[tuple[tuple[str, Cell], ...], ...]:
        """The rows, each cell with its column: where there is no room for columns."""
        return tuple(tuple(zip(self.columns, row, strict=True)) for row in self.rows)


@dataclass(frozen=True, slots=True)
class Page:
    """One version of a piece of content; `sources` are the keys it cites, in their order.

    `marks`: how many numbers and choices it has of each confidence.
    """

    kind: str
    code: str
    version: int
    title: str
    released_on: str
    sections: tuple[Section, ...]
    sources: tuple[str, ...]
    marks: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class _Origin:
    """Source, confidence and date of a row; where several are told, each once."""

    source: str = ""
    confidence: str = ""
    dated: str = ""

    def cells(self) -> tuple[Cell, Cell, Cell]:
        words = (confidence_words(one) for one in self.confidence.split(", "))
        return Cell(self.source), Cell(", ".join(words)), Cell(self.dated)


Special = Callable[[Content], Iterator[Section]]


def page_of(content: Content, special: Special | None = None, hidden: Sequence[str] = ()) -> Page:
    """`content` as tables. `special` draws first what a general table would tell badly; the keys
    `hidden` at the top are left out of the general ones."""
    shown = {key: value for key, value in content.items() if key not in {*HEADER, *hidden}}
    settings = settings_of(content)
    drawn = (*(special(content) if special else ()), *_sections(shown, (), _Origin(), settings))
    return Page(
        kind=str(content.get("kind", "")),
        code=str(content.get("code", "")),
        version=cast("int", content.get("version", 0)),
        title=str(content.get("title", "")),
        released_on=str(content.get("released_on", "")),
        sections=drawn,
        sources=tuple(dict.fromkeys(_sources(content))),
        marks=_marks(content),
    )


def grid(rows: Sequence[Content], title: str, path: Path = ()) -> Section:
    """A list of tables as one table: a column for each key that any row has."""
    keys = dict.fromkeys(key for row in rows for key in row if not _is_provenance(key, row))
    drawn = [_grid_row(row, tuple(keys), (*path, row_name(row, n))) for n, row in enumerate(rows)]
    columns = (*(label_of(key) for key in keys), *PROVENANCE_COLUMNS)
    return section(title, columns, drawn)


def section(title: str, columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> Section:
    """A table without the columns that are empty in every row."""
    kept = [n for n in range(len(columns)) if any(row[n].text for row in rows)]
    return Section(
        title=title,
        columns=tuple(columns[n] for n in kept),
        rows=tuple(tuple(row[n] for n in kept) for row in rows),
    )


def said(value: object) -> str:
    """Any value of the content in words, a number with its unit."""
    if isinstance(value, bool):
        return YES if value else NO
    if isinstance(value, Mapping):
        return _said_table(value)
    if isinstance(value, list):
        joined = "; " if any(isinstance(one, list | Mapping) for one in value) else ", "
        return joined.join(said(one) for one in value)
    return spoken(str(value))


def is_leaf(value: object) -> bool:
    """Whether it is a number or a choice with its source."""
    return isinstance(value, Mapping) and ("value" in value or "choice" in value)


def _marks(content: Content) -> tuple[tuple[str, int], ...]:
    """From what stands in the guideline to what is only a default."""
    counted = Counter(str(leaf.get("confidence", "")) for leaf in _leaves(content))
    return tuple((mark, counted[mark]) for mark in (SEED, LIT, EXPERT) if counted[mark])


def _said_table(table: Content) -> str:
    if "choice" in table:
        return spoken(str(table["choice"]))
    if "value" in table:
        value: Any = table["value"]
        return quantity(value if isinstance(value, list) else [value], str(table.get("unit", "")))
    parts = (f"{label_of(key).lower()} {said(one)}" for key, one in table.items())
    return "; ".join(parts)


def _sections(
    table: Content, path: Path, around: _Origin, settings: Mapping[str, Setting]
) -> Iterator[Section]:
    """The values of `table` first, then the tables and lists below it."""
    own = _origin_of(table) if "source" in table else around
    lines = [
        _line(table, (*path, key), own, settings)
        for key, value in table.items()
        if not _is_provenance(key, table) and not _is_below(value)
    ]
    if lines:
        title = path_label(path) if path else "General"
        yield section(title, (WHAT, VALUE, *PROVENANCE_COLUMNS), lines)
    for key, value in table.items():
        if _is_rows(value):
            yield grid(cast("list[Content]", value), path_label((*path, key)), (*path, key))
        elif isinstance(value, Mapping) and not is_leaf(value):
            yield from _sections(value, (*path, key), own, settings)


def _line(
    table: Content, path: Path, own: _Origin, settings: Mapping[str, Setting]
) -> tuple[Cell, ...]:
    key, value = path[-1], table[path[-1]]
    name = SEPARATOR.join(path)
    setting = settings.get(name)
    unit = str(value.get("unit", "")) if isinstance(value, Mapping) else ""
    return (
        Cell(label_of(key, unit)),
        Cell(said(value), path=name if setting else ""),
        Cell(bounds_of(setting) if setting else ""),
        *_origin_at(table, key, own).cells(),
    )


def _grid_row(row: Content, keys: Sequence[str], path: Path) -> tuple[Cell, ...]:
    # A row has the path that a policy gives it, so its own settings are found below it.
    settings = settings_of(row)
    cells = [
        _grid_cell(row, key, SEPARATOR.join((*path, key)) if key in settings else "")
        for key in keys
    ]
    return (*cells, Cell(_row_bounds(settings)), *_row_origin(row).cells())


def _grid_cell(row: Content, key: str, path: str) -> Cell:
    if key not in row:
        return Cell()
    # Codes are what files and the API say: they stand as they are.
    is_code = key in CODES and isinstance(row[key], str)
    return Cell(str(row[key]) if is_code else said(row[key]), path)


def _row_bounds(settings: Mapping[str, Setting]) -> str:
    if len(settings) == 1:
        return bounds_of(next(iter(settings.values())))
    parts = (
        f"{path_label(path.split(SEPARATOR)).lower()} {bounds_of(one)}"
        for path, one in settings.items()
    )
    return "; ".join(parts)


def _row_origin(row: Content) -> _Origin:
    """Of the row itself, or of the numbers in it."""
    if "source" in row:
        return _origin_of(row)
    leaves = list(_leaves(row))
    return _Origin(*(_each_once(leaf.get(name) for leaf in leaves) for name in PROVENANCE))


def _origin_at(table: Content, key: str, own: _Origin) -> _Origin:
    value = table[key]
    if isinstance(value, Mapping):
        return _origin_of(value)
    if f"{key}_source" in table:
        told = (table.get(f"{key}_{name}", "") for name in PROVENANCE)
        return _Origin(*map(str, told))
    return own


def _origin_of(table: Content) -> _Origin:
    return _Origin(*(str(table.get(name, "")) for name in PROVENANCE))


def _is_provenance(key: str, table: Content) -> bool:
    base, _, last = key.rpartition("_")
    return key in PROVENANCE or (last in PROVENANCE and base in table)


def _is_rows(value: object) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], Mapping)


def _is_below(value: object) -> bool:
    return _is_rows(value) or (isinstance(value, Mapping) and not is_leaf(value))


def _leaves(value: object) -> Iterator[Content]:
    if isinstance(value, Mapping):
        if is_leaf(value):
            yield value
        else:
            for one in value.values():
                yield from _leaves(one)
    elif isinstance(value, list):
        for one in value:
            yield from _leaves(one)


def _sources(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, one in value.items():
            if isinstance(one, str) and (key == "source" or _is_provenance(key, value)):
                yield from [one] if key.endswith("source") else []
            else:
                yield from _sources(one)
    elif isinstance(value, list):
        for one in value:
            yield from _sources(one)


def _each_once(texts: Iterator[object]) -> str:
    return ", ".join(dict.fromkeys(str(text) for text in texts if text))
