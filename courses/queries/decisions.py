"""Everything that was decided about a patient and still counts, each with its reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from clinic.models import Patient
from clinic.rules.dates import spoken_day
from courses.models import GateCheck
from courses.queries.chart import Chart, CourseView, ScorePoint, chart
from labs.queries import MonitoringStatus
from labs.queries_results import LiverPoint


@dataclass(frozen=True, slots=True)
class Decision:
    """One of them: what it is about, the word it comes to, a mark beside it, why."""

    what: str
    verdict: str
    mark: str
    why: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Section:
    """Decisions of one kind."""

    title: str
    rows: tuple[Decision, ...]


@dataclass(frozen=True, slots=True)
class Decisions:
    """The record; empty sections are left out."""

    patient: Patient
    at: datetime
    headline: str
    sections: tuple[Section, ...]


def decisions(*, patient: Patient, at: datetime) -> Decisions:
    """The record as it stands at `at`, in a constant number of queries.

    The caller has found the patient through `visible_to`.
    """
    found = chart(patient=patient, at=at)
    sections = (
        Section("How it goes", tuple(_course(view) for view in found.courses)),
        Section("The newest check before a dose", tuple(_gate(patient))),
        Section("Scores", tuple(_scores(found.scores))),
        Section("Liver panels", tuple(_panels(found))),
        Section("Liver results", tuple(_results(found.liver))),
        Section("Urinary checks", tuple(_checks(found))),
        Section("What is due", tuple(_due(row) for row in found.due)),
    )
    kept = tuple(
        Section(one.title, rows)
        for one in sections
        if (rows := tuple(row for row in one.rows if row.why))
    )
    return Decisions(patient, at, found.headline, kept)


def _course(view: CourseView) -> Decision:
    state = view.response.state.replace("_", " ")
    return Decision(f"Course {view.course.number}, {view.scale.title}", state, "", view.why)


def _gate(patient: Patient) -> Iterable[Decision]:
    check = (
        GateCheck.objects.filter(session__course__patient=patient)
        .select_related("session")
        .order_by("-at", "-id")
        .first()
    )
    for line in check.lines if check else ():
        what = f"Dose {check.session.number}" if check else ""
        yield Decision(what, line["verdict"], line["verdict"], line)


def _scores(scores: Iterable[ScorePoint]) -> Iterable[Decision]:
    for score in reversed(tuple(scores)):
        what = f"{score.scale_title} of {spoken_day(score.taken_on)}"
        yield Decision(what, str(score.total), "", score.why)


def _panels(found: Chart) -> Iterable[Decision]:
    for panel in reversed(found.liver):
        what = f"Collected {spoken_day(panel.collected_on)}"
        mark = "stop" if panel.holds_dose else ""
        yield Decision(what, panel.action.replace("_", " "), mark, panel.why)


def _results(panels: Iterable[LiverPoint]) -> Iterable[Decision]:
    for panel in reversed(tuple(panels)):
        for value in panel.values:
            verdict = "not graded" if value.grade is None else f"grade {value.grade}"
            what = f"{value.name} of {spoken_day(panel.collected_on)}"
            yield Decision(what, verdict, "warn" if value.grade else "", value.why)


def _checks(found: Chart) -> Iterable[Decision]:
    for check in reversed(found.urinary):
        what = f"Check of {spoken_day(check.checked_on)}"
        mark = "stop" if check.holds_dose else ""
        yield Decision(what, f"level {check.level}", mark, check.why)


def _due(row: MonitoringStatus) -> Decision:
    verdict = row.state.replace("_", " ")
    if row.due_on:
        verdict = f"{verdict}, {spoken_day(row.due_on)}"
    mark = "stop" if row.blocks_dose else row.state
    return Decision(row.title, verdict, mark, row.why)
