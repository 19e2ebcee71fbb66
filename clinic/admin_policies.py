"""Policies in the admin: what a site has set, and setting it anew after seeing the difference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any, Final
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.access import memberships_of
from clinic.actions.policies import set_policy
from clinic.admin_base import ReadOnlyAdmin, acting
from clinic.errors import DomainError, NotFound
from clinic.forms_policies import PolicyForm, VersionsForm, defaults_of
from clinic.models import Policy, Site
from clinic.policies_in_words import Row, carried_over, rows_between
from clinic.queries_policies import SectionState, contents_by_version, section_state, sections
from clinic.rules.access import allows
from clinic.rules.content import Content
from clinic.rules.dates import spoken_day, today_local

VIEW, CHANGE = "policies.view", "policies.change"
PREVIEW, APPLY = "preview", "apply"
STEPS: Final = frozenset({PREVIEW, APPLY})


@dataclass(frozen=True, slots=True)
class SiteSections:
    """The sections of a site as the overview shows them, by kind."""

    site: Site
    by_kind: tuple[tuple[str, tuple[SectionState, ...]], ...]
    may_change: bool

    @property
    def own(self) -> int:
        """How many sections differ from the catalogue today."""
        return sum(bool(one.counting and one.counting.values) for one in self._states())

    @property
    def waiting(self) -> int:
        """How many have a version whose day has not come."""
        return sum(one.waiting is not None for one in self._states())

    def _states(self) -> Iterator[SectionState]:
        return (one for _kind, states in self.by_kind for one in states)


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a section with what it changed."""

    policy: Policy
    rows: tuple[Row, ...]
    is_waiting: bool


@dataclass(frozen=True, slots=True)
class Moved:
    """What others have set since the visitor looked."""

    versions: tuple[Policy, ...]
    rows: tuple[Row, ...]


