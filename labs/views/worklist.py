"""Everything due and overdue at a site, and the tasks of its people."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic.access import current_membership
from clinic.admin_base import acting
from clinic.forms import OutcomeForm, refusals
from clinic.rules.dates import today_local
from labs.actions.tasks import resolve_task
from labs.queries_find import find_task
from labs.queries_months import months_of_messages
from labs.queries_tasks import TASKS, open_tasks
from labs.queries_worklist import WorkPage, work_page
from labs.rules.worklist import MOST_LETTERS, STATES, read_filters

LABELS: Final = {
    "state": gettext_lazy("How late"),
    "state_": gettext_lazy("Any"),
    "state_blocks": gettext_lazy("Stands against a dose"),
    "state_overdue": gettext_lazy("Overdue"),
    "state_due": gettext_lazy("Due"),
    "state_due_soon": gettext_lazy("Due soon"),
    "kind": gettext_lazy("What"),
    "kind_": gettext_lazy("All"),
    "kind_liver": gettext_lazy("Liver"),
    "kind_urinary": gettext_lazy("Urinary"),
    "kind_scales": gettext_lazy("Scales"),
    "kind_visit": gettext_lazy("At the visit"),
    "view": gettext_lazy("Which"),
    "view_": gettext_lazy("To do"),
    "view_snoozed": gettext_lazy("Put off"),
    "view_declined": gettext_lazy("Declined"),
    "view_suspended": gettext_lazy("Resting"),
    "view_done_late": gettext_lazy("Done late"),
}


def worklist(request: HttpRequest) -> HttpResponse:
    """Risk first, fifty at a time, sifted by the query string."""
    membership = current_membership(request)
    if membership is None:
        return render(request, "clinic/no_site.html", status=403)
    site = membership.site
    today = today_local(timezone.now(), site.zone)
    filters = read_filters(request.GET)
    user = acting(request)
    page = work_page(user=user, site=site, on=today, filters=filters)
    all_tasks = request.GET.get("tasks") == "all"
    tasks = open_tasks(user=user, site_id=site.pk, most=None if all_tasks else TASKS)
    shown = {
        "tasks": tasks,
        "page": page,
        "filters": page.filters,
        "facets": _facets(page),
        **{state: page.count("state", state) for state in STATES},
        "query": page.filters.on_page(page.page).as_query(),
        "previous": page.filters.on_page(page.page - 1).as_query() if page.page > 1 else None,
        "next": (
            page.filters.on_page(page.page + 1).as_query() if page.page < page.pages else None
        ),
        "most_letters": MOST_LETTERS,
        "today": today,
        "zone": site.zone,
    }
    return render(request, "labs/worklist.html", shown)


def _facets(page: WorkPage) -> list[dict[str, object]]:
    """The chips of each facet with their words."""
    facets: dict[str, list[dict[str, object]]] = {}
    for chip in page.chips:
        label = LABELS[f"{chip.facet}_{chip.value}"]
        facets.setdefault(chip.facet, []).append({"label": label, "chip": chip})
    return [{"label": LABELS[name], "chips": chips} for name, chips in facets.items()]


def months(request: HttpRequest) -> HttpResponse:
    """What became of the messages, month by month."""
    membership = current_membership(request)
    if membership is None:
        return render(request, "clinic/no_site.html", status=403)
    site = membership.site
    today = today_local(timezone.now(), site.zone)
    found = months_of_messages(user=acting(request), site=site, on=today)
    shown = {"months": found, "today": today, "any": any(m.sent or m.lost for m in found)}
    return render(request, "labs/worklist_months.html", shown)


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
