"""Twenty thousand generated courses: the plan, its order, its reminders, and nothing to mend."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Final
from uuid import uuid4

from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, seed, settings

from clinic.actions.patients import register_patient
from clinic.models import Patient, Site
from clinic.rules.dates import today_local
from labs.actions.reminders import sweep
from labs.actions.requirements import Repairs, reconcile, replan, set_subject
from labs.models import MonitoringSubject, Reminder, Requirement
from labs.queries_policies import default_reminder_policy
from labs.rules import defaults
from labs.rules.due import Dates
from labs.rules.exposure import Completion, CourseFacts
from labs.rules.monitoring import plan
from labs.rules.planned import PlannedRequirement
from labs.rules.reminders import ReminderPolicy, step_days
from tests.unit.labs.test_plan_properties import CLOCKS, MEASURES, START, courses

SEED: Final = 20261123
PURE: Final = 20_000
STORED: Final = 500
DAYS: Final = 45
BEGUN_DAYS_AGO: Final = 21
RULES: Final = defaults.requirements()
AT_THE_VISIT: Final = frozenset(rule.kind for rule in RULES if rule.at_the_visit)


def run(small: bool) -> dict[str, object]:
    """How many courses were judged, what was wrong with them, and what had to be mended."""
    pure, stored = (1_000, 40) if small else (PURE, STORED)
    found = _generated(pure)
    wrong: Counter[str] = Counter()
    shuffler = random.Random(SEED)  # noqa: S311  to be repeated, not to be secret
    for facts in found:
        wrong.update(_wrong(facts, shuffler))
    return {
        "seed": SEED,
        "courses": len(found),
        "rows": sum(len(plan(facts, RULES)) for facts in found[:1000]),
        "wrong": dict(wrong),
        **(kept := _stored(_some(found, stored, shuffler), shuffler)),
        "ok": not wrong
        and kept["steps"] > 0
        and not any(kept[name] for name in ("repairs", "replanned", "untold")),
    }


def _generated(count: int) -> list[CourseFacts]:
    """The same for the same seed: any state, facts in any order, some that do not count."""
    found: list[CourseFacts] = []

    @seed(SEED)
    @settings(
        max_examples=count,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(courses())
    def collect(facts: CourseFacts) -> None:
        found.append(facts)

    collect()
    return found


def _some(found: list[CourseFacts], count: int, shuffler: random.Random) -> list[CourseFacts]:
    """Mostly courses under treatment: the others have little ahead of them."""
    active = [facts for facts in found if facts.state == "active"]
    others = [facts for facts in found if facts.state != "active"]
    many = min(count * 3 // 4, len(active))
    return [*shuffler.sample(active, many), *shuffler.sample(others, count - many)]


def _wrong(facts: CourseFacts, shuffler: random.Random) -> Iterable[str]:
    """Names of what does not hold for one course."""
    rows = plan(facts, RULES)
    checks: dict[str, Callable[[], bool]] = {
        "order_matters": lambda: plan(_shuffled(facts, shuffler), RULES) == rows,
        "twice_differs": lambda: plan(facts, RULES) == rows,
        "two_rows_of_a_name": lambda: len({(r.kind, r.cycle) for r in rows}) == len(rows),
        "due_before_its_fact": lambda: all(_after_its_fact(row) for row in rows),
        "gap_above_the_most": lambda: all(_within(row, facts) for row in rows),
        "open_and_never_told": lambda: all(_is_told(row) for row in rows),
        "gone_and_owing": lambda: (
            facts.standing == "here" or all(row.state == "closed" for row in rows)
        ),
    }
    return [name for name, holds in checks.items() if not holds()]


def _shuffled(facts: CourseFacts, shuffler: random.Random) -> CourseFacts:
    return replace(
        facts,
        infusions=tuple(shuffler.sample(facts.infusions, len(facts.infusions))),
        sessions=tuple(shuffler.sample(facts.sessions, len(facts.sessions))),
        completions=tuple(shuffler.sample(facts.completions, len(facts.completions))),
    )


def _after_its_fact(row: PlannedRequirement) -> bool:
    if row.kind not in CLOCKS or row.state != "open" or None in (row.due_on, row.last_done_on):
        return True
    return (row.due_on or date.min) >= (row.last_done_on or date.max)


def _within(row: PlannedRequirement, facts: CourseFacts) -> bool:
    """From one time to the next never more days than the rule's clock."""
    if row.kind not in CLOCKS or row.state != "open" or row.last_done_on is None:
        return True
    rule = next(rule for rule in RULES if rule.kind == row.kind)
    most = rule.policy(facts.phase).period_days
    is_before_the_first = row.opens_on is not None
    if most is None or row.due_on is None or is_before_the_first:
        return True
    return (row.due_on - row.last_done_on).days <= most


def _is_told(row: PlannedRequirement) -> bool:
    """What is open, and not done when the patient is here anyway, has a day on which it is told."""
    if row.state != "open" or row.kind in AT_THE_VISIT or row.dates is None:
        return True
    return bool(step_days(row.dates, default_reminder_policy()))


