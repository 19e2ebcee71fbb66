"""Today's board: one line per appointment, assembled in a constant number of queries."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Prefetch

from clinic.models import Appointment, AppointmentStatus, Site
from clinic.queries_policies import SitePolicies, site_policies
from clinic.querysets import Viewer
from clinic.rules.dates import local_day_bounds
from courses.actions.gate import ASKED_HERE
from courses.models import GateCheck, Infusion, Session
from courses.rules.protocols import parse_protocol
from labs.models import Requirement, Task
from labs.queries import MonitoringStatus, status_of

MINUTE = timedelta(minutes=1)
AT_THE_CHAIR = ASKED_HERE | {"cssrs"}


@dataclass(frozen=True, slots=True)
class BoardLine:
    """One visit. `step` is what comes next: arrive, gate, end, leave, or nothing."""

    appointment_id: UUID
    session_id: UUID | None
    patient_id: UUID
    patient_name: str
    record_number: str
    starts_at: datetime
    ends_at: datetime
    chair: str
    staff: str
    dose: int | None
    of: int | None
    status: str
    state: str
    mark: str
    next_step: str
    step: str
    infusion_id: UUID | None
    checks: tuple[MonitoringStatus, ...]


@dataclass(frozen=True, slots=True)
class TodayBoard:
    """A local day of one site."""

    site_name: str
    zone: str
    on: date
    at: datetime
    lines: tuple[BoardLine, ...]
    overdue: int
    urgent_tasks: int

    @property
    def present(self) -> int:
        """Patients who are in the house now."""
        return sum(line.status in {"arrived", "in_treatment", "observing"} for line in self.lines)


def today(*, user: Viewer, site: Site, on: date, at: datetime) -> TodayBoard:
    """The board of the local day `on`, as it stands at `at`. Seven queries, however many visits."""
    begins, ends = local_day_bounds(on, site.zone)
    visits = list(
        Appointment.objects.visible_to(user, "appointments.view")
        .of_site(site.pk)
        .overlapping(begins, ends)
        .exclude(status=AppointmentStatus.CANCELLED)
        .select_related("patient", "chair", "staff", "session__course__protocol")
        .prefetch_related(
            Prefetch(
                "session__gate_checks",
                queryset=GateCheck.objects.order_by("-at", "-id"),
                to_attr="newest_checks",
            ),
            "session__infusion",
        )
        .order_by("during", "chair__name")
    )
    checks = _checks({visit.patient_id for visit in visits}, on)
    policies = site_policies(site.pk, on)
    return TodayBoard(
        site_name=site.name,
        zone=site.time_zone,
        on=on,
        at=at,
        lines=tuple(_line(visit, at, checks[visit.patient_id], policies) for visit in visits),
        overdue=Requirement.objects.visible_to(user, "requirements.view")
        .of_site(site.pk)
        .overdue(on)
        .count(),
        urgent_tasks=Task.objects.visible_to(user, "tasks.view").of_site(site.pk).urgent().count(),
    )


def _checks(patients: set[UUID], on: date) -> dict[UUID, tuple[MonitoringStatus, ...]]:
    """What is due today or overdue and may stand against a dose, by patient.

    What is asked at the chair itself is left to the gate: on the board it would only be noise.
    """
    found: dict[UUID, list[MonitoringStatus]] = defaultdict(list)
    rows = Requirement.objects.filter(patient_id__in=patients).open().select_related("rule")
    for row in rows.filter(next_due_on__lte=on):
        status = status_of(row, on)
        if row.kind not in AT_THE_CHAIR and row.blocks_when != "never":
            found[row.patient_id].append(status)
    return defaultdict(tuple, {key: tuple(value) for key, value in found.items()})


def _line(
    visit: Appointment,
    at: datetime,
    checks: tuple[MonitoringStatus, ...],
    policies: SitePolicies,
) -> BoardLine:
    session: Session | None = getattr(visit, "session", None)
    infusion: Infusion | None = getattr(session, "infusion", None) if session else None
    state, mark, next_step, step = _state(visit, session, infusion, at, policies)
    return BoardLine(
        appointment_id=visit.pk,
        session_id=session.pk if session else None,
        patient_id=visit.patient_id,
        patient_name=str(visit.patient),
        record_number=visit.patient.record_number,
        starts_at=visit.during.lower,
        ends_at=visit.during.upper,
        chair=visit.chair.name,
        staff=str(visit.staff) if visit.staff else "",
        dose=session.number if session else None,
        of=session.course.planned_count if session else None,
        status=visit.status,
        state=state,
        mark=mark,
        next_step=next_step,
        step=step,
        infusion_id=infusion.pk if infusion else None,
        checks=checks,
    )


def _state(
    visit: Appointment,
    session: Session | None,
    infusion: Infusion | None,
    at: datetime,
    policies: SitePolicies,
) -> tuple[str, str, str, str]:
    """Words, a mark beside them, what comes next, and which button does it."""
    if visit.status == AppointmentStatus.BOOKED:
        return _expected(visit, at)
    if visit.status == AppointmentStatus.ARRIVED:
        return _arrived(session)
    if infusion and visit.status == AppointmentStatus.IN_TREATMENT:
        return _running(infusion, at)
    if infusion and visit.status == AppointmentStatus.OBSERVING:
        return _observing(infusion, at, policies)
    return AppointmentStatus(visit.status).label, "done", "", ""


def _expected(visit: Appointment, at: datetime) -> tuple[str, str, str, str]:
    late = int((at - visit.during.lower) / MINUTE)
    if late > 0:
        return f"Expected {_spoken(late)} ago", "warn", "", "arrive"
    return "Expected", "open", "", "arrive"


def _arrived(session: Session | None) -> tuple[str, str, str, str]:
    checks = getattr(session, "newest_checks", [])
    if not checks:
        return "Arrived", "now", "Check before the dose", "gate"
    decision = checks[0].decision
    if decision in {"allow", "warn"}:
        return "Ready", "good", "Start the infusion", "gate"
    against = sum(line["verdict"] in {"hold", "block"} for line in checks[0].lines)
    return f"Arrived, {decision}", "stop", f"{against} reason{'s' * (against != 1)} against", "gate"


def _running(infusion: Infusion, at: datetime) -> tuple[str, str, str, str]:
    minutes = parse_minutes(infusion)
    left = minutes - int((at - infusion.started_at) / MINUTE)
    if left > 0:
        return "Infusion running", "now", f"{left} min left", "end"
    return "Infusion running", "warn", f"{_spoken(-left)} over: end it", "end"


def parse_minutes(infusion: Infusion) -> int:
    """The minutes that this course's infusions run."""
    return infusion.session.course.infusion_minutes


def _observing(
    infusion: Infusion, at: datetime, policies: SitePolicies
) -> tuple[str, str, str, str]:
    protocol = policies.on(infusion.session.course.protocol)
    minutes = protocol.parsed(parse_protocol).observation_minutes
    if infusion.ended_at is None:
        return "Observing", "now", "", ""
    left = minutes - int((at - infusion.ended_at) / MINUTE)
    if left > 0:
        return "Observing", "now", f"may leave in {_spoken(left)}", "leave"
    return "Observing", "good", "may leave", "leave"


def _spoken(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest:02d} min" if hours else f"{rest} min"
