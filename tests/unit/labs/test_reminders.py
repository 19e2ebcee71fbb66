"""Steps, recipients, decent hours and keys."""

from __future__ import annotations

import copy
import tomllib
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic.rules.errors import RuleError
from labs.rules import defaults
from labs.rules.due import Dates, at_once, window
from labs.rules.reminders import (
    Step,
    dedup_key,
    is_decent,
    next_step_on,
    not_after,
    parse_reminders,
    recipient,
    send_at,
    step_days,
    step_on,
)

POLICY = defaults.reminders()
NEW_YORK = ZoneInfo("America/New_York")
DUE = date(2026, 3, 10)
PANEL = window(DUE, 7, 7)


def utc(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("today", "step"),
    [
        (date(2026, 3, 2), "none"),
        (date(2026, 3, 3), "due_soon"),
        (date(2026, 3, 9), "due_soon"),
        (date(2026, 3, 10), "due"),
        (date(2026, 3, 17), "due"),
        (date(2026, 3, 18), "overdue"),
        (date(2026, 3, 24), "overdue"),
        (date(2026, 3, 25), "escalated"),
        (date(2027, 1, 1), "escalated"),
    ],
)
def test_step_of_the_day(today: date, step: Step) -> None:
    assert step_on(PANEL, today, POLICY) == step


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        # weight: no grace, so the lead hears of it a day after the prescriber
        (
            window(DUE, 3, 0),
            {
                "due_soon": date(2026, 3, 7),
                "due": DUE,
                "overdue": date(2026, 3, 11),
                "escalated": date(2026, 3, 12),
            },
        ),
        # nothing to say beforehand
        (
            window(DUE, 0, 2),
            {"due": DUE, "overdue": date(2026, 3, 13), "escalated": date(2026, 3, 15)},
        ),
        # never done: overdue from the first day on
        (at_once(DUE), {"overdue": DUE, "escalated": date(2026, 3, 11)}),
    ],
)
def test_steps_that_begin_together_are_one(dates: Dates, expected: dict[Step, date]) -> None:
    assert step_days(dates, POLICY) == expected


def test_when_to_look_again() -> None:
    looked = [date(2026, 1, 1)]
    while (following := next_step_on(PANEL, looked[-1], POLICY)) is not None:
        looked.append(following)
    assert looked[1:] == [date(2026, 3, 3), DUE, date(2026, 3, 18), date(2026, 3, 25)]


@pytest.mark.parametrize(
    ("step", "reachable", "expected"),
    [
        ("due_soon", {"patient", "coordinator", "lead"}, "patient"),
        ("due_soon", {"coordinator", "lead"}, "coordinator"),
        ("due", {"patient", "coordinator"}, "coordinator"),
        ("overdue", {"patient", "prescriber"}, "prescriber"),
        ("escalated", {"prescriber", "lead"}, "lead"),
        ("escalated", {"prescriber"}, None),
        ("none", {"patient"}, None),
    ],
)
def test_who_is_told(step: Step, reachable: set[str], expected: str | None) -> None:
    assert recipient(step, reachable, POLICY) == expected


