"""Which site a person works at now."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from clinic.access import memberships_of


@require_POST
def choose_site(request: HttpRequest) -> HttpResponse:
    """Switch to one of the visitor's own sites and return to Today."""
    wished = request.POST.get("site", "")
    if any(str(m.site_id) == wished for m in memberships_of(request)):
        request.session["site"] = wished
    after = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(after, {request.get_host()}, request.is_secure())
    return redirect(after if safe else "today")
