"""Liver panels and urinary checks of the demo clinic."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from clinic.models import Patient
from courses.demo.stories import Story
from labs.actions.results import NewResult, record_report, review_report
from labs.actions.urinary import record_urinary_check
from labs.models import Precision, ResultStatus, Source

if TYPE_CHECKING:
    from courses.demo.writer import House

LABORATORY: Final = "North Laboratory"
# Code, unit, lower and upper limit, and a usual share of the upper limit.
PANEL: Final = (
    ("ALT", "U/L", "6", "34", 60),
    ("AST", "U/L", "9", "34", 65),
    ("ALP", "U/L", "35", "115", 60),
    ("GGT", "U/L", "5", "50", 45),
    ("TBILI", "umol/L", "3", "21", 50),
    ("ALB", "g/L", "33", "49", 85),
)
# Multiples of the upper limit after so many doses.
COURSES_OF_LIVER: Final[dict[str, dict[str, tuple[int, ...]]]] = {
    "cholestatic": {"ALP": (60, 130, 235), "GGT": (50, 190, 420), "ALT": (60, 110, 150)},
    "mild": {"ALT": (70, 150, 130), "AST": (65, 120, 110)},
}


def baseline(
    house: House, story: Story, patient: Patient, first: date, draw: random.Random
) -> None:
    """Before the first dose, unless the plot leaves it out."""
    if story.liver == "missing":
        return
    day = min(first - timedelta(days=5), house.today - timedelta(days=1))
    _panel(house, story, patient, day, 0, draw)
    _urinary(house, patient, day, {})


def between(
    house: House, story: Story, patient: Patient, number: int, day: date, draw: random.Random
) -> None:
    """During the course: the panel after dose 4, the urinary check after doses 3 and 4."""
    if number == 4 and story.liver != "overdue":
        _panel(house, story, patient, day + timedelta(days=1), 1, draw)
    if number == 6 and story.liver in COURSES_OF_LIVER:
        _panel(house, story, patient, day, 2, draw)
    if story.urinary == "mild" and number == 3:
        _urinary(house, patient, day, {"frequency": 1})
    if story.urinary == "persistent_pain" and number in {3, 4}:
        _urinary(house, patient, day, {"gu_pain": 2, "frequency": 1 if number == 4 else 0})
    if story.urinary == "none" and number == 4:
        _urinary(house, patient, day, {})


def after(house: House, story: Story, patient: Patient, last: date) -> None:
    """After the course, where the plot does not leave it open."""
    day = last + timedelta(days=15)
    if story.liver != "due_after" and day < house.today:
        _panel(house, story, patient, day, 0, random.Random(story.number))
        _urinary(house, patient, day, {})


def _panel(
    house: House, story: Story, patient: Patient, day: date, step: int, draw: random.Random
) -> None:
    collected_at = house.at(day, 9, story.number % 60)
    if collected_at >= house.now:
        return
    recorded = record_report(
        patient=patient,
        laboratory=LABORATORY,
        identifier=f"{story.record_number}-{day:%Y%m%d}",
        collected_at=collected_at,
        precision=Precision.MINUTE,
        status=ResultStatus.FINAL,
        results=[_result(story, step, row, collected_at, draw) for row in PANEL],
        source=Source.HAND,
        by=house.people["nurse"],
    )
    # The newest ones wait in the queue, as on any morning.
    if (house.today - day).days > 3:
        review_report(report=recorded.report, by=house.people["prescriber"], at=collected_at)


def _result(
    story: Story, step: int, row: tuple[str, str, str, str, int], at: object, draw: random.Random
) -> NewResult:
    code, unit, lower, upper, usual = row
    path = COURSES_OF_LIVER.get(story.liver, {}).get(code)
    share = path[step] if path else usual + draw.randint(-15, 15)
    value = (Decimal(upper) * share / 100).quantize(Decimal(1))
    return NewResult(
        code=code,
        code_system="",
        display=code,
        comparator="",
        value=value,
        value_text="",
        unit=unit,
        lower_limit=Decimal(lower),
        upper_limit=Decimal(upper),
        status=ResultStatus.FINAL,
        observed_at=at,  # type: ignore[arg-type]
    )


def _urinary(house: House, patient: Patient, day: date, severities: dict[str, int]) -> None:
    checked_at = house.at(day, 9, 30)
    if checked_at >= house.now:
        return
    record_urinary_check(
        patient=patient,
        checked_at=checked_at,
        severities=severities,
        visible_haematuria=False,
        retention=False,
        infection_suspected=False,
        by=house.people["nurse"],
    )
