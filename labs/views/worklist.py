"""Everything due and overdue at a site, and the tasks of its people."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.access import current_membership
from clinic.admin_base import acting
from clinic.forms import OutcomeForm, refusals
from clinic.rules.dates import today_local
from labs.actions.tasks import resolve_task
from labs.queries import worklist as assemble
from labs.queries_find import find_task

GROUPS = {
    "liver": ("lft_",),
    "urinary": ("gu_",),
    "scales": ("scale_", "cssrs", "relapse_"),
    "visit": ("bp_", "weight", "pregnancy", "uds"),
}


def worklist(request: HttpRequest) -> HttpResponse:
    """Risk first; one kind at a time when asked."""
    membership = current_membership(request)
    if membership is None:
        return render(request, "clinic/no_site.html", status=403)
    site = membership.site
    today = today_local(timezone.now(), site.zone)
    found = assemble(user=acting(request), site_id=site.pk, on=today)
    wished = request.GET.get("kind", "")
    starts = GROUPS.get(wished, ("",))
    items = [item for item in found.items if item.status.kind.startswith(starts)]
    shown = {
        "tasks": found.tasks,
        "items": items,
        "groups": list(GROUPS),
        "chosen": wished,
        "today": today,
        "zone": site.zone,
    }
    return render(request, "labs/worklist.html", shown)


def task_resolve(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Say what came of it."""
    task = find_task(user=acting(request), pk=pk, may="tasks.resolve")
    form = OutcomeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with refusals(form) as refusal:
            resolve_task(task=task, by=acting(request), outcome=form.cleaned_data["outcome"])
        if not refusal.happened:
            messages.success(request, _("Done."))
            return redirect("worklist")
    shown = {
        "form": form,
        "heading": task.title,
        "lead": str(task.patient or ""),
        "action": _("Close the task"),
        "back": reverse("worklist"),
    }
    return render(request, "parts/form_page.html", shown)
