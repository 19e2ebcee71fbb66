"""Is this patient better? From dated scores of one instrument, never mixed (rulebook B, E8)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from clinic.rules.content import Content, decimal_at, text_at, whole_at
from clinic.rules.errors import RuleError
from courses.rules.outcome import RESPONSE, Outcome, classify
from courses.rules.scales import Scale

LOST_RESPONSE, QIDS, MADRS = "lost_response", "qids", "madrs"
# Definitions that speak of one instrument's points say nothing on another (rulebook B7, E8).
RELAPSE_SCALES: Final = {QIDS: "qids_sr16", MADRS: "madrs"}


@dataclass(frozen=True, slots=True)
class Twice:
    """How many bad scores in a row, and how far apart, before a relapse counts."""

    count: int
    min_days_apart: int
    max_days_apart: int


@dataclass(frozen=True, slots=True)
class ResponseRules:
    """Windows and the site's definition of relapse (rulebook B4, B7)."""

    baseline_from_days: int
    day_after_hours: int
    day_after_from_hours: int
    day_after_to_hours: int
    sustained_count: int
    relapse_definition: str
    lost_below_percent: Decimal
    lost: Twice
    qids_above: int
    madrs_at_least: int
    madrs: Twice

    def definition_for(self, scale: str) -> str:
        """The definition of relapse that can be applied on a scale.

        Where the site's speaks of another instrument, losing the response counts.
        """
        speaks_of = RELAPSE_SCALES.get(self.relapse_definition, scale)
        return self.relapse_definition if speaks_of == scale else LOST_RESPONSE


@dataclass(frozen=True, slots=True)
class DatedScore:
    """A complete score; `id` breaks ties of the same moment."""

    taken_at: datetime
    taken_on: date
    total: int
    id: str = ""


Outcomes = Sequence[tuple[DatedScore, Outcome]]


@dataclass(frozen=True, slots=True)
class Response:
    """How the course goes on its primary scale. Dates are None until they happen.

    `state` is `no_baseline`, `no_score`, `none`, `worse`, `partial`, `response`, `remission`,
    `sustained` or `relapse`. A relapse lasts until a later score responds again; its day stays.
    `days_followed` is where the time to response is cut off while there is none.
    """

    state: str
    baseline: DatedScore | None
    latest: DatedScore | None
    best: DatedScore | None
    outcome: Outcome | None
    response_on: date | None
    remission_on: date | None
    sustained_on: date | None
    relapse_on: date | None
    days_to_response: int | None
    days_followed: int | None = None


def parse_response(content: Content) -> ResponseRules:
    """The `response` rule. Raises RuleError `content_broken`, `impossible_range`."""
    definition = text_at(content, "relapse_definition")
    if definition not in (LOST_RESPONSE, *RELAPSE_SCALES):
        raise RuleError(
            "content_broken", "relapse_definition", f"“{definition}” is no definition of relapse."
        )
    return ResponseRules(
        baseline_from_days=whole_at(content, "baseline_from_days"),
        day_after_hours=whole_at(content, "day_after_hours"),
        day_after_from_hours=whole_at(content, "day_after_from_hours"),
        day_after_to_hours=whole_at(content, "day_after_to_hours"),
        sustained_count=whole_at(content, "sustained_count"),
        relapse_definition=definition,
        lost_below_percent=decimal_at(content, "relapse", "lost_response", "below_percent"),
        lost=_twice(content, "lost_response"),
        qids_above=whole_at(content, "relapse", "qids", "above"),
        madrs_at_least=whole_at(content, "relapse", "madrs", "at_least"),
        madrs=_twice(content, "madrs"),
    )


def _twice(content: Content, name: str) -> Twice:
    rule = Twice(
        whole_at(content, "relapse", name, "count"),
        whole_at(content, "relapse", name, "min_days_apart"),
        whole_at(content, "relapse", name, "max_days_apart"),
    )
    if rule.count < 1 or rule.min_days_apart > rule.max_days_apart:
        raise RuleError("impossible_range", f"relapse.{name}.count", "That can never be a relapse.")
    return rule


def choose_baseline(
    scores: Sequence[DatedScore],
    *,
    first_infusion_at: datetime | None,
    first_infusion_on: date | None,
    rules: ResponseRules,
) -> DatedScore | None:
    """The latest complete score in the days before infusion 1, taken before it starts.

    One of the very minute of the start was taken before it: times are written to the minute.
    """
    if first_infusion_at is None or first_infusion_on is None:
        return max(scores, key=_when, default=None)
    earliest = first_infusion_on - timedelta(days=rules.baseline_from_days)
    fit = [s for s in scores if s.taken_on >= earliest and s.taken_at <= first_infusion_at]
    return max(fit, key=_when, default=None)


def _when(score: DatedScore) -> tuple[datetime, str]:
    return score.taken_at, score.id


