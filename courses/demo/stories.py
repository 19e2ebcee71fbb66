"""The people of the demo clinic and what becomes of them. Invented; the same every time."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import cycle, islice
from typing import Final

SEED: Final = 20261123

GIVEN: Final = [
    "Ngozi",
    "Marta",
    "Priya",
    "Ewan",
    "Salma",
    "Tomasz",
    "Aiko",
    "Rhys",
    "Leila",
    "Jonas",
    "Amara",
    "Declan",
    "Ines",
    "Viktor",
    "Mei",
    "Hana",
    "Oskar",
    "Fatima",
    "Luca",
    "Nadia",
    "Idris",
    "Clara",
    "Yusuf",
    "Greta",
    "Mateo",
    "Zofia",
    "Kofi",
    "Elena",
    "Bram",
    "Soraya",
    "Anders",
]
FAMILY: Final = [
    "Okafor",
    "Lindqvist",
    "Duarte",
    "Nakamura",
    "Haddad",
    "Kowalska",
    "Bevan",
    "Moreau",
    "Achterberg-Vandenberghe",
    "Silva",
    "Rahman",
    "Novak",
    "Petrov",
    "Osei",
    "Castellanos",
    "Whitlock",
    "Iyer",
    "Jansen",
    "Demir",
    "Brannigan",
    "Fofanah",
    "Ruiz",
    "Tanaka",
    "Eriksen",
    "Mbeki",
    "Sorensen",
    "Quintero",
    "Abernathy",
    "Volkov",
]


@dataclass(frozen=True, slots=True)
class Story:
    """One patient. `fate` says how the course stands today; `response` how the scores go."""

    number: int
    site: str
    given_name: str
    family_name: str
    birth_date: date
    sex: str
    reachable: bool
    fate: str
    response: str
    scale: str
    protocol: str
    planned: int
    doses: int
    days_since_last: int
    liver: str
    urinary: str
    baseline_pct: int
    weight_kg: str

    @property
    def record_number(self) -> str:
        return f"{self.site[:1].upper()}{10400 + self.number}"


# fate, response, doses given, planned, days since the last dose, liver, urinary
PLOTS: Final = (
    ("today", "responder", 4, 8, 3, "normal", "none"),
    ("today", "remitter", 5, 6, 4, "normal", "mild"),
    ("today", "early", 0, 6, 0, "normal", "none"),
    ("today", "partial", 7, 8, 3, "normal", "overdue"),
    ("today", "none", 2, 6, 4, "mild", "none"),
    ("today", "responder", 3, 6, 3, "normal", "none"),
    ("today", "remitter", 1, 6, 4, "normal", "none"),
    ("today", "partial", 5, 10, 3, "overdue", "none"),
    ("planned", "early", 0, 6, 0, "missing", "none"),
    ("planned", "early", 0, 6, 0, "normal", "none"),
    ("active", "responder", 2, 6, 2, "normal", "none"),
    ("active", "partial", 6, 10, 1, "cholestatic", "none"),
    ("active", "none", 4, 6, 2, "normal", "persistent_pain"),
    ("active", "remitter", 3, 6, 1, "normal", "none"),
    ("active", "responder", 5, 8, 2, "normal", "mild"),
    ("paused", "partial", 3, 6, 9, "normal", "none"),
    ("interrupted", "none", 2, 6, 19, "normal", "none"),
    ("completed", "responder", 6, 6, 12, "due_after", "none"),
    ("completed", "remitter", 6, 6, 33, "normal", "none"),
    ("completed", "remitter", 8, 8, 54, "normal", "none"),
    ("completed", "relapse", 6, 6, 47, "normal", "none"),
    ("completed", "responder", 6, 6, 75, "normal", "none"),
    ("completed", "none", 6, 6, 28, "normal", "none"),
    ("completed", "relapse", 6, 6, 61, "normal", "none"),
    ("stopped", "none", 6, 6, 21, "normal", "none"),
    ("stopped", "partial", 3, 6, 40, "mild", "mild"),
    ("vanished", "responder", 4, 6, 8, "normal", "none"),
    ("deceased", "partial", 3, 6, 30, "normal", "none"),
    ("transferred", "responder", 4, 6, 25, "normal", "none"),
    ("new", "early", 0, 0, 0, "missing", "none"),
)

PATHS: Final[dict[str, tuple[int, ...]]] = {
    "remitter": (22, 38, 50, 61, 70, 75, 78, 80, 80, 80),
    "responder": (15, 27, 39, 50, 56, 60, 62, 63, 63, 63),
    "relapse": (18, 31, 44, 55, 60, 63, 63, 63, 63, 63),
    "partial": (8, 16, 22, 28, 32, 35, 37, 38, 38, 38),
    "none": (3, 6, 4, 9, 7, 11, 10, 12, 12, 12),
    "early": (10, 20, 30, 40, 50, 50, 50, 50, 50, 50),
}
AFTERWARDS: Final[dict[str, tuple[int, ...]]] = {
    "remitter": (80, 79, 78, 78),
    "responder": (62, 60, 58, 57),
    "relapse": (55, 41, 30, 26),
    "partial": (36, 33, 30, 30),
    "none": (10, 8, 9, 8),
    "early": (),
}


def stories(today: date) -> Iterator[Story]:
    """Sixty stories, thirty at each site, drawn with a fixed seed."""
    draw = random.Random(SEED)
    names = islice(zip(cycle(GIVEN), cycle(FAMILY), strict=False), 2 * len(PLOTS))
    for number, (given, family) in enumerate(names):
        site = "riverside" if number < len(PLOTS) else "lakeside"
        fate, response, doses, planned, since, liver, urinary = PLOTS[number % len(PLOTS)]
        yield Story(
            number=number,
            site=site,
            given_name=given,
            family_name=family,
            birth_date=today - timedelta(days=365 * draw.randint(21, 68) + draw.randint(0, 364)),
            sex=draw.choice(("female", "female", "male", "other")),
            reachable=draw.random() < 0.8,
            fate=fate,
            response=response,
            scale=draw.choice(("madrs", "madrs", "phq9", "qids_sr16")),
            protocol="trd_high_dose" if planned == 10 else "trd_standard",
            planned=planned,
            doses=doses,
            days_since_last=since,
            liver=liver,
            urinary=urinary,
            baseline_pct=draw.randint(58, 78),
            weight_kg=f"{draw.uniform(52, 104):.1f}",
        )


def dose_days(story: Story, today: date) -> list[date]:
    """Days of the doses given, oldest first: gaps of 3 and 4 days, ending where the plot says."""
    days = [today - timedelta(days=story.days_since_last)]
    gap = 4 if story.days_since_last == 3 else 3
    while len(days) < story.doses:
        days.append(days[-1] - timedelta(days=gap))
        gap = 7 - gap
    return days[::-1][-story.doses :] if story.doses else []


def improvement(story: Story, dose: int) -> int:
    """Percent better than baseline after `dose` doses."""
    path = PATHS[story.response]
    return path[min(dose, len(path)) - 1]


def spread(total: int, caps: tuple[int, ...]) -> list[int]:
    """Answers that add up to `total`, each within its cap; the safety item is asked last."""
    answers = [0] * len(caps)
    while total > 0:
        before = total
        for place, cap in enumerate(caps):
            if total and answers[place] < cap:
                answers[place] += 1
                total -= 1
        if total == before:
            break
    return answers
