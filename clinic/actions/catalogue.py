"""Clinical content from files into versioned rows. A version, once loaded, never changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction

from clinic.actions.policies import require_policies_fit
from clinic.errors import Conflict
from clinic.models.base import CatalogueRow
from clinic.rules.catalogue import Entry


@dataclass(frozen=True, slots=True)
class Loaded:
    """How many versions came in, and how many were there already."""

    new: int
    unchanged: int


@transaction.atomic
def load_entries(*, model: type[CatalogueRow], entries: Sequence[Entry]) -> Loaded:
    """Bring `entries` into the table of `model`; asking again changes nothing.

    Raises Conflict `version_changed` where the content of a loaded version differs, and
    `version_twice` where two files claim one version: decisions point at a version, so another
    content needs another number. Raises Conflict `policy_unfit` where a site has set a value that
    a new version does not know or cannot take.
    """
    held = {(row.code, row.version): row.sha256 for row in model._default_manager.all()}
    met: set[tuple[str, int]] = set()
    fresh = []
    for entry in entries:
        key = (entry.code, entry.version)
        if key in met:
            raise Conflict("version_twice", f"Two files say {_named(entry)}.", "version")
        met.add(key)
        if key not in held:
            fresh.append(_row(model, entry))
        elif held[key] != entry.sha256:
            raise Conflict(
                "version_changed",
                f"{_named(entry)} is loaded with another content. Raise the version in its file.",
                "version",
            )
    # Rows come from a file that was checked; a conflict can only be another loader, and is one.
    model._default_manager.bulk_create(fresh, ignore_conflicts=True)
    require_policies_fit(*(row for row in fresh if _is_newest(row, held)))
    return Loaded(new=len(fresh), unchanged=len(met) - len(fresh))


def _is_newest(row: CatalogueRow, held: Mapping[tuple[str, int], str]) -> bool:
    return all(version < row.version for code, version in held if code == row.code)


def _named(entry: Entry) -> str:
    return f"{entry.kind} “{entry.code}” version {entry.version}"


def _row(model: type[CatalogueRow], entry: Entry) -> CatalogueRow:
    return model(
        code=entry.code,
        version=entry.version,
        title=entry.title,
        released_on=entry.released_on,
        content=entry.content,
        sha256=entry.sha256,
    )
