"""Courses hand their facts down, in the transaction that changes them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from clinic.actions.appointments import cancel_appointment
from clinic.actions.audit import record
from clinic.models import Appointment, AppointmentStatus, Patient, Site, User
from courses.actions.moves import free_chairs
from courses.actions.outcomes import follow_outcomes, judge_patient
from courses.models import Assessment, Course, GateCheck, Infusion, Session, SessionStatus
from labs.actions.policies import follow_policies
from labs.actions.reminders import poke
from labs.actions.requirements import Repairs, reconcile, replan, set_subject
from labs.actions.watch import beat
from labs.facts import as_json
from labs.models import MonitoringSubject
from labs.rules.exposure import Completion, CourseFacts, PlannedSession
from labs.rules.exposure import Infusion as InfusionFact
from labs.rules.health import RECONCILE

# Patients whose facts are handed down when the block around them ends.
_waiting: ContextVar[set[UUID] | None] = ContextVar("waiting", default=None)


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What a full recomputation had to mend, and how many courses it looked at."""

    courses: int
    stale_facts: int
    repairs: Repairs

    @property
    def total(self) -> int:
        found = self.repairs
        return self.stale_facts + found.requirements + found.reminders + found.faults


def sync(*, course: Course) -> int:
    """Hand down what changed of this course; how many requirements changed.

    The patient's other courses are looked at too: a score counts for each of them, and a new
    course takes over what an old one still owed. The caller holds the patient's row.
    Inside `told_once` it is done at the end.
    """
    waiting = _waiting.get()
    if waiting is not None:
        waiting.add(course.patient_id)
        return 0
    return sync_patient(patient_id=course.patient_id)


@contextmanager
def told_once() -> Iterator[None]:
    """Several facts of one transaction, handed down once when all of them stand.

    For writing many at once; a gate asked inside would not know of them yet.
    """
    waiting: set[UUID] = set()
    token = _waiting.set(waiting)
    try:
        yield
    finally:
        _waiting.reset(token)
    for patient_id in waiting:
        sync_patient(patient_id=patient_id)


def sync_patient(*, patient_id: UUID) -> int:
    """The same for every course of a patient."""
    stored = dict(
        MonitoringSubject.objects.for_patient(patient_id).values_list("subject_id", "facts")
    )
    changed = 0
    for course in Course.objects.for_patient(patient_id).select_related("site").order_by("number"):
        facts = course_facts(course)
        if stored.get(course.pk) != as_json(facts):
            changed += set_subject(
                site_id=course.site_id,
                patient_id=patient_id,
                subject_id=course.pk,
                facts=facts,
            )
    judge_patient(patient_id=patient_id)
    if changed:
        poke()
    return changed


@transaction.atomic
def patient_changed(*, patient: Patient, by: User | None) -> int:
    """A death, a transfer or a withdrawn consent ends what is due; its undoing brings it back.

    Chairs booked from now on are freed. Sessions stay planned, so that a slip can be undone.
    """
    Patient.objects.select_for_update(no_key=True).get(pk=patient.pk)
    if patient.standing != "here":
        _free_all(patient, by=by)
    changed = sync_patient(patient_id=patient.pk) + replan(patient_id=patient.pk)
    record(
        "patient.standing",
        by=by,
        subject=patient,
        patient_id=patient.pk,
        change={"standing": patient.standing},
    )
    return changed


def _free_all(patient: Patient, *, by: User | None) -> None:
    reason = f"Patient {patient.standing}"
    for course in Course.objects.for_patient(patient.pk).under_way():
        free_chairs(course, by=by, reason=reason, to=SessionStatus.PLANNED)
    others = Appointment.objects.for_patient(patient.pk).upcoming(timezone.now())
    for appointment in others.filter(status=AppointmentStatus.BOOKED):
        cancel_appointment(appointment=appointment, reason=reason, by=by)