def assess(
    scale: Scale,
    scores: Sequence[DatedScore],
    *,
    first_infusion_at: datetime | None,
    first_infusion_on: date | None,
    relapse_events: Sequence[date] = (),
    rules: ResponseRules,
) -> Response:
    """The state of a course from its scores, in whatever order they were entered.

    `relapse_events` are admissions for depression or suicide attempts: always a relapse.
    """
    baseline = choose_baseline(
        scores,
        first_infusion_at=first_infusion_at,
        first_infusion_on=first_infusion_on,
        rules=rules,
    )
    if baseline is None:
        return _unstarted("no_baseline", None)
    later = sorted(
        (s for s in scores if first_infusion_at is not None and s.taken_at > first_infusion_at),
        key=_when,
    )
    if not later or first_infusion_on is None:
        return _unstarted("no_score", baseline)
    outcomes = [(s, classify(scale, baseline=baseline.total, current=s.total)) for s in later]
    responded = next((s for s, o in outcomes if o.category == RESPONSE), None)
    sustained = _sustained(outcomes, rules)
    events = [day for day in relapse_events if day >= first_infusion_on]
    relapses = _relapses(_Course(scale, baseline, outcomes, responded), events, rules)
    latest, outcome = outcomes[-1]
    return Response(
        state=_state(outcomes, max(relapses, default=None), rules),
        baseline=baseline,
        latest=latest,
        best=min(later, key=lambda s: (s.total, s.taken_at)),
        outcome=outcome,
        response_on=responded.taken_on if responded else None,
        remission_on=next((s.taken_on for s, o in outcomes if o.remission), None),
        sustained_on=sustained,
        relapse_on=min(relapses, default=None),
        days_to_response=(responded.taken_on - first_infusion_on).days if responded else None,
        days_followed=(latest.taken_on - first_infusion_on).days,
    )


@dataclass(frozen=True, slots=True)
class _Course:
    """What a relapse is looked for in."""

    scale: Scale
    baseline: DatedScore
    outcomes: Outcomes
    responded: DatedScore | None


def _unstarted(state: str, baseline: DatedScore | None) -> Response:
    return Response(state, baseline, None, None, None, None, None, None, None, None)


def _state(outcomes: Outcomes, relapsed_on: date | None, rules: ResponseRules) -> str:
    """Where the patient stands by the latest score; the last relapse holds until a response."""
    outcome = outcomes[-1][1]
    if relapsed_on is not None and not any(
        o.category == RESPONSE and score.taken_on > relapsed_on for score, o in outcomes
    ):
        return "relapse"
    if outcome.remission:
        return "remission"
    if outcome.category == RESPONSE:
        last = outcomes[-rules.sustained_count :]
        run = len(last) == rules.sustained_count and all(o.category == RESPONSE for _, o in last)
        return "sustained" if run else RESPONSE
    return outcome.category or "none"


def _sustained(outcomes: Outcomes, rules: ResponseRules) -> date | None:
    """The day of the last of so many responses in a row, the first time there were so many."""
    run = 0
    for score, outcome in outcomes:
        run = run + 1 if outcome.category == RESPONSE else 0
        if run == rules.sustained_count:
            return score.taken_on
    return None


def _relapses(course: _Course, events: Sequence[date], rules: ResponseRules) -> list[date]:
    """Every day on which the site's definition is met; an event needs no response before."""
    if course.responded is None:
        return list(events)
    since = _when(course.responded)
    after = [score for score, _ in course.outcomes if _when(score) > since]
    definition = rules.definition_for(course.scale.code)
    return [*events, *_bad_days(definition, after, course.baseline, rules)]


def _bad_days(
    definition: str, after: Sequence[DatedScore], baseline: DatedScore, rules: ResponseRules
) -> list[date]:
    if definition == QIDS:
        return [score.taken_on for score in after if score.total > rules.qids_above]
    if definition == MADRS:
        high = [(s.taken_on, s.total >= rules.madrs_at_least) for s in after]
        return _confirmed(high, rules.madrs)
    lost = [
        (s.taken_on, (baseline.total - s.total) * 100 < rules.lost_below_percent * baseline.total)
        for s in after
    ]
    return _confirmed(lost, rules.lost)


def _confirmed(marked: Sequence[tuple[date, bool]], rule: Twice) -> list[date]:
    """Days that confirm an earlier bad one of the same unbroken run, so far apart.

    Scores between the two do not hide them: who is seen more often relapses all the same.
    """
    found: list[date] = []
    run: list[date] = []
    for day, bad in marked:
        run = [*run, day] if bad else []
        earlier = run[: len(run) - rule.count + 1] if len(run) >= rule.count else []
        if any(rule.min_days_apart <= (day - one).days <= rule.max_days_apart for one in earlier):
            found.append(day)
    return found
