"""The trend as coordinates: plain data in, plain data out; the template draws it as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from courses.plot_shapes import (
    BOTTOM,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    Axis,
    Band,
    DoseMark,
    Dot,
    Level,
    Line,
    Plot,
    Tick,
)
from courses.queries.chart import Chart, CourseView, DosePoint, ScorePoint

SCORES_HEIGHT, LIVER_HEIGHT, URINARY_HEIGHT = 380, 200, 130
MARGIN: Final = timedelta(days=2)
MOST_VALUES: Final = 6
URINARY_TOP: Final = 4
LIVER_ANALYTES: Final = ("ALT", "AST", "ALP", "GGT", "TBILI")


def plots(chart: Chart) -> tuple[Plot, ...]:
    """The drawings that have something to show: scores, liver multiples, urinary level."""
    if chart.now is None:
        return ()
    moments = [
        *(s.taken_at for s in chart.scores if s.total is not None),
        *(d.started_at for d in chart.doses),
        *(p.collected_at for p in chart.liver),
        *(c.checked_at for c in chart.urinary),
    ]
    if not moments:
        return ()
    begins, ends = min(moments) - MARGIN, max(*moments, chart.at) + MARGIN
    zone = chart.patient.site.zone
    drawn = (
        _scores(chart, chart.now, begins, ends, zone),
        _liver(chart, begins, ends, zone),
        _urinary(chart, begins, ends, zone),
    )
    return tuple(plot for plot in drawn if plot is not None)


def _scores(
    chart: Chart, view: CourseView, begins: datetime, ends: datetime, zone: ZoneInfo
) -> Plot | None:
    primary = view.scale
    own = [s for s in chart.scores if s.scale == primary.code and s.total is not None]
    if not own and not chart.doses:
        return None
    axis = Axis(begins, ends, float(primary.range[1]), SCORES_HEIGHT, zone)
    return Plot(
        title=f"{primary.title} over time",
        description=f"{len(own)} scores of {primary.title}, lower is better,"
        f" and {len(chart.doses)} infusions. The same values stand in the table below.",
        kind="scores",
        height=SCORES_HEIGHT,
        top=TOP,
        floor=SCORES_HEIGHT - BOTTOM,
        left=LEFT,
        right=WIDTH - RIGHT,
        lines=(_score_line(primary.title, own, axis),),
        levels=_levels(view, axis),
        bands=tuple(
            Band(
                axis.y(b.highest),
                round(axis.y(b.lowest) - axis.y(b.highest), 1),
                _parity(n),
                b.title,
            )
            for n, b in enumerate(primary.bands)
        ),
        doses=tuple(_dose(dose, axis) for dose in chart.doses),
        days=axis.days(),
        values=_whole_ticks(primary.range[1], axis),
    )


def _parity(number: int) -> str:
    return "even" if number % 2 == 0 else "odd"


def _score_line(title: str, scores: Sequence[ScorePoint], axis: Axis) -> Line:
    dots = tuple(
        Dot(axis.x(s.taken_at), axis.y(float(s.total or 0)), _score_words(title, s)) for s in scores
    )
    return _line(title, "score", dots)


def _score_words(title: str, score: ScorePoint) -> str:
    after = ""
    if score.hours_since_infusion is not None and score.after_dose is not None:
        after = f", {int(score.hours_since_infusion)} h after dose {score.after_dose}"
    return f"{title} {score.total} on {score.taken_on:%d %b %Y}{after}"


def _line(name: str, kind: str, dots: tuple[Dot, ...]) -> Line:
    return Line(name, kind, " ".join(f"{dot.x},{dot.y}" for dot in dots), dots)


def _levels(view: CourseView, axis: Axis) -> tuple[Level, ...]:
    """Baseline, half of it, and the remission cut-off; words pushed apart where they would meet."""
    scale, baseline = view.scale, view.response.baseline
    wanted: list[tuple[str, float, str]] = []
    if baseline is not None:
        wanted.append(("baseline", baseline.total, f"baseline {baseline.total}"))
        if scale.response_percent is not None:
            limit = Decimal(baseline.total) * (100 - scale.response_percent) / 100
            wanted.append(("response", float(limit), f"response {_short(limit)} or less"))
    if scale.remission_at_most is not None:
        cutoff = scale.remission_at_most
        wanted.append(("remission", float(cutoff), f"remission {cutoff} or less"))
    levels: list[Level] = []
    for kind, value, label in wanted:
        y = axis.y(value)
        lowest = levels[-1].label_y + 18 if levels else 0.0
        levels.append(Level(kind, y, label, max(y + 4, lowest)))
    return tuple(levels)


def _short(value: Decimal) -> str:
    return f"{value.normalize():f}"


def _dose(dose: DosePoint, axis: Axis) -> DoseMark:
    amount = dose.given_mg if dose.given_mg is not None else dose.dose_mg
    words = f"dose {dose.number} of {dose.of}, {amount} mg on {dose.given_on:%d %b %Y}"
    return DoseMark(axis.x(dose.started_at), str(dose.number), words)


def _whole_ticks(top: int, axis: Axis) -> tuple[Tick, ...]:
    step = max(
        1, -(-top // (MOST_VALUES * 5)) * 5 if top > 2 * MOST_VALUES else -(-top // MOST_VALUES)
    )
    return tuple(Tick(axis.y(value), str(value)) for value in range(0, top + 1, step))


def _liver(chart: Chart, begins: datetime, ends: datetime, zone: ZoneInfo) -> Plot | None:
    """Multiples of each result's own upper limit."""
    by_analyte: dict[str, list[tuple[datetime, Decimal, date]]] = {}
    for report in chart.liver:
        for value in report.values:
            if value.analyte in LIVER_ANALYTES and value.times_limit is not None:
                by_analyte.setdefault(value.analyte, []).append(
                    (report.collected_at, value.times_limit, report.collected_on)
                )
    if not by_analyte:
        return None
    highest = max(multiple for rows in by_analyte.values() for _, multiple, _ in rows)
    axis = Axis(begins, ends, max(1.5, float(highest) * 1.1), LIVER_HEIGHT, zone)
    lines = tuple(
        _line(
            name,
            "score other" if highest_of(rows) <= 1 else "score",
            tuple(
                Dot(
                    axis.x(at), axis.y(float(m)), f"{name} {m:.1f} times its limit on {on:%d %b %Y}"
                )
                for at, m, on in rows
            ),
        )
        for name, rows in by_analyte.items()
    )
    return Plot(
        title="Liver results as multiples of each one's own upper limit",
        description=f"{len(chart.liver)} reports of {', '.join(by_analyte)}.",
        kind="liver",
        height=LIVER_HEIGHT,
        top=TOP,
        floor=LIVER_HEIGHT - BOTTOM,
        left=LEFT,
        right=WIDTH - RIGHT,
        lines=lines,
        levels=(Level("limit", axis.y(1), "upper limit", axis.y(1) + 4),),
        bands=(),
        doses=(),
        days=axis.days(),
        values=(Tick(axis.y(0), "0"), Tick(axis.y(1), "1")),
    )


def highest_of(rows: Sequence[tuple[datetime, Decimal, date]]) -> Decimal:
    """The largest multiple of one analyte."""
    return max(multiple for _, multiple, _ in rows)


def _urinary(chart: Chart, begins: datetime, ends: datetime, zone: ZoneInfo) -> Plot | None:
    if not chart.urinary:
        return None
    axis = Axis(begins, ends, float(URINARY_TOP), URINARY_HEIGHT, zone)
    dots = tuple(
        Dot(axis.x(c.checked_at), axis.y(c.level), f"level {c.level} on {c.checked_on:%d %b %Y}")
        for c in chart.urinary
    )
    return Plot(
        title="Urinary level, 0 to 4",
        description=f"{len(chart.urinary)} checks.",
        kind="urinary",
        height=URINARY_HEIGHT,
        top=TOP,
        floor=URINARY_HEIGHT - BOTTOM,
        left=LEFT,
        right=WIDTH - RIGHT,
        lines=(_line("urinary level", "score", dots),),
        levels=(),
        bands=(),
        doses=(),
        days=axis.days(),
        values=(Tick(axis.y(0), "0"), Tick(axis.y(4), "4")),
    )
