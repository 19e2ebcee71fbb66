"""Recording a scale."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.admin_base import acting
from clinic.forms import refusals
from clinic.queries import find_patient
from courses.actions.assessments import record_assessment
from courses.forms import AssessmentForm
from courses.models import Assessment
from courses.queries.find import scale_named
from courses.rules.scales import parse_scale


def assessment_new(request: HttpRequest, pk: UUID, scale: str) -> HttpResponse:
    """Answers may stay open: then it is kept as a draft and has no total."""
    patient = find_patient(user=acting(request), pk=pk, may="assessments.record")
    row = scale_named(scale)
    if row is None:
        raise Http404
    timezone.activate(patient.site.zone)
    rules = parse_scale(row.content)
    form = AssessmentForm(request.POST or None, scale=rules)
    if request.method == "POST" and form.is_valid():
        with refusals(form):
            assessment = record_assessment(
                patient=patient,
                scale=row,
                items=form.items(),
                functional=form.cleaned_data.get("functional"),
                taken_at=form.cleaned_data["taken_at"],
                by=acting(request),
            )
            _tell(request, assessment, patient.site.crisis_text)
            return redirect("patient_chart", pk=pk)
    shown = {"form": form, "patient": patient, "scale": rules}
    return render(request, "courses/assessment_new.html", shown)


def _tell(request: HttpRequest, assessment: Assessment, crisis_text: str) -> None:
    title = assessment.scale.title
    if assessment.status == "draft":
        messages.warning(request, _("%s is kept as a draft: answers are missing.") % title)
    elif assessment.total is not None:
        messages.success(request, _("%(title)s: total %(total)s.") % vars_of(assessment))
    else:
        messages.success(request, _("%(title)s: risk %(band)s.") % vars_of(assessment))
    if assessment.alerts:
        words = _("Safety answer: a task for a prescriber was made.")
        messages.error(request, f"{words} {crisis_text}")


def vars_of(assessment: Assessment) -> dict[str, object]:
    """What the sentences name."""
    return {
        "title": assessment.scale.title,
        "total": assessment.total,
        "band": assessment.band,
    }
