"""The question before every dose, asked in one place and kept with what it stood on."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from clinic.actions.audit import record
from clinic.errors import Refused
from clinic.models import User
from clinic.queries_policies import InForce, site_policies, under_version
from clinic.rules.content import origin_at
from clinic.rules.dates import today_local
from clinic.rules.reasons import origin_of
from courses.actions.monitoring import sync
from courses.actions.moves import hold_course, hold_session
from courses.models import (
    Assessment,
    Course,
    CourseRule,
    CourseStatus,
    GateCheck,
    Infusion,
    Protocol,
    Session,
    SessionStatus,
)
from courses.rules import gate, weight, windows
from courses.rules.gate_content import GateRules, parse_gate
from courses.rules.protocols import Gaps, parse_protocol
from labs.models import Task
from labs.queries import monitoring_status
from labs.queries_results import liver_history, urinary_history

# Answered on the form itself, a moment before the dose.
ASKED_HERE: Final = frozenset({"bp_predose", "weight", "pregnancy"})
# Which number of the protocol stands behind a reason of the spacing.
GAP_NUMBERS: Final = {
    "min_gap_2d": ("gaps", "min_gap_days"),
    "more_than_2_in_7d": ("gaps", "max_in_window"),
    "session_missed": ("gaps", "missed_after_days"),
    "course_interrupted": ("gaps", "interrupted_after_days"),
}
WATCHED: Final = frozenset({"due", "overdue", "suspended"})


@dataclass(frozen=True, slots=True)
class GateFacts:
    """What is read off, asked and looked up at the chair. Weight in kg, pressures in mmHg.

    `drug_screen_on`: the day of a urine drug screen that is not known here yet, if there is one.
    """

    sbp: int
    dbp: int
    spo2: int
    pregnancy: str
    fasting_kept: bool
    airway_equipment: bool
    capnography: bool
    escort: bool
    weight_kg: Decimal
    weighed_on: date
    conditions: tuple[str, ...] = ()
    medications: tuple[str, ...] = ()
    drug_screen_on: date | None = None


@transaction.atomic
def check_gate(
    *, session: Session, facts: GateFacts, by: User, at: datetime | None = None
) -> GateCheck:
    """Every line for and against this dose now; the worst decides. Kept with its facts.

    Raises Refused (`not_here`, `not_waiting`, `course_resting`, `weighed_later`,
    `screened_later`), RuleError for
    what no instrument shows or nobody weighs.
    """
    moment = at or timezone.now()
    course = hold_course(session.course)
    session = hold_session(session)
    if course.patient.standing != "here":
        raise Refused("not_here", f"This patient is {course.patient.standing}.")
    if session.status not in (SessionStatus.PLANNED, SessionStatus.BOOKED):
        raise Refused("not_waiting", f"This dose is {session.get_status_display().lower()}.")
    if course.status not in (CourseStatus.PLANNED, CourseStatus.ACTIVE):
        raise Refused("course_resting", f"The course is {course.get_status_display().lower()}.")
    today = today_local(moment, course.site.zone)
    policies = site_policies(course.site_id, today)
    counting = policies.current(CourseRule, "gate")
    rules = counting.parsed(parse_gate)
    if facts.weighed_on > today:
        raise Refused("weighed_later", "The weight is of a later day.", "weighed_on")
    if facts.drug_screen_on and facts.drug_screen_on > today:
        raise Refused("screened_later", "The screen is of a later day.", "drug_screen_on")
    weight.require_plausible(facts.weight_kg, rules.weight)
    protocol = policies.on(course.protocol)
    found = gate.evaluate(_rule_facts(course, facts, rules, protocol, today), rules)
    check = GateCheck.objects.create(
        site_id=session.site_id,
        session=session,
        at=moment,
        by=by,
        decision=found.decision,
        facts=_stored(facts),
        lines=[asdict(line) for line in found.lines],
        rule=counting.row,
        policy_version=counting.policy_version,
    )
    record("gate.checked", by=by, subject=check, patient_id=course.patient_id)
    sync(course=course)
    return check


def _stored(facts: GateFacts) -> dict[str, Any]:
    return {
        name: str(value) if isinstance(value, Decimal | date) else value
        for name, value in asdict(facts).items()
    }


def _rule_facts(
    course: Course, facts: GateFacts, rules: GateRules, counting: InForce[Protocol], on: date
) -> gate.Facts:
    protocol, content = counting.parsed(parse_protocol), counting.content
    given = list(
        Infusion.objects.for_patient(course.patient_id).given().order_by("started_at", "id")
    )
    return gate.Facts(
        indication=protocol.indication,
        sbp=facts.sbp,
        dbp=facts.dbp,
        spo2=facts.spo2,
        pregnancy=facts.pregnancy,
        fasting_kept=facts.fasting_kept,
        airway_equipment=facts.airway_equipment,
        capnography=facts.capnography,
        escort=facts.escort,
        conditions=facts.conditions,
        medications=facts.medications,
        # The baseline panel is one of the requirements below, with its age and its source.
        needs_lft_baseline=False,
        age_years=gate.age_years(course.patient.birth_date, on),
        weight_findings=_weight_findings(course, facts, rules, given, on),
        gap=(gap := _gap(course, protocol.gaps, given, on)),
        gap_origin=origin_at(content, *GAP_NUMBERS.get(gap[1], ("gaps",))),
        gap_inputs=_gap_inputs(gap[1], protocol.gaps, given),
        monitoring=_monitoring(course, on, facts.drug_screen_on),
        cssrs_risk=_risk(course),
        holds=_holds(course, on),
    )


def _weight_findings(
    course: Course, facts: GateFacts, rules: GateRules, given: list[Infusion], on: date
) -> tuple[str, ...]:
    of_course = [row for row in given if row.course_id == course.pk]
    found = weight.needs_confirmation(
        facts.weight_kg, last_kg=given[-1].weight_kg if given else None, rules=rules.weight
    )
    stale = weight.is_stale(
        weighed_on=facts.weighed_on, on=on, is_first=not of_course, rules=rules.weight
    )
    return ("weight_stale", *found) if stale else found


def _gap(
    course: Course, gaps: Gaps | None, given: list[Infusion], on: date
) -> tuple[str, str, str]:
    """Spacing against every infusion of the person; only this course's can be interrupted."""
    if gaps is None:
        return "ok", "", ""
    of_course = [row.given_on for row in given if row.course_id == course.pk]
    near = [row.given_on for row in given if (on - row.given_on).days < gaps.window_days]
    found = windows.check_gap({*of_course, *near}, on, gaps)
    if found.reason == "course_interrupted" and course.status == CourseStatus.ACTIVE:
        # Resumed after the interruption: screening again is what this very gate does.
        since = given[-1].started_at
        resumed = course.transitions.filter(from_status=CourseStatus.INTERRUPTED, at__gt=since)
        if resumed.exists():
            return gate.WARN, found.reason, found.sentence
    return found.status, found.reason, found.sentence


