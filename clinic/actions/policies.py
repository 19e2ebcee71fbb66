"""Setting a site's own values, and keeping new content from dropping them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from clinic.actions.audit import record
from clinic.errors import Conflict, Invalid, NotFound, Refused
from clinic.kinds import Kind, kinds
from clinic.models import Policy, Site, User
from clinic.models.base import CatalogueRow
from clinic.queries import current
from clinic.queries_policies import section_of
from clinic.rules.dates import today_local
from clinic.rules.errors import RuleError
from clinic.rules.policy import differences, fitting_only, overlay, settings_of, written
from clinic.signals import policy_set

SHORTEST_REASON: Final = 10
# A date further away is a slip in the year.
FURTHEST: Final = timedelta(days=366)


@transaction.atomic
def set_policy(
    *,
    site: Site,
    section: str,
    values: Mapping[str, str],
    effective_from: date,
    reason: str,
    by: User,
    base_version: int,
    at: datetime | None = None,
) -> Policy:
    """A new version of what `site` has set in `section`: all its own values, by path.

    A value equal to the catalogue's is left out: the site follows the catalogue there. From
    `effective_from` on it takes the place of every earlier version. `base_version` is the version
    that was looked at (0: none). Raises NotFound `section_unknown`; Invalid naming the field
    (`reason`, `effective_from`) or the path of a value that the section's own rule refuses;
    Conflict `policy_moved`; Refused `nothing_changed`.
    """
    Site.objects.select_for_update(no_key=True).get(pk=site.pk)
    row, kind = _content(section)
    before = _latest(site.pk, section)
    if (before.version if before else 0) != base_version:
        message = "Somebody has changed this section in the meantime. Look at it again."
        raise Conflict("policy_moved", message, "base_version")
    _require_day(site, effective_from, at or timezone.now())
    if len(reason.strip()) < SHORTEST_REASON:
        message = f"Say why, in at least {SHORTEST_REASON} characters."
        raise Invalid("reason_missing", message, "reason")
    own = _own_values(row, values)
    held = before.values if before else {}
    if own == held and (before is None or before.effective_from <= effective_from):
        raise Refused("nothing_changed", "Nothing differs from the version in place.")
    _require_usable(row, kind, own, base_version + 1)
    policy = Policy.objects.create(
        site=site,
        section=section,
        version=base_version + 1,
        effective_from=effective_from,
        values=own,
        reason=reason.strip(),
        catalogue_version=row.version,
        made_by=by,
    )
    paths = [change.path for change in differences(row.content, held, own)]
    change = {"section": section, "version": policy.version, "paths": paths}
    record("policy.set", by=by, subject=policy, change=change)
    policy_set.send(sender=Policy, policy=policy)
    return policy


def require_policies_fit(*rows: CatalogueRow) -> None:
    """Refuse new content that no longer knows a value which a site has set, or cannot take it.

    Raises Conflict `policy_unfit` naming the site, the section and the value: dropping it silently
    would change what that site decides by.
    """
    sections = {section_of(row): row for row in rows}
    policies = Policy.objects.filter(section__in=sections).select_related("site")
    for policy in policies.order_by("site_id", "section", "-version").distinct(
        "site_id", "section"
    ):
        row = sections[policy.section]
        try:
            kinds()[row.content["kind"]].parse(overlay(row.content, policy.values, policy.version))
        except RuleError as error:
            message = (
                f"{row} does not fit what {policy.site} has set in “{policy.section}”, version"
                f" {policy.version}: {error.message} Let the site set it anew first."
            )
            raise Conflict("policy_unfit", message, error.field) from None


def _content(section: str) -> tuple[CatalogueRow, Kind]:
    name, _, code = section.partition(":")
    kind = kinds().get(name)
    if kind is not None:
        try:
            row = current(kind.model, code)
        except NotFound:
            row = None
        if row is not None and section_of(row) == section and settings_of(row.content):
            return row, kind
    raise NotFound("section_unknown", f"“{section}” has nothing that a site may set.", "section")


def _latest(site_id: UUID, section: str) -> Policy | None:
    return Policy.objects.of_site(site_id).filter(section=section).order_by("-version").first()


def _require_day(site: Site, day: date, at: datetime) -> None:
    today = today_local(at, site.zone)
    if day < today:
        message = "What was decided before stays as it was: choose today or a later day."
        raise Invalid("in_past", message, "effective_from")
    if day > today + FURTHEST:
        message = f"{day:%d %b %Y} is more than a year away. Look at the year."
        raise Invalid("too_far", message, "effective_from")


def _own_values(row: CatalogueRow, values: Mapping[str, str]) -> dict[str, str]:
    """The values in their written form, without those that the catalogue has too."""
    settings = settings_of(row.content)
    try:
        overlay(row.content, values, 1)
        texts = {path: written(settings[path], text) for path, text in values.items()}
        return {
            path: text
            for path, text in texts.items()
            if text != written(settings[path], settings[path].value)
        }
    except RuleError as error:
        raise Invalid(error.code, error.message, error.field) from None


def _require_usable(row: CatalogueRow, kind: Kind, values: Mapping[str, str], version: int) -> None:
    """Every version of the content must take the values: courses keep the version they began on."""
    versions = kind.model._default_manager.filter(code=row.code).order_by("-version")
    for one in versions:
        try:
            kind.parse(overlay(one.content, fitting_only(one.content, values), version))
        except RuleError as error:
            raise Invalid(error.code, error.message, error.field) from None
