"""One dose: the gate, then how much and how fast, then the end."""

from __future__ import annotations

from decimal import ROUND_UP, Decimal
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from clinic.admin_base import acting
from clinic.errors import DomainError
from clinic.forms import refusals
from clinic.rules.dates import today_local
from courses.actions.dose import DosePlan, plan_dose
from courses.actions.gate import check_gate
from courses.actions.sessions import earliest_leave, start_infusion
from courses.forms import EndForm, GateForm, MixtureForm
from courses.models import GateCheck, Session
from courses.queries.counting import gate_rules
from courses.queries.find import find_session

VIAL = Decimal(50)
TENTH = Decimal("0.1")


def session_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """May I start? How much, how fast? What next?"""
    session = find_session(user=acting(request), pk=pk, may="infusions.give")
    timezone.activate(session.site.zone)
    today = today_local(timezone.now(), session.site.zone)
    gate_form = GateForm(
        request.POST if "check" in request.POST else None,
        initial={"weighed_on": today},
        rules=gate_rules(session.site_id, today),
    )
    if gate_form.is_bound and gate_form.is_valid():
        with refusals(gate_form) as refusal:
            check_gate(session=session, facts=gate_form.facts(), by=acting(request))
        if not refusal.happened:
            return redirect("session_detail", pk=pk)
    return _page(request, session, gate_form)


def _page(request: HttpRequest, session: Session, gate_form: GateForm) -> HttpResponse:
    check = session.gate_checks.select_related("rule", "by").first()
    mixture_form = _mixture_form(request, session, check)
    dose: DosePlan | None = None
    if check and mixture_form.is_bound and mixture_form.is_valid():
        with refusals(mixture_form) as refusal:
            dose = _dose(session, check, mixture_form)
            if "start" in request.POST:
                start_infusion(
                    session=session,
                    gate_check=check,
                    mixture=mixture_form.mixture(),
                    by=acting(request),
                )
        if "start" in request.POST and not refusal.happened:
            return redirect("session_detail", pk=session.pk)
    infusion = getattr(session, "infusion", None)
    shown = {
        "session": session,
        "course": session.course,
        "patient": session.course.patient,
        "gate_form": gate_form,
        "check": check,
        "against": sum(x["verdict"] in {"hold", "block"} for x in check.lines) if check else 0,
        "mixture_form": mixture_form,
        "dose": dose,
        "infusion": infusion,
        "leave_at": earliest_leave(infusion) if infusion else None,
        "end_form": EndForm(),
        "zone": session.site.zone,
    }
    return render(request, "courses/session.html", shown)


def _dose(session: Session, check: GateCheck, form: MixtureForm) -> DosePlan:
    return plan_dose(
        course=session.course,
        weight_kg=Decimal(check.facts["weight_kg"]),
        mixture=form.mixture(),
    )


def _mixture_form(request: HttpRequest, session: Session, check: GateCheck | None) -> MixtureForm:
    """Bound to what was sent; else to a usual mixture, so that the numbers stand there at once."""
    if {"start", "compute"} & set(request.POST):
        return MixtureForm(request.POST)
    if check is None or session.status not in {"planned", "booked"}:
        return MixtureForm()
    usual = {
        "stock_mg_per_ml": str(VIAL),
        "diluent_ml": "0",
        "diluent": "",
        "total_volume_ml": "100",
    }
    form = MixtureForm({**usual, "stock_ml": "1000"})
    try:
        if form.is_valid():
            needed = _dose(session, check, form).drug_volume_ml.quantize(TENTH, ROUND_UP)
            return MixtureForm({**usual, "stock_ml": str(needed)})
    except DomainError:
        pass
    return MixtureForm()
