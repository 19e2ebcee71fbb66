"""Is this patient better? From dated scores of one instrument, never mixed (rulebook B, E8)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise

from courses.rules.scales import Scale
from labs.rules.content import Content, decimal_at, text_at, whole_at

PERCENT_STEP = Decimal("0.1")
LOST_RESPONSE, QIDS, MADRS = "lost_response", "qids", "madrs"


@dataclass(frozen=True, slots=True)
class Twice:
    """How often, and how far apart, before a relapse counts."""

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


@dataclass(frozen=True, slots=True)
class Outcome:
    """Percent better (None when the baseline is 0), its class, and remission on its own."""

    percent: Decimal | None
    category: str | None
    remission: bool


@dataclass(frozen=True, slots=True)
class DatedScore:
    """A complete score; `id` breaks ties of the same moment."""

    taken_at: datetime
    taken_on: date
    total: int
    id: str = ""


@dataclass(frozen=True, slots=True)
class Response:
    """How the course goes on its primary scale. Dates are None until they happen.

    `state` is `no_baseline`, `no_score`, `none`, `worse`, `partial`, `response`, `remission`,
    `sustained` or `relapse`.
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


def parse_response(content: Content) -> ResponseRules:
    """The `response` rule of the catalogue."""
    return ResponseRules(
        baseline_from_days=whole_at(content, "baseline_from_days"),
        day_after_hours=whole_at(content, "day_after_hours"),
        day_after_from_hours=whole_at(content, "day_after_from_hours"),
        day_after_to_hours=whole_at(content, "day_after_to_hours"),
        sustained_count=whole_at(content, "sustained_count"),
        relapse_definition=text_at(content, "relapse_definition"),
        lost_below_percent=decimal_at(content, "relapse", "lost_response", "below_percent"),
        lost=_twice(content, "lost_response"),
        qids_above=whole_at(content, "relapse", "qids", "above"),
        madrs_at_least=whole_at(content, "relapse", "madrs", "at_least"),
        madrs=_twice(content, "madrs"),
    )


def _twice(content: Content, name: str) -> Twice:
    return Twice(
        whole_at(content, "relapse", name, "count"),
        whole_at(content, "relapse", name, "min_days_apart"),
        whole_at(content, "relapse", name, "max_days_apart"),
    )


def classify(scale: Scale, *, baseline: int, current: int) -> Outcome:
    """Response at half the baseline or less, in whole numbers (rulebook E8)."""
    remission = scale.remission_at_most is not None and current <= scale.remission_at_most
    if baseline <= 0 or scale.response_percent is None or scale.partial_percent is None:
        return Outcome(None, None, remission)
    better = Decimal(baseline - current) * 100
    percent = (better / baseline).quantize(PERCENT_STEP, ROUND_HALF_UP)
    if current > baseline:
        category = "worse"
    elif better >= scale.response_percent * baseline:
        category = "response"
    else:
        category = "partial" if better >= scale.partial_percent * baseline else "none"
    return Outcome(percent, category, remission)


def meets_mcid(scale: Scale, *, baseline: int, current: int) -> tuple[int, bool | None]:
    """Points of improvement, and whether a patient would notice; None where no figure is known."""
    change = baseline - current
    return change, None if scale.mcid is None else change >= scale.mcid


def choose_baseline(
    scores: Sequence[DatedScore],
    *,
    first_infusion_at: datetime | None,
    first_infusion_on: date | None,
    rules: ResponseRules,
) -> DatedScore | None:
    """The latest complete score in the days before infusion 1, taken before it starts."""
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
    responded = next((s for s, o in outcomes if o.category == "response"), None)
    sustained = _sustained(outcomes, rules)
    relapse_on = _relapse(outcomes, responded, relapse_events, rules)
    latest, outcome = outcomes[-1]
    return Response(
        state=_state(outcome, sustained, relapse_on),
        baseline=baseline,
        latest=latest,
        best=min(later, key=lambda s: (s.total, s.taken_at)),
        outcome=outcome,
        response_on=responded.taken_on if responded else None,
        remission_on=next((s.taken_on for s, o in outcomes if o.remission), None),
        sustained_on=sustained,
        relapse_on=relapse_on,
        days_to_response=(responded.taken_on - first_infusion_on).days if responded else None,
    )


def _unstarted(state: str, baseline: DatedScore | None) -> Response:
    return Response(state, baseline, None, None, None, None, None, None, None, None)


def _state(outcome: Outcome, sustained_on: date | None, relapse_on: date | None) -> str:
    if relapse_on is not None:
        return "relapse"
    if outcome.remission:
        return "remission"
    if outcome.category == "response":
        return "sustained" if sustained_on else "response"
    return outcome.category or "none"


def _sustained(outcomes: Sequence[tuple[DatedScore, Outcome]], rules: ResponseRules) -> date | None:
    """The day of the last of so many responses in a row."""
    run = 0
    for score, outcome in outcomes:
        run = run + 1 if outcome.category == "response" else 0
        if run == rules.sustained_count:
            return score.taken_on
    return None


def _relapse(
    outcomes: Sequence[tuple[DatedScore, Outcome]],
    responded: DatedScore | None,
    events: Sequence[date],
    rules: ResponseRules,
) -> date | None:
    """The first day on which the site's definition is met, after a response."""
    found = list(events)
    if responded is not None:
        after = [(s, o) for s, o in outcomes if _when(s) > _when(responded)]
        if rules.relapse_definition == QIDS:
            found += [s.taken_on for s, _ in after if s.total > rules.qids_above]
        elif rules.relapse_definition == MADRS:
            high = [(s, s.total >= rules.madrs_at_least) for s, _ in after]
            found += _confirmed(high, rules.madrs)
        else:
            lost = [(s, _is_below(o, rules.lost_below_percent)) for s, o in after]
            found += _confirmed(lost, rules.lost)
    return min(found, default=None)


def _is_below(outcome: Outcome, percent: Decimal) -> bool:
    return outcome.percent is not None and outcome.percent < percent


def _confirmed(marked: Sequence[tuple[DatedScore, bool]], rule: Twice) -> list[date]:
    """Days on which a second consecutive bad score confirms the first, so far apart."""
    return [
        later.taken_on
        for (earlier, bad), (later, bad_again) in pairwise(marked)
        if bad
        and bad_again
        and rule.min_days_apart <= (later.taken_on - earlier.taken_on).days <= rule.max_days_apart
    ]
