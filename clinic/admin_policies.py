"""Policies in the admin: what a site has set, and setting it anew after seeing the difference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.access import memberships_of
from clinic.actions.policies import set_policy
from clinic.admin_base import ReadOnlyAdmin, acting
from clinic.errors import Conflict, DomainError, NotFound
from clinic.forms_policies import PolicyForm, defaults_of, label_of
from clinic.models import Policy, Site
from clinic.queries_policies import SectionState, section_state, sections
from clinic.rules import wording
from clinic.rules.access import allows
from clinic.rules.dates import today_local
from clinic.rules.policy import Change, differences

VIEW, CHANGE = "policies.view", "policies.change"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a difference, in words."""

    label: str
    default: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a section with what it changed."""

    policy: Policy
    rows: tuple[Row, ...]


@admin.register(Policy)
class PolicyAdmin(ReadOnlyAdmin[Policy]):
    """The overview takes the place of the list: sections nobody has changed stand there too."""

    list_display = ("section", "version", "effective_from", "made_by", "site")
    list_select_related = ("site", "made_by")
    search_fields = ("section", "reason")

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
        words = request.GET.get("q", "").strip().lower()
        shown = []
        for site in _sites(request, VIEW):
            states = sections(site_id=site.pk, on=_today(site))
            found = [one for one in states if words in f"{one.kind} {one.row.title}".lower()]
            shown.append((site, found, _may(request, site, CHANGE)))
        return render(request, "clinic/policies.html", {"shown": shown, "words": words})

    def versions_view(self, request: HttpRequest, site_id: UUID, section: str) -> HttpResponse:
        """Every version of a section, newest first, each with what it changed."""
        site = _site(request, site_id, VIEW)
        state = _state(site, section)
        # The first version has nothing before it.
        earlier = [one.values for one in state.versions[1:]]
        versions = [
            Version(one, _rows(state, before, one.values))
            for one, before in zip(state.versions, [*earlier, {}], strict=False)
        ]
        shown = {
            "site": site,
            "state": state,
            "versions": versions,
            "may_change": _may(request, site, CHANGE),
        }
        return render(request, "clinic/policy_versions.html", shown)

    def set_view(self, request: HttpRequest, site_id: UUID, section: str) -> HttpResponse:
        """First the values, then what they change, then in force: nothing is kept before."""
        site = _site(request, site_id, CHANGE)
        state = _state(site, section)
        form = _form(request, site, state)
        step = request.POST.get("step", "")
        if step not in {"preview", "apply"} or not form.is_valid():
            return _editor(request, site, form)
        try:
            with transaction.atomic():
                policy = _set(request, site, form)
                if step == "preview":
                    # Tried, so that the rule itself has judged the values; kept only when said so.
                    transaction.set_rollback(True)
        except Conflict as conflict:
            return _moved(request, site, state, form, conflict)
        except DomainError as error:
            form.add_error(error.field if error.field in form.fields else None, error.message)
            return _editor(request, site, form)
        if step == "preview":
            return _preview(request, site, form)
        from_when = f"{policy.effective_from:%d %b %Y}"
        messages.success(request, _("In force from %(day)s.") % {"day": from_when})
        return redirect("admin:clinic_policy_versions", site_id=site.pk, section=section)


def _set(request: HttpRequest, site: Site, form: PolicyForm) -> Policy:
    return set_policy(
        site=site,
        section=form.state.section,
        values=form.values(),
        effective_from=form.cleaned_data["effective_from"],
        reason=form.cleaned_data["reason"],
        by=acting(request),
        base_version=form.cleaned_data["base_version"],
    )


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


def _editor(request: HttpRequest, site: Site, form: PolicyForm) -> HttpResponse:
    shown = {"site": site, "state": form.state, "form": form}
    return render(request, "clinic/policy_set.html", shown)


def _preview(
    request: HttpRequest, site: Site, form: PolicyForm, moved_by: Policy | None = None
) -> HttpResponse:
    shown = {
        "site": site,
        "state": form.state,
        "form": form,
        "rows": _rows(form.state, form.state.own, form.values()),
        "moved_by": moved_by,
    }
    return render(request, "clinic/policy_preview.html", shown)


def _moved(
    request: HttpRequest, site: Site, state: SectionState, form: PolicyForm, conflict: Conflict
) -> HttpResponse:
    """Somebody was quicker: the same wishes, compared with what stands there now."""
    if state.newest is None:
        form.add_error(None, conflict.message)
        return _editor(request, site, form)
    data = request.POST.copy()
    data["base_version"] = str(state.base_version)
    again = PolicyForm(data, state=state)
    again.is_valid()
    return _preview(request, site, again, moved_by=state.newest)


def _rows(
    state: SectionState, before: Mapping[str, str], after: Mapping[str, str]
) -> tuple[Row, ...]:
    """The difference in words; a path that the content no longer has is shown as it is written."""
    changes = differences(state.row.content, before, after)
    gone = (set(before) | set(after)) - set(state.settings)
    known = [_row(state, change) for change in changes]
    unknown = [
        Row(path, "–", before.get(path, "–"), after.get(path, "–"))
        for path in sorted(gone)
        if before.get(path) != after.get(path)
    ]
    return (*known, *unknown)


def _row(state: SectionState, change: Change) -> Row:
    setting = state.settings[change.path]
    first, dot, _rest = change.path.partition(".")
    label = label_of(change.path, setting)
    words = f"{wording.label_of(first)}: {label[:1].lower()}{label[1:]}" if dot else label
    said = [
        wording.spoken(text) if setting.among else wording.quantity(text.split(", "), setting.unit)
        for text in (change.default, change.before, change.after)
    ]
    return Row(words, *said)


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


def _today(site: Site) -> Any:
    return today_local(timezone.now(), site.zone)
