"""The clinical content that counts at a site on a day: the catalogue with the site's own values.

Whoever decides asks here, and keeps the version of the content and of the policy with the decision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Generic, TypeVar
from uuid import UUID

from clinic.errors import NotFound
from clinic.kinds import kinds
from clinic.models import Policy
from clinic.models.base import CatalogueRow
from clinic.queries import current, newest
from clinic.rules.content import Content
from clinic.rules.policy import Setting, fitting_only, overlay, settings_of
from clinic.shipped import written_content

C = TypeVar("C", bound=CatalogueRow)
T = TypeVar("T")


def section_of(row: CatalogueRow) -> str:
    """The name under which a site's policies change this content: `course_rule:gate`."""
    return f"{row.content['kind']}:{row.code}"


@dataclass(frozen=True, slots=True, eq=False)
class InForce(Generic[C]):
    """One version of content under one version of a site's policy (None: the catalogue's own)."""

    row: C
    policy: Policy | None = None

    @property
    def policy_version(self) -> int:
        return self.policy.version if self.policy else 0

    @property
    def content(self) -> Content:
        """The content with the site's values in place."""
        return _laid(self)

    def parsed(self, parse: Callable[[Content], T]) -> T:
        """The content as the rule reads it. Both versions never change, so it is read once."""
        return _parsed(parse, self)  # type: ignore[return-value]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, InForce) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    @property
    def _key(self) -> tuple[UUID, UUID | None]:
        return self.row.pk, self.policy.pk if self.policy else None


@lru_cache(maxsize=512)
def _laid(one: InForce[CatalogueRow]) -> Content:
    content: Content = one.row.content
    if one.policy is None:
        return content
    values = fitting_only(content, one.policy.values)
    return overlay(content, values, one.policy.version)


@lru_cache(maxsize=512)
def _parsed(parse: Callable[[Content], object], one: InForce[CatalogueRow]) -> object:
    return parse(_laid(one))


@dataclass(frozen=True, slots=True)
class SitePolicies:
    """Everything that a site has set, as it counts on one of its days, by section."""

    by_section: Mapping[str, Policy]

    def on(self, row: C) -> InForce[C]:
        """What counts of this version of the content."""
        return InForce(row, self.by_section.get(section_of(row)))

    def current(self, model: type[C], code: str) -> InForce[C]:
        """What counts of the newest version. Raises NotFound for an unknown code."""
        return self.on(current(model, code))

    def newest(self, model: type[C], *codes: str) -> Mapping[str, InForce[C]]:
        """What counts of the newest version of each piece of content, by code."""
        return {row.code: self.on(row) for row in newest(model, *codes)}


def site_policies(site_id: UUID, on: date) -> SitePolicies:
    """The site's policies in force on its day `on`; one query."""
    return _by_section(Policy.objects.of_site(site_id).in_force(on))


def in_force(model: type[C], code: str, *, site_id: UUID, on: date) -> InForce[C]:
    """The newest content of that code as it counts at the site on `on`. Raises NotFound."""
    return site_policies(site_id, on).current(model, code)


def under_version(row: C, site_id: UUID, version: int) -> InForce[C]:
    """A version of content under the policy version that a decision was made with."""
    if not version:
        return InForce(row)
    made = Policy.objects.of_site(site_id).get(section=section_of(row), version=version)
    return InForce(row, made)


def _by_section(rows: Iterable[Policy]) -> SitePolicies:
    return SitePolicies({row.section: row for row in rows})


@dataclass(frozen=True, slots=True)
class SectionState:
    """One piece of content at a site: what counts, what waits, what was there before."""

    section: str
    kind: str
    row: CatalogueRow
    settings: Mapping[str, Setting]
    on: date
    versions: tuple[Policy, ...]

    @property
    def newest(self) -> Policy | None:
        """The version made last, whether its day has come or not."""
        return self.versions[0] if self.versions else None

    @property
    def counting(self) -> Policy | None:
        """The version in force."""
        begun = (one for one in self.versions if one.effective_from <= self.on)
        return next(begun, None)

    @property
    def waiting(self) -> Policy | None:
        """The newest version while its day has not come."""
        newest = self.newest
        return newest if newest and newest.effective_from > self.on else None

    @property
    def own(self) -> Mapping[str, str]:
        """The site's own values of the newest version."""
        return self.newest.values if self.newest else {}

    @property
    def base_version(self) -> int:
        return self.newest.version if self.newest else 0

    @property
    def content(self) -> Content:
        """The catalogue's content, in the order in which it was written."""
        return written_content(self.row)

    def values_of(self, version: int) -> Mapping[str, str] | None:
        """The site's own values of a version; of 0, the catalogue, none. None if there is none."""
        made = {one.version: one.values for one in self.versions}
        return {0: {}, **made}.get(version)

    def waits(self, policy: Policy) -> bool:
        """Whether its day will come: a newer version from an earlier day takes its place."""
        newer = (one for one in self.versions if one.version > policy.version)
        day = policy.effective_from
        return day > self.on and all(one.effective_from > day for one in newer)

    def made_since(self, version: int) -> tuple[Policy, ...]:
        """The versions made after `version`, newest first."""
        return tuple(one for one in self.versions if one.version > version)


def sections(*, site_id: UUID, on: date) -> tuple[SectionState, ...]:
    """Every piece of content in which a site may set something, by kind and title."""
    made: dict[str, list[Policy]] = {}
    rows = Policy.objects.of_site(site_id).select_related("made_by")
    for policy in rows.order_by("section", "-version"):
        made.setdefault(policy.section, []).append(policy)
    found = []
    for model in dict.fromkeys(kind.model for kind in kinds().values()):
        for row in newest(model):
            kind, settings = kinds()[row.content["kind"]], settings_of(written_content(row))
            if settings:
                section = section_of(row)
                versions = tuple(made.get(section, ()))
                found.append(SectionState(section, kind.title, row, settings, on, versions))
    return tuple(sorted(found, key=lambda one: (one.kind, one.row.title)))


def section_state(*, site_id: UUID, section: str, on: date) -> SectionState:
    """One of them. Raises NotFound `section_unknown`."""
    found = next((one for one in sections(site_id=site_id, on=on) if one.section == section), None)
    if found is None:
        raise NotFound(
            "section_unknown", f"“{section}” has nothing that a site may set.", "section"
        )
    return found


def contents_by_version(row: CatalogueRow) -> Mapping[int, Content]:
    """Every version of that content which is kept, by its number; one query."""
    rows = type(row)._default_manager.filter(code=row.code)
    return {one.version: written_content(one) for one in rows if section_of(one) == section_of(row)}