@admin.register(Policy)
class PolicyAdmin(ReadOnlyAdmin[Policy]):
    """The overview takes the place of the list: sections nobody has changed stand there too."""

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        own = [
            path(
                "<uuid:site_id>/<str:section>/set/",
                wrap(self.set_view),
                name="clinic_policy_set",
            ),
            path(
                "<uuid:site_id>/<str:section>/versions/",
                wrap(self.versions_view),
                name="clinic_policy_versions",
            ),
        ]
        return [*own, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Every section of the visitor's sites: what is in force, what waits, who set it."""
        words = request.GET.get("q", "").strip()
        shown = [_sections_of(request, site, words.lower()) for site in _sites(request, VIEW)]
        return render(request, "clinic/policies.html", {"shown": shown, "words": words})

    def versions_view(self, request: HttpRequest, site_id: UUID, section: str) -> HttpResponse:
        """Every version of a section, newest first, each with what it changed; two compared."""
        site = _site(request, site_id, VIEW)
        state = _state(site, section)
        contents = contents_by_version(state.row)
        form = _compared_form(request, state)
        shown = {
            "site": site,
            "state": state,
            "versions": _versions(state, contents),
            "form": form,
            "compared": _compared(form, state, contents),
            "may_change": _may(request, site, CHANGE),
        }
        return render(request, "clinic/policy_versions.html", shown)

    def set_view(self, request: HttpRequest, site_id: UUID, section: str) -> HttpResponse:
        """First the values, then what they change, then in force: nothing is kept before."""
        site = _site(request, site_id, CHANGE)
        state = _state(site, section)
        form, step = _form(request, site, state), request.POST.get("step", "")
        if step not in STEPS or not form.is_valid():
            return _editor(request, site, form)
        moved = _moved(state, form.cleaned_data["base_version"])
        if moved is not None:
            # Looked at again before anything is kept.
            form, step = _rebased(request, form), PREVIEW
        try:
            policy = _set(request, site, form, keep=step == APPLY)
        except DomainError as error:
            form.refuse(error)
            return _editor(request, site, form, moved)
        if step == PREVIEW:
            return _preview(request, site, form, moved)
        from_when = spoken_day(policy.effective_from)
        messages.success(request, _("In force from %(day)s.") % {"day": from_when})
        return redirect("admin:clinic_policy_versions", site_id=site.pk, section=section)


def _sections_of(request: HttpRequest, site: Site, words: str) -> SiteSections:
    states = sections(site_id=site.pk, on=_today(site))
    found = [one for one in states if words in f"{one.kind} {one.row.title}".lower()]
    by_kind = tuple((kind, tuple(group)) for kind, group in groupby(found, lambda one: one.kind))
    return SiteSections(site, by_kind, _may(request, site, CHANGE))


def _versions(state: SectionState, contents: Mapping[int, Content]) -> list[Version]:
    """Each beside the one before it; the first beside the catalogue."""
    earlier = [one.values for one in state.versions[1:]]
    return [
        Version(
            policy=one,
            rows=rows_between(_content(state, contents, one), before, one.values),
            is_waiting=state.waits(one),
        )
        for one, before in zip(state.versions, [*earlier, {}], strict=False)
    ]


def _content(state: SectionState, contents: Mapping[int, Content], policy: Policy) -> Content:
    """What the version was written against; what there is now where that is not kept."""
    return contents.get(policy.catalogue_version, state.content)


def _compared_form(request: HttpRequest, state: SectionState) -> VersionsForm:
    asked = request.GET if "later" in request.GET else None
    initial = {"earlier": max(state.base_version - 1, 0), "later": state.base_version}
    return VersionsForm(asked, state=state, initial=initial)


def _compared(
    form: VersionsForm, state: SectionState, contents: Mapping[int, Content]
) -> tuple[Row, ...] | None:
    """What differs between the two that were asked for; None while nobody has asked."""
    if not form.is_valid():
        return None
    numbers = form.cleaned_data["earlier"], form.cleaned_data["later"]
    before, after = (state.values_of(number) or {} for number in numbers)
    newer = next((one for one in state.versions if one.version == max(numbers)), None)
    content = _content(state, contents, newer) if newer else state.content
    return rows_between(content, before, after)


def _set(request: HttpRequest, site: Site, form: PolicyForm, *, keep: bool) -> Policy:
    """Set it, or only try to, so that the section's own rule has judged the values."""
    with transaction.atomic():
        policy = set_policy(
            site=site,
            section=form.state.section,
            values=form.values(),
            effective_from=form.cleaned_data["effective_from"],
            reason=form.cleaned_data["reason"],
            by=acting(request),
            base_version=form.cleaned_data["base_version"],
        )
        if not keep:
            transaction.set_rollback(True)
    return policy


def _moved(state: SectionState, base_version: int) -> Moved | None:
    """What was set after the version that the visitor looked at; None where nothing was."""
    seen, since = state.values_of(base_version), state.made_since(base_version)
    if seen is None or not since:
        return None
    return Moved(since, rows_between(state.content, seen, state.own))


def _rebased(request: HttpRequest, form: PolicyForm) -> PolicyForm:
    """The same wishes on the ground of the newest version."""
    state = form.state
    seen = state.values_of(form.cleaned_data["base_version"]) or {}
    data: QueryDict = request.POST.copy()
    for name, text in carried_over(state.settings, form.values(), seen, state.own).items():
        data[name] = text
    data["base_version"] = str(state.base_version)
    again = PolicyForm(data, state=state)
    again.is_valid()
    return again


def _form(request: HttpRequest, site: Site, state: SectionState) -> PolicyForm:
    if request.method == "POST":
        return PolicyForm(request.POST, state=state)
    initial: dict[str, object] = {
        "effective_from": _today(site),
        "base_version": state.base_version,
    }
    if "catalogue" in request.GET:
        initial |= defaults_of(state)
    return PolicyForm(initial=initial, state=state)


def _editor(
    request: HttpRequest, site: Site, form: PolicyForm, moved: Moved | None = None
) -> HttpResponse:
    shown = {"site": site, "state": form.state, "form": form, "moved": moved}
    return render(request, "clinic/policy_set.html", shown)


def _preview(
    request: HttpRequest, site: Site, form: PolicyForm, moved: Moved | None
) -> HttpResponse:
    rows = rows_between(form.state.content, form.state.own, form.values())
    shown = {"site": site, "state": form.state, "form": form, "rows": rows, "moved": moved}
    return render(request, "clinic/policy_preview.html", shown)


def _sites(request: HttpRequest, permission: str) -> list[Site]:
    return [m.site for m in memberships_of(request) if allows(m.role, permission)]


def _may(request: HttpRequest, site: Site, permission: str) -> bool:
    return site in _sites(request, permission)


def _site(request: HttpRequest, site_id: UUID, permission: str) -> Site:
    """A site of the visitor. Raises Http404 for another's, PermissionDenied for a wrong role."""
    site = next((m.site for m in memberships_of(request) if m.site_id == site_id), None)
    if site is None:
        raise Http404
    if not _may(request, site, permission):
        raise PermissionDenied
    return site


def _state(site: Site, section: str) -> SectionState:
    try:
        return section_state(site_id=site.pk, section=section, on=_today(site))
    except NotFound:
        raise Http404 from None


def _today(site: Site) -> date:
    return today_local(timezone.now(), site.zone)
