"""A course that is planned and ready for its first dose."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import time_machine

from clinic.models import Patient, User
from courses.models import Course
from tests.integration.courses import scene
from tests.mail import mailbox

__all__ = ["clock", "course", "mailbox"]


@pytest.fixture
def clock(db: None) -> Iterator[time_machine.Traveller]:
    """Thursday 26 November 2026, eight o'clock. A test moves it on by `clock.move_to(...)`."""
    with time_machine.travel(scene.BEFORE, tick=False) as traveller:
        yield traveller


@pytest.fixture
def course(clock: time_machine.Traveller, patient: Patient, prescriber: User) -> Course:
    """Planned for Mondays and Thursdays from 30 November; baselines are done."""
    scene.baselines(patient)
    return scene.planned(patient, prescriber)
