"""Today's board and its buttons."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from clinic.access import current_membership
from clinic.admin_base import acting
from clinic.forms import told
from clinic.rules.dates import today_local
from courses.actions import sessions
from courses.forms import EndForm
from courses.queries.find import find_session
from courses.queries.today import today as today_board

DAY = timedelta(days=1)


def today(request: HttpRequest) -> HttpResponse:
    """Who comes, in which chair, at which dose, and what stands against it."""
    membership = current_membership(request)
    if membership is None:
        return render(request, "clinic/no_site.html", status=403)
    site = membership.site
    now = timezone.now()
    here = today_local(now, site.zone)
    on = _day(request.GET.get("day", "")) or here
    board = today_board(user=acting(request), site=site, on=on, at=now)
    shown = {
        "board": board,
        "zone": site.zone,
        "is_today": on == here,
        "before": on - DAY,
        "after": on + DAY,
    }
    return render(request, "courses/today.html", shown)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _back(request: HttpRequest) -> HttpResponse:
    return redirect(reverse("today"))


@require_POST
def arrive(request: HttpRequest, pk: UUID) -> HttpResponse:
    session = find_session(user=acting(request), pk=pk, may="appointments.change")
    with told(request):
        sessions.mark_arrived(session=session, by=acting(request))
    return _back(request)


@require_POST
def no_show(request: HttpRequest, pk: UUID) -> HttpResponse:
    session = find_session(user=acting(request), pk=pk, may="appointments.change")
    with told(request, f"{session.course.patient} did not come: the dose is missed."):
        sessions.mark_no_show(session=session, by=acting(request))
    return _back(request)


@require_POST
def end(request: HttpRequest, pk: UUID) -> HttpResponse:
    """From the board without words; from the session page with what went in."""
    session = find_session(user=acting(request), pk=pk, may="infusions.give")
    form = EndForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(form.errors.as_text().split("\n")))
        return redirect("session_detail", pk=pk)
    with told(request, "Infusion ended: observation begins."):
        sessions.end_infusion(
            infusion=session.infusion,
            by=acting(request),
            given_mg=form.cleaned_data["given_mg"],
            stop_reason=form.cleaned_data["stop_reason"],
        )
    return redirect("session_detail", pk=pk)


@require_POST
def leave(request: HttpRequest, pk: UUID) -> HttpResponse:
    session = find_session(user=acting(request), pk=pk, may="infusions.give")
    with told(request, f"{session.course.patient} may go home with the escort. No driving today."):
        sessions.discharge(session=session, by=acting(request))
    return _back(request)