def _gap_inputs(reason: str, gaps: Gaps | None, given: list[Infusion]) -> dict[str, Any]:
    """The last infusions and the limit of the spacing that is touched."""
    if gaps is None or reason not in GAP_NUMBERS:
        return {}
    name = GAP_NUMBERS[reason][1]
    days = [row.given_on.isoformat() for row in given[-gaps.max_in_window :]]
    return {"given_on": days, name: getattr(gaps, name)}


def rules_of(check: GateCheck) -> GateRules:
    """The rules by which a check was decided, whatever counts today."""
    return under_version(check.rule, check.site_id, check.policy_version).parsed(parse_gate)


def standing_against(course: Course, on: date) -> list[str]:
    """Titles of what stands against a dose, beyond what is asked at the chair."""
    due = [fact.title for fact in _monitoring(course, on) if fact.blocks]
    return [*due, *(hold.title for hold in _holds(course, on))]


def _holds(course: Course, on: date) -> tuple[gate.Hold, ...]:
    """Findings that hold the dose and whose task no prescriber has closed.

    A finding that was corrected away or withdrawn holds nothing, open task or not.
    """
    panels = liver_history(patient=course.patient, on=on)
    found = {p.report_id: (p.action_title, origin_of(p.why)) for p in panels if p.holds_dose}
    checks = urinary_history(patient_id=course.patient_id)
    found |= {c.check_id: (c.title, origin_of(c.why)) for c in checks if c.holds_dose}
    asked = Task.objects.of_site(course.site_id).open().filter(subject_id__in=found)
    return tuple(gate.Hold(task.kind, *found[task.subject_id]) for task in asked)


def _monitoring(
    course: Course, on: date, drug_screen_on: date | None = None
) -> tuple[gate.MonitoringFact, ...]:
    # A screen that is told now is handed down with this check and counts from here on.
    told = ASKED_HERE | {"uds"} if drug_screen_on else ASKED_HERE
    return tuple(
        gate.MonitoringFact(s.kind, s.title, s.state, s.due_on, s.blocks_dose, origin_of(s.why))
        for s in monitoring_status(patient_id=course.patient_id, on=on)
        if s.kind not in told and (s.state in WATCHED or s.blocks_dose)
    )


def _risk(course: Course) -> str:
    last = (
        Assessment.objects.for_patient(course.patient_id)
        .scored()
        .on_scale("cssrs_screener")
        .order_by("-taken_at")
        .first()
    )
    return last.band if last else ""