# --- through the database -----------------------------------------------------------------------
def _stored(found: list[CourseFacts], shuffler: random.Random) -> dict[str, int]:
    """Planned, moved, planned again; then every day of six weeks swept twice."""
    sites = {name: _site(name) for name in {str(facts.zone) for facts in found}}
    replanned = 0
    for number, facts in enumerate(found):
        patient = _patient(sites[str(facts.zone)], number)
        here, subject = _lately(facts, patient, shuffler), uuid4()
        for known in (here, _moved(here, shuffler), here):
            _tell(patient, subject, known)
            replanned += replan(patient_id=patient.pk)
    repairs = sum(_repairs(reconcile(site_id=site.pk)) for site in sites.values())
    steps, untold = _swept(sites.values())
    repairs += sum(_repairs(reconcile(site_id=site.pk)) for site in sites.values())
    return {
        "stored": MonitoringSubject.objects.count(),
        "requirements": Requirement.objects.count(),
        "reminders": Reminder.objects.count(),
        "replanned": replanned,
        "repairs": repairs,
        "steps": steps,
        "untold": untold,
    }


def _site(zone: str) -> Site:
    return Site.objects.create(name=zone, slug=zone.lower().replace("/", "-"), time_zone=zone)


def _patient(site: Site, number: int) -> Patient:
    return register_patient(
        site=site, by=None, record_number=f"R{number}", given_name="Given",
        family_name="Family", birth_date=date(1980, 1, 1), email=f"p{number}@mail.example",
        consents_to_email=number % 2 == 0,
    )  # fmt: skip


def _tell(patient: Patient, subject: object, facts: CourseFacts) -> None:
    set_subject(
        site_id=patient.site_id,
        patient_id=patient.pk,
        subject_id=subject,  # type: ignore[arg-type]  # a UUID of this run
        facts=facts,
    )


def _lately(facts: CourseFacts, patient: Patient, shuffler: random.Random) -> CourseFacts:
    """The same course as if it had begun three weeks ago, without what is still to come.

    A course of last spring, or one whose checks were never done, would owe everything at once: no
    step of the ladder would be ahead. So each check was done once on some day since.
    """
    today = today_local(timezone.now(), patient.site.zone)
    ahead = today - timedelta(days=BEGUN_DAYS_AGO) - START
    given = [
        replace(
            one,
            given_on=(one.started_at + ahead).astimezone(facts.zone).date(),
            started_at=one.started_at + ahead,
            ended_at=one.ended_at and one.ended_at + ahead,
        )
        for one in facts.infusions
    ]
    done = [
        replace(one, done_on=one.done_on + ahead, done_at=one.done_at and one.done_at + ahead)
        for one in facts.completions
    ]
    kept = [
        Completion(measure, today - timedelta(days=shuffler.randrange(BEGUN_DAYS_AGO)), key=measure)
        for measure in MEASURES
    ]
    return replace(
        facts,
        standing="here",
        planned_start_on=facts.planned_start_on + ahead,
        started_on=facts.started_on and facts.started_on + ahead,
        ended_on=facts.ended_on and min(facts.ended_on + ahead, today),
        infusions=tuple(one for one in given if one.given_on <= today),
        sessions=tuple(replace(one, on=one.on + ahead) for one in facts.sessions),
        completions=(*(one for one in done if one.done_on <= today), *kept),
    )


def _moved(facts: CourseFacts, shuffler: random.Random) -> CourseFacts:
    """A fact withdrawn, entered in error, or a pause."""
    moves: list[Callable[[], CourseFacts]] = [
        lambda: replace(facts, completions=facts.completions[1:]),
        lambda: replace(
            facts, infusions=tuple(replace(i, entered_in_error=True) for i in facts.infusions[:1])
            + facts.infusions[1:],
        ),
        lambda: replace(facts, state="paused") if facts.state == "active" else facts,
    ]  # fmt: skip
    return shuffler.choice(moves)()


def _repairs(found: Repairs) -> int:
    return found.requirements + found.reminders + found.faults


def _swept(sites: Iterable[Site]) -> tuple[int, int]:
    """Six weeks of two sweeps a day: steps that were to be told, and rows where they were not.

    Each on its own day by the site's clock, each once.
    """
    policy, missing, expected = default_reminder_policy(), 0, 0
    now = timezone.now()
    moments = [now + timedelta(days=day) for day in range(DAYS)]
    leaving = {site.pk: _leaving(site, moments, policy) for site in sites}
    for moment in moments:
        sweep(moment)
        sweep(moment)
    told: dict[object, list[tuple[str, date]]] = {}
    for row in Reminder.objects.exclude(state="cancelled"):
        key = row.requirement_id, row.requirement_due_on
        told.setdefault(key, []).append((row.step, row.local_date))
    open_rows = Requirement.objects.filter(status="open").exclude(kind__in=AT_THE_VISIT)
    for one in open_rows.exclude(subject_state__in=("completed", "stopped")):
        wanted = _wanted(one, leaving[one.site_id], policy)
        expected += len(wanted)
        missing += sorted(told.get((one.pk, one.next_due_on), [])) != sorted(wanted)
    return expected, missing


def _leaving(site: Site, moments: Iterable[datetime], policy: ReminderPolicy) -> dict[date, date]:
    """The site's day of each sweep, and the day on which what it writes leaves."""
    walls = [moment.astimezone(site.zone) for moment in moments]
    return {
        wall.date(): wall.date() + timedelta(days=wall.time() >= policy.send_until)
        for wall in walls
    }


def _wanted(
    row: Requirement, leaving: Mapping[date, date], policy: ReminderPolicy
) -> list[tuple[str, date]]:
    """The step that holds on the first day, and each that begins on a later one."""
    due_on = row.next_due_on or date.max
    days = step_days(Dates(row.soon_on or due_on, due_on, row.overdue_on or date.max), policy)
    first = min(leaving)
    wanted = [(step, leaving[day]) for step, day in days.items() if day in leaving and day > first]
    reached = [step for step, day in days.items() if day <= first]
    return [*((step, leaving[first]) for step in reached[-1:]), *wanted]