def course_facts(course: Course) -> CourseFacts:
    """Everything about a course that moves a due day, as plain data."""
    later = (
        Course.objects.for_patient(course.patient_id)
        .filter(number__gt=course.number)
        .order_by("number")
        .first()
    )
    return CourseFacts(
        zone=course.site.zone,
        state=course.status,  # type: ignore[arg-type]  # the model's choices are the same words
        planned_start_on=course.planned_start_on,
        planned_count=course.planned_count,
        started_on=course.started_on,
        ended_on=course.ended_on,
        infusions=tuple(_infusion(row) for row in course.infusions.all()),
        sessions=tuple(
            PlannedSession(str(row.pk), session_day(row))
            for row in course.sessions.filter(status__in=("planned", "booked")).select_related(
                "appointment", "site"
            )
        ),
        completions=(*_scales(course), *_at_gates(course)),
        next_course_on=later.planned_start_on if later else None,
    )


def session_day(session: Session) -> date:
    """The local day of its chair, else the ideal day."""
    if session.appointment is None:
        return session.ideal_on
    start: datetime = session.appointment.during.lower
    return start.astimezone(session.site.zone).date()


def _infusion(row: Infusion) -> InfusionFact:
    return InfusionFact(
        session=str(row.session_id),
        given_on=row.given_on,
        started_at=row.started_at,
        ended_at=row.ended_at,
        drug_given=row.given_mg is None or row.given_mg > 0,
        entered_in_error=row.entered_in_error_at is not None,
    )


def _scales(course: Course) -> list[Completion]:
    rows = Assessment.objects.for_patient(course.patient_id).scored().select_related("scale")
    return [
        Completion(
            measure="cssrs" if row.scale.code == "cssrs_screener" else "scale",
            done_on=row.taken_on,
            done_at=row.taken_at,
            key=str(row.pk),
        )
        for row in rows
    ]


def _at_gates(course: Course) -> list[Completion]:
    """Blood pressure, weight, pregnancy test and drug screen as entered before a dose."""
    found = []
    zone = course.site.zone
    for check in GateCheck.objects.filter(session__course=course):
        day = check.at.astimezone(zone).date()
        if check.facts.get("sbp"):
            found.append(Completion("bp", day, check.at, key=f"bp/{check.pk}"))
        if weighed := check.facts.get("weighed_on"):
            weighed_on = date.fromisoformat(weighed)
            found.append(Completion("weight", weighed_on, key=f"weight/{check.pk}"))
        if screened := check.facts.get("drug_screen_on"):
            found.append(Completion("uds", date.fromisoformat(screened), key=f"uds/{check.pk}"))
        if check.facts.get("pregnancy") in {"negative", "not_applicable"}:
            found.append(Completion("pregnancy", day, check.at, key=f"pregnancy/{check.pk}"))
    return found


def reconcile_all() -> Reconciled:
    """Plan everything anew from the facts. What it mends is a fault elsewhere."""
    courses = stale = 0
    begun, total = time.monotonic(), Repairs()
    for site in Site.objects.all():
        looked_at, mended = _refresh_facts(site)
        courses, stale = courses + looked_at, stale + mended
        # A policy whose day has come is no fault: what it moves is moved before faults are counted.
        follow_policies(site_ids=[site.pk])
        follow_outcomes(site=site)
        total = _added(total, reconcile(site_id=site.pk))
    done = Reconciled(courses, stale, total)
    seconds = round(time.monotonic() - begun, 1)
    beat(RECONCILE, stale_facts=stale, seconds=seconds, **asdict(total))
    return done


def _refresh_facts(site: Site) -> tuple[int, int]:
    looked_at = mended = 0
    stored = dict(
        MonitoringSubject.objects.of_site(site.pk).values_list("subject_id", "facts").iterator()
    )
    for course in Course.objects.of_site(site.pk).select_related("site").iterator(chunk_size=500):
        looked_at += 1
        if stored.get(course.pk) != as_json(course_facts(course)):
            mended += _mend(course)
    return looked_at, mended


@transaction.atomic
def _mend(course: Course) -> bool:
    """Whether the stored facts are stale indeed, and not only older than a write of this moment."""
    Patient.objects.select_for_update(no_key=True).get(pk=course.patient_id)
    now = Course.objects.select_related("site").get(pk=course.pk)
    held = MonitoringSubject.objects.filter(subject_id=course.pk).first()
    if held and held.facts == as_json(course_facts(now)):
        return False
    sync(course=now)
    return True


def _added(one: Repairs, other: Repairs) -> Repairs:
    return Repairs(
        patients=one.patients + other.patients,
        requirements=one.requirements + other.requirements,
        reminders=one.reminders + other.reminders,
        faults=one.faults + other.faults,
    )
