"""Finding a patient, and the chart."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.access import current_membership, memberships_of
from clinic.actions.patients import register_patient
from clinic.admin_base import acting
from clinic.context_processors import words_of
from clinic.errors import Refused
from clinic.forms import PatientForm, SearchForm, refusals
from clinic.paper import pdf
from clinic.queries import find_patient, newest, patients_named
from clinic.rules.access import allows
from courses.models import Scale
from courses.plot import plots
from courses.queries.chart import chart as assemble
from courses.queries.decisions import decisions


def patients(request: HttpRequest) -> HttpResponse:
    """Everybody at this site, or whose names begin with what was typed."""
    membership = current_membership(request)
    if membership is None:
        return render(request, "clinic/no_site.html", status=403)
    form = SearchForm(request.GET)
    words = form.cleaned_data["q"] if form.is_valid() else ""
    found = patients_named(user=acting(request), site_id=membership.site_id, words=words)
    return render(
        request, "courses/patients.html", {"form": form, "patients": found, "words": words}
    )


def patient_new(request: HttpRequest) -> HttpResponse:
    """Register a person at this site."""
    membership = current_membership(request)
    if membership is None:
        return render(request, "clinic/no_site.html", status=403)
    form = PatientForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with refusals(form):
            patient = register_patient(
                site=membership.site, by=acting(request), **form.cleaned_data
            )
            return redirect("patient_chart", pk=patient.pk)
    shown = {
        "form": form,
        "heading": _("New patient"),
        "action": _("Register"),
        "back": reverse("patients"),
    }
    return render(request, "parts/form_page.html", shown)


def patient_chart(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The answer first, the evidence under it, the action beside it."""
    patient = find_patient(user=acting(request), pk=pk)
    membership = next(m for m in memberships_of(request) if m.site_id == patient.site_id)
    if not allows(membership.role, "assessments.view"):
        shown = {"patient": patient, "here": words_of(membership)}
        return render(request, "courses/contact.html", shown)
    timezone.activate(patient.site.zone)
    view = assemble(patient=patient, at=timezone.now())
    shown = {
        "chart": view,
        "patient": patient,
        "plots": plots(view),
        "here": words_of(membership),
        "scales": newest(Scale),
        "zone": patient.site.zone,
    }
    return render(request, "courses/chart.html", shown)


def patient_decisions(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Everything that was decided about a patient, and why."""
    patient = find_patient(user=acting(request), pk=pk, may="results.view")
    timezone.activate(patient.site.zone)
    record = decisions(patient=patient, at=timezone.now())
    return render(request, "courses/decisions.html", {"record": record, "patient": patient})


def patient_decisions_pdf(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The same on paper. Its name says nothing of the person or the treatment."""
    by = acting(request)
    patient = find_patient(user=by, pk=pk, may="results.view")
    record = decisions(patient=patient, at=timezone.now())
    shown = {"record": record, "patient": patient, "zone": patient.site.zone, "by": by.name}
    try:
        drawn = pdf("courses/decisions_print.html", shown)
    except Refused as refusal:
        messages.error(request, f"{refusal.message} {_('Your browser can print this page.')}")
        return redirect("patient_decisions", pk=pk)
    name = f"record-{record.at:%Y%m%d}.pdf"
    return HttpResponse(
        drawn,
        content_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{name}"'},
    )
