"""Saving a liver panel that moves a due day, against the same save where nothing is planned."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from statistics import median
from typing import Final
from unittest.mock import patch
from uuid import uuid4

from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinic.actions.patients import register_patient
from clinic.models import Patient, Site
from labs.actions.requirements import set_subject
from labs.actions.results import NewResult, record_report
from labs.models import Requirement
from labs.rules.exposure import CourseFacts, Infusion, PlannedSession

# What is compared is the writing; that a disk has it costs both sides the same.
DURABLE = True

GOAL: Final = 1.5
PAIRS: Final = 9
SAVES: Final = 20
AT: Final = datetime(2026, 11, 26, 12, tzinfo=UTC)
START: Final = date(2026, 11, 2)
# What a page writes in one save: the five analytes of a liver panel.
PANEL: Final = (("ALT", 34), ("AST", 34), ("ALP", 115), ("GGT", 45), ("TBILI", 20))


def run(small: bool) -> dict[str, object]:
    """The ratio of the medians, and how many questions each side asks the database."""
    pairs, saves = (3, 5) if small else (PAIRS, SAVES)
    people = iter(_people(2 * (pairs + 1) * saves + 2))
    asked = [_questions(next(people), planned) for planned in (True, False)]
    ours, theirs = [], []
    for number in range(pairs + 1):
        with_plan = _window(saves, lambda: _save(next(people)), nullcontext())
        without = _window(saves, lambda: _save(next(people)), _unplanned())
        # The first pair warms plans and caches and does not count.
        ours += [with_plan] if number else []
        theirs += [without] if number else []
    ratio = median(ours) / median(theirs)
    return {
        "pairs": pairs,
        "saves_each": saves,
        "save_ms": round(median(ours) / saves, 2),
        "save_without_plan_ms": round(median(theirs) / saves, 2),
        "questions": asked[0],
        "questions_without_plan": asked[1],
        "ratio": round(ratio, 2),
        "goal": GOAL,
        "ok": ratio <= GOAL,
    }


def _people(count: int) -> list[Patient]:
    """Each with a course of eight infusions given and a panel that falls due."""
    site = Site.objects.create(name="Riverside", slug="riverside", time_zone="Europe/London")
    people = []
    for number in range(count):
        patient = register_patient(
            site=site, by=None, record_number=f"R{number}", given_name="Given",
            family_name="Family", birth_date=date(1980, 1, 1),
        )  # fmt: skip
        set_subject(site_id=site.pk, patient_id=patient.pk, subject_id=uuid4(), facts=_course(site))
        people.append(patient)
    return people


def _course(site: Site) -> CourseFacts:
    days = [START + timedelta(days=offset) for offset in (0, 3, 7, 10, 14, 17, 21)]
    started = [datetime(day.year, day.month, day.day, 10, tzinfo=UTC) for day in days]
    given = [
        Infusion(f"s{number}", at.date(), at, at + timedelta(minutes=40))
        for number, at in enumerate(started)
    ]
    to_come = PlannedSession("s8", date(2026, 11, 30))
    facts = CourseFacts(site.zone, "active", planned_start_on=START, planned_count=8)
    return replace(facts, started_on=START, infusions=tuple(given), sessions=(to_come,))


def _save(patient: Patient) -> None:
    results = [_result(code, limit) for code, limit in PANEL]
    record_report(
        patient=patient, laboratory="North Laboratory", identifier="F1",
        collected_at=AT - timedelta(days=1), precision="minute", status="final",
        results=results, source="hand", by=None, at=AT,
    )  # fmt: skip


def _result(code: str, limit: int) -> NewResult:
    return NewResult(
        code=code, code_system="", display="", comparator="", value=Decimal(limit) - 5,
        value_text="", unit="umol/L" if code == "TBILI" else "U/L", lower_limit=None,
        upper_limit=Decimal(limit), status="final", observed_at=AT - timedelta(days=1),
    )  # fmt: skip


def _window(saves: int, save: Callable[[], None], around: AbstractContextManager[object]) -> float:
    with around:
        began = time.perf_counter()
        for _ in range(saves):
            save()
        return (time.perf_counter() - began) * 1000


def _unplanned() -> AbstractContextManager[object]:
    """The same save, where nothing follows for what is due."""
    return patch("labs.actions.results.replan", lambda **_: 0)


def _questions(patient: Patient, planned: bool) -> int:
    """How many statements one save is; and whether it moves the day indeed."""
    before = _due(patient)
    with CaptureQueriesContext(connection) as seen, nullcontext() if planned else _unplanned():
        _save(patient)
    if (_due(patient) != before) is not planned:
        raise AssertionError("The save does not move the due day as it should.")
    return len(seen)


def _due(patient: Patient) -> date | None:
    return Requirement.objects.get(patient=patient, kind="lft_periodic").next_due_on