@pytest.mark.parametrize(
    ("on", "not_before", "expected"),
    [
        # the morning of the day itself
        (date(2026, 3, 3), utc(3, 1, 12), utc(3, 3, 14)),
        # already in the day: now
        (date(2026, 3, 3), utc(3, 3, 16, 30), utc(3, 3, 16, 30)),
        (date(2026, 3, 3), utc(3, 3, 23, 59), utc(3, 3, 23, 59)),
        # 19:00 is too late, and so is the night
        (date(2026, 3, 3), utc(3, 4, 0), utc(3, 4, 14)),
        (date(2026, 3, 3), utc(3, 4, 7), utc(3, 4, 14)),
        # days late: the next decent moment, not the past
        (date(2026, 3, 3), utc(3, 6, 15), utc(3, 6, 15)),
        # over the clock change of 8 March nine o’clock stays nine o’clock
        (date(2026, 3, 7), utc(3, 1, 12), utc(3, 7, 14)),
        (date(2026, 3, 8), utc(3, 1, 12), utc(3, 8, 13)),
        (date(2026, 3, 7), utc(3, 8, 0), utc(3, 8, 13)),
    ],
)
def test_the_next_decent_moment(on: date, not_before: datetime, expected: datetime) -> None:
    assert send_at(on, not_before, NEW_YORK, POLICY) == expected


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (utc(3, 3, 13, 59), False),
        (utc(3, 3, 14), True),
        (utc(3, 3, 23, 59), True),
        (utc(3, 4, 0), False),
    ],
)
def test_decent_hours(moment: datetime, expected: bool) -> None:
    assert is_decent(moment, NEW_YORK, POLICY) is expected


ZONES = [ZoneInfo(name) for name in sorted(available_timezones())]


@given(
    zone=st.sampled_from(ZONES),
    on=st.dates(date(2026, 1, 1), date(2028, 1, 1)),
    late=st.integers(-72, 72),
)
def test_never_at_night_never_early_and_never_long_after(
    zone: ZoneInfo, on: date, late: int
) -> None:
    not_before = datetime(on.year, on.month, on.day, 12, tzinfo=UTC) + timedelta(hours=late)
    moment = send_at(on, not_before, zone, POLICY)
    local = moment.astimezone(zone)
    assert time(9) <= local.time() < time(19)
    assert local.date() >= on
    assert moment >= not_before
    assert is_decent(moment, zone, POLICY)
    assert moment - max(not_before, datetime(on.year, on.month, on.day, tzinfo=UTC)) < timedelta(
        hours=40
    )


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("due_soon", datetime(2026, 3, 10, 23, tzinfo=UTC)),
        ("due", datetime(2026, 3, 18, 23, tzinfo=UTC)),
        ("escalated", datetime(2026, 4, 1, 23, tzinfo=UTC)),
    ],
)
def test_too_late_to_send(step: Step, expected: datetime) -> None:
    assert not_after(step, PANEL, NEW_YORK, POLICY) == expected


def test_a_step_that_does_not_come_has_no_end() -> None:
    with pytest.raises(RuleError) as refusal:
        not_after("due_soon", at_once(DUE), NEW_YORK, POLICY)
    assert refusal.value.code == "step_unknown"


def test_the_key_names_one_message_for_ever() -> None:
    parts: dict[str, Any] = {
        "requirement": "0198",
        "due_on": DUE,
        "step": "due",
        "to": "coordinator",
        "policy_version": 3,
        "revision": 0,
    }
    key = dedup_key(**parts)
    assert key == "req:0198|due:2026-03-10|due|coordinator|v3|r0"
    others: list[dict[str, Any]] = [
        {"requirement": "0199"},
        {"due_on": date(2026, 3, 11)},
        {"step": "overdue"},
        {"to": "lead"},
        {"policy_version": 4},
        {"revision": 1},
    ]
    assert len({key, *(dedup_key(**(parts | other)) for other in others)}) == 7


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("hours", "from"), "nine"),
        (("hours", "until"), "09:00"),
        (("hours", "until"), 19),
        (("hours", "from"), {"value": "24"}),
        (("hours", "from"), {"value": "19"}),
        (("recipients", "due"), "coordinator"),
        (("expiry", "days"), {}),
    ],
)
def test_a_broken_policy_is_refused(path: tuple[str, str], value: object) -> None:
    file = defaults.CATALOGUE / "reminders" / "steps.toml"
    content = copy.deepcopy(tomllib.loads(file.read_text(encoding="utf-8")))
    content[path[0]][path[1]] = value
    with pytest.raises(RuleError) as refusal:
        parse_reminders(content)
    assert refusal.value.code == "content_broken"
