"""What a site has set, said to people: labels of values and the difference between two states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from clinic.rules import wording
from clinic.rules.content import Content
from clinic.rules.policy import SEPARATOR, Change, Setting, Values, differences, settings_of

NOTHING: Final = "–"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a difference. `source` and `dated` are those of the catalogue's value."""

    label: str
    default: str
    before: str
    after: str
    source: str = ""
    dated: str = ""


def rows_between(content: Content, before: Values, after: Values) -> tuple[Row, ...]:
    """The difference in words, by what `content` offers to be set.

    A value not set is that of `content`; a path that it does not know is shown as it is written.
    """
    settings = settings_of(content)
    changes = differences(content, before, after)
    known = [_row(settings[change.path], change) for change in changes]
    unknown = [
        Row(path, NOTHING, before.get(path, NOTHING), after.get(path, NOTHING))
        for path in sorted((set(before) | set(after)) - set(settings))
        if before.get(path) != after.get(path)
    ]
    return (*known, *unknown)


def carried_over(
    settings: Mapping[str, Setting], asked: Values, seen: Values, standing: Values
) -> dict[str, str]:
    """What was asked for on the ground of `seen`, laid on what is `standing` now.

    A value that was left as it was seen takes the standing one, so that nobody undoes what somebody
    else decided without having looked at it; a value that was changed stays as it was asked for.
    """
    merged = {}
    for path, setting in settings.items():
        untouched = asked[path] == seen.get(path, setting.value)
        merged[path] = standing.get(path, setting.value) if untouched else asked[path]
    return merged


def group_of(path: str) -> str:
    """The group that a value stands in; empty for one on its own."""
    first, _dot, rest = path.partition(SEPARATOR)
    return first if rest else ""


def label_of(path: str, setting: Setting) -> str:
    """A value in words, without the group it stands in."""
    _first, _dot, rest = path.partition(SEPARATOR)
    return wording.path_label((rest or path).split(SEPARATOR), setting.unit)


def said(setting: Setting, text: str) -> str:
    """A value with its unit, a choice as words."""
    if setting.among:
        return wording.spoken(text)
    return wording.quantity(text.split(", "), setting.unit)


def _row(setting: Setting, change: Change) -> Row:
    return Row(
        label=wording.path_label(change.path.split(SEPARATOR), setting.unit),
        default=said(setting, change.default),
        before=said(setting, change.before),
        after=said(setting, change.after),
        source=setting.source,
        dated=setting.dated,
    )
