"""The clinical content as people look it up: what there is, and one version of one piece."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from django.http import Http404

from clinic.kinds import Kind, kinds
from clinic.models.base import CatalogueRow
from clinic.queries_policies import SitePolicies, section_of, site_policies
from clinic.rules.policy import fitting_only

# As a day goes: what is planned, what is asked before a dose, how it is measured, what falls due.
ORDER: Final = (
    "protocol",
    "course_rule",
    "scale",
    "requirement",
    "urinary",
    "liver",
    "grading",
    "analyte",
    "units",
    "reminders",
)


@dataclass(frozen=True, slots=True)
class Listed:
    """The newest version of a piece of content; `set_here`: how many values the site has set."""

    kind: str
    code: str
    title: str
    version: int
    released_on: date
    set_here: int = 0


@dataclass(frozen=True, slots=True)
class Shelf:
    """Everything of one kind, by title."""

    title: str
    pieces: tuple[Listed, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """One version of a piece of content among its versions, the newest first."""

    kind: Kind
    row: CatalogueRow
    versions: tuple[int, ...]

    @property
    def is_newest(self) -> bool:
        return self.row.version == self.versions[0]


def shelves(*, site_id: UUID, on: date) -> tuple[Shelf, ...]:
    """All content that is loaded, with what the site has set on its day `on`."""
    policies = site_policies(site_id, on)
    pieces = [
        piece
        for model in dict.fromkeys(kind.model for kind in kinds().values())
        for piece in _newest(model, policies)
    ]
    names = sorted(kinds(), key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER))
    filled = (
        Shelf(kinds()[name].title, tuple(piece for piece in pieces if piece.kind == name))
        for name in names
    )
    return tuple(shelf for shelf in filled if shelf.pieces)


def find_content(kind: str, code: str, version: int | None = None) -> Found:
    """A version of a piece of content, the newest by default. Raises Http404 for an unknown one."""
    if kind not in kinds():
        raise Http404
    of_code = kinds()[kind].model._default_manager.filter(code=code, content__kind=kind)
    versions = tuple(of_code.order_by("-version").values_list("version", flat=True))
    wanted = version or next(iter(versions), 0)
    if wanted not in versions:
        raise Http404
    return Found(kinds()[kind], of_code.get(version=wanted), versions)


def values_set(row: CatalogueRow, *, site_id: UUID, on: date) -> Mapping[str, str]:
    """What the site's policy in force on `on` sets of this content, by path."""
    policy = site_policies(site_id, on).on(row).policy
    values: Mapping[str, str] = policy.values if policy else {}
    return values


def _newest(model: type[CatalogueRow], policies: SitePolicies) -> list[Listed]:
    rows = model._default_manager.order_by("code", "-version").distinct("code")
    listed = []
    for row in rows:
        policy = policies.by_section.get(section_of(row))
        piece = Listed(
            kind=row.content["kind"],
            code=row.code,
            title=row.title,
            version=row.version,
            released_on=row.released_on,
            set_here=len(fitting_only(row.content, policy.values)) if policy else 0,
        )
        listed.append(piece)
    return sorted(listed, key=lambda piece: piece.title.casefold())
