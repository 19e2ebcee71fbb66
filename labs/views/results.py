"""Laboratory reports and urinary checks, by hand and for review."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from clinic.admin_base import acting
from clinic.forms import ReasonForm, refusals, told
from clinic.queries import find_patient
from labs.actions.results import record_report, review_report, withdraw_report
from labs.actions.urinary import record_urinary_check
from labs.forms import PanelForm, UrinaryForm
from labs.models import Precision, ResultStatus, Source
from labs.queries_find import find_report


def panel_new(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Each value with its own unit and limits, as the laboratory printed them."""
    patient = find_patient(user=acting(request), pk=pk, may="results.record")
    timezone.activate(patient.site.zone)
    form = PanelForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        with refusals(form):
            recorded = record_report(
                patient=patient,
                laboratory=data["laboratory"],
                identifier=data["identifier"],
                collected_at=data["collected_at"],
                precision=Precision.MINUTE,
                status=ResultStatus.FINAL,
                results=form.results(),
                source=Source.HAND,
                by=acting(request),
            )
            return redirect("report_detail", pk=recorded.report.pk)
    shown = {"form": form, "patient": patient, "rows": form.rows()}
    return render(request, "labs/panel_new.html", shown)


def urinary_new(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Symptoms since the last check."""
    patient = find_patient(user=acting(request), pk=pk, may="results.record")
    timezone.activate(patient.site.zone)
    form = UrinaryForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        with refusals(form):
            check = record_urinary_check(
                patient=patient,
                checked_at=data["checked_at"],
                severities=form.severities(),
                visible_haematuria=data["visible_haematuria"],
                retention=data["retention"],
                infection_suspected=data["infection_suspected"],
                by=acting(request),
            )
            messages.success(request, _("Urinary check: level %d.") % check.level)
            return redirect("patient_chart", pk=pk)
    shown = {
        "form": form,
        "heading": _("Urinary check: %s") % patient,
        "action": _("Save"),
        "back": reverse("patient_chart", args=[pk]),
    }
    return render(request, "parts/form_page.html", shown)


def report_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One report: each value against its own limit, and who has looked at it."""
    report = find_report(user=acting(request), pk=pk, may="results.view")
    shown = {
        "report": report,
        "patient": report.patient,
        "results": report.results.select_related("analyte").order_by("display", "created_at"),
        "zone": report.patient.site.zone,
    }
    return render(request, "labs/report.html", shown)


@require_POST
def report_review(request: HttpRequest, pk: UUID) -> HttpResponse:
    report = find_report(user=acting(request), pk=pk, may="results.review")
    with told(request, _("Reviewed.")):
        review_report(report=report, by=acting(request))
    return redirect("report_detail", pk=pk)


def report_withdraw(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Entered in error: what it had satisfied is open again."""
    report = find_report(user=acting(request), pk=pk, may="results.record")
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with refusals(form) as refusal:
            withdraw_report(report=report, reason=form.cleaned_data["reason"], by=acting(request))
        if not refusal.happened:
            return redirect("report_detail", pk=pk)
    shown = {
        "form": form,
        "heading": _("Withdraw this report"),
        "lead": _("It stays readable, no longer counts, and what it had satisfied is due again."),
        "action": _("Withdraw"),
        "back": reverse("report_detail", args=[pk]),
    }
    return render(request, "parts/form_page.html", shown)
