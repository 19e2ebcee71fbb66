"""What staff do about something due, and everything due for one patient."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic.access import memberships_of
from clinic.admin_base import acting
from clinic.context_processors import words_of
from clinic.forms import refusals
from clinic.queries import find_patient
from clinic.rules.dates import today_local
from labs.actions.follow_ups import record_contact, record_declined, snooze
from labs.forms_follow_up import REASONS, ContactForm, DeclinedForm, SnoozeForm
from labs.queries_due_list import due_list, find_requirement, line_of
from labs.rules.worklist import read_filters

FORMS: Final = {"contact": ContactForm, "snooze": SnoozeForm, "declined": DeclinedForm}
ACTIONS: Final[dict[str, Any]] = {
    "contact": record_contact,
    "snooze": snooze,
    "declined": record_declined,
}
# A refusal by the patient also closes something: who may only look into it may not say it.
NEEDED: Final = {"declined": ("requirements.follow_up", "tasks.resolve")}
TABS: Final = (
    ("contact", gettext_lazy("Contact")),
    ("snooze", gettext_lazy("Put off")),
    ("declined", gettext_lazy("Declined")),
)
FROM_PATIENT: Final = "patient"


def follow_up(request: HttpRequest, pk: UUID, what: str) -> HttpResponse:
    """Say that somebody was contacted, that it can wait, or that the patient declined."""
    if what not in FORMS:
        raise Http404
    user = acting(request)
    for may in NEEDED.get(what, ("requirements.follow_up",)):
        requirement = find_requirement(user=user, pk=pk, may=may)
    zone = requirement.patient.site.zone
    form = FORMS[what](request.POST or None, initial={"due_on": requirement.next_due_on})
    back = _back(request, requirement.patient_id)
    if request.method == "POST" and form.is_valid():
        with refusals(form) as refusal:
            ACTIONS[what](requirement=requirement, by=user, **form.cleaned_data)
        if not refusal.happened:
            messages.success(request, _("Written down."))
            return redirect(back)
    today = today_local(timezone.now(), zone)
    shown = {
        "form": form,
        "what": what,
        "tabs": TABS,
        "query": request.GET.urlencode(),
        "reasons": REASONS.get(what, ()),
        "line": line_of(user=user, requirement=requirement, on=today),
        "patient": requirement.patient,
        "back": back,
        "today": today,
        "zone": zone,
    }
    return render(request, "labs/follow_up.html", shown)


def _back(request: HttpRequest, patient_id: UUID) -> str:
    """Where the visitor came from: the patient's own list, or the worklist as it was sifted."""
    if request.GET.get("from") == FROM_PATIENT:
        return reverse("patient_due", args=[patient_id])
    query = read_filters(request.GET).as_query()
    return reverse("worklist") + (f"?{query}" if query else "")


def patient_due(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Everything open, resting and lately done for one patient."""
    user = acting(request)
    patient = find_patient(user=user, pk=pk, may="requirements.view")
    today = today_local(timezone.now(), patient.site.zone)
    here = next((m for m in memberships_of(request) if m.site_id == patient.site_id), None)
    shown = {
        "patient": patient,
        "list": due_list(user=user, patient=patient, on=today),
        "here": words_of(here),
        "query": f"from={FROM_PATIENT}",
        "today": today,
        "zone": patient.site.zone,
    }
    return render(request, "labs/patient_due.html", shown)
