"""A course is asked for, proposed, booked; it rests, goes on, ends."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.admin_base import acting
from clinic.forms import ReasonForm, refusals
from clinic.queries import find_patient
from courses.actions import courses as actions
from courses.actions.series import Proposal, book_course, propose_course
from courses.forms import CourseForm, StopForm
from courses.models import Course
from courses.queries.find import find_course
from courses.rules import transitions


def course_new(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Shown before it is booked: every dose with its time and what stands against it."""
    patient = find_patient(user=acting(request), pk=pk, may="courses.change")
    timezone.activate(patient.site.zone)
    form = CourseForm(request.POST or None, patient=patient)
    proposal: Proposal | None = None
    if request.method == "POST" and form.is_valid():
        with refusals(form):
            if "book" in request.POST:
                course = book_course(form.wish(), by=acting(request))
                messages.success(request, _("The course is booked."))
                return redirect("course_detail", pk=course.pk)
            proposal = propose_course(form.wish(), by=acting(request))
    shown = {"form": form, "patient": patient, "proposal": proposal, "zone": patient.site.zone}
    return render(request, "courses/course_new.html", shown)


def course_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Its sessions, its history, and what may happen next."""
    course = find_course(user=acting(request), pk=pk, may="courses.view")
    timezone.activate(course.site.zone)
    shown = {
        "course": course,
        "patient": course.patient,
        "sessions": course.sessions.select_related("appointment__chair", "infusion").order_by(
            "number", "created_at"
        ),
        "steps": course.transitions.select_related("by"),
        "moves": transitions.COURSE[course.status],
        "zone": course.site.zone,
    }
    return render(request, "courses/course.html", shown)


def course_move(request: HttpRequest, pk: UUID, move: str) -> HttpResponse:
    """Pause, resume, stop, complete, reopen: one page, one reason."""
    course = find_course(user=acting(request), pk=pk, may="courses.change")
    form: Form = (StopForm if move == "stop" else ReasonForm)(request.POST or None)
    if move == "complete":
        form = Form(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with refusals(form) as refusal:
            _move(request, course, move, form)
        if not refusal.happened:
            return redirect("course_detail", pk=pk)
    heading, action = HEADINGS[move]
    shown = {
        "form": form,
        "heading": f"{heading}: {course.patient}",
        "action": action,
        "back": reverse("course_detail", args=[pk]),
    }
    return render(request, "parts/form_page.html", shown)


HEADINGS = {
    "pause": ("Pause the course", "Pause"),
    "resume": ("Resume the course", "Resume"),
    "stop": ("Stop the course", "Stop"),
    "complete": ("Complete the course", "Complete"),
    "reopen": ("Reopen the course", "Reopen"),
}


def _move(request: HttpRequest, course: Course, move: str, form: Form) -> None:
    by = acting(request)
    if move == "complete":
        actions.complete_course(course=course, by=by)
    else:
        act = {
            "pause": actions.pause_course,
            "resume": actions.resume_course,
            "stop": actions.stop_course,
            "reopen": actions.reopen_course,
        }[move]
        act(course=course, by=by, **form.cleaned_data)
