"""The rules and their sources, as the product decides with them."""

from __future__ import annotations

from collections.abc import Mapping

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from clinic.access import current_membership
from clinic.citations import citations
from clinic.models import Site
from clinic.models.base import CatalogueRow
from clinic.rules.dates import today_local
from clinic.rules.reference import CONFIDENCE, DATED, SOURCE
from clinic.rules.reference_here import in_words, with_site_values
from clinic.shipped import written_content
from courses.queries.reference import (
    find_content,
    shelves,
    values_set,
)
from courses.rules.reference_pages import page_for


def reference(request: HttpRequest) -> HttpResponse:
    """All clinical content by kind."""
    membership = current_membership(request)
    if membership is None:
        return render(request, "clinic/no_site.html", status=403)
    site = membership.site
    found = shelves(site_id=site.pk, on=today_local(timezone.now(), site.zone))
    return render(request, "courses/reference.html", {"shelves": found, "site": site})


def reference_entry(request: HttpRequest, kind: str, code: str) -> HttpResponse:
    """One piece of content as tables; `?version=` shows an older one."""
    membership = current_membership(request)
    if membership is None:
        return render(request, "clinic/no_site.html", status=403)
    found = find_content(kind, code, _version(request))
    page = page_for(written_content(found.row))
    here: Mapping[str, str] = {}
    # An older version decides nothing any more: what the site has set counts on the newest.
    if found.is_newest:
        here = in_words(found.row.content, values_in_force(membership.site, found.row))
    shown = {
        "found": found,
        "page": with_site_values(page, here),
        "set_here": len(here),
        "marks": page.marks,
        "values": sum(count for _, count in page.marks),
        "sources": [(key, citations().get(key, "")) for key in sorted(page.sources)],
        "provenance": (SOURCE, CONFIDENCE, DATED),
        "site": membership.site,
    }
    return render(request, "courses/reference_entry.html", shown)


def values_in_force(site: Site, row: CatalogueRow) -> Mapping[str, str]:
    """What the site's policy of today sets of this content, by path."""
    return values_set(row, site_id=site.pk, on=today_local(timezone.now(), site.zone))


def _version(request: HttpRequest) -> int | None:
    """The version asked for, None for the newest. Raises Http404 for what is no version."""
    text = request.GET.get("version", "")
    if not text:
        return None
    if not text.isdecimal() or not text.strip("0") or len(text) > len("999999"):
        raise Http404
    return int(text)
