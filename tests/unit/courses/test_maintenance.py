"""Infusions after the acute course: off by default, on published days where turned on."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from clinic.rules.errors import RuleError
from clinic.rules.policy import overlay
from courses.rules.maintenance import maintenance_days, parse_maintenance
from tests.unit.courses.shipped import content

LAST = date(2026, 3, 19)
ON = parse_maintenance(overlay(content("rules/maintenance"), {"enabled": "yes"}, version=1))


def test_off_unless_the_site_turns_it_on() -> None:
    with pytest.raises(RuleError) as caught:
        maintenance_days("weekly_four", LAST, parse_maintenance(content("rules/maintenance")))
    assert (caught.value.code, caught.value.field) == ("not_enabled", "maintenance")


def test_weekly_for_four_weeks() -> None:
    assert maintenance_days("weekly_four", LAST, ON) == (
        date(2026, 3, 26), date(2026, 4, 2), date(2026, 4, 9), date(2026, 4, 16),
    )  # fmt: skip


def test_the_taper_stretches_its_steps() -> None:
    days = maintenance_days("tapering", LAST, ON)
    steps = [(after - before).days for before, after in zip((LAST, *days), days, strict=False)]
    assert steps == [7, 7, 7, 7, 14, 14, 14, 14, 28, 28, 28]
    assert days[-1] == LAST + timedelta(days=168)


def test_what_follows_a_relapse_where_the_source_says() -> None:
    again = {one.code: one.on_relapse_every_days for one in ON.schedules}
    assert again == {"weekly_four": None, "tapering": 14}


def test_an_unknown_schedule() -> None:
    with pytest.raises(RuleError) as caught:
        maintenance_days("daily", LAST, ON)
    assert (caught.value.code, caught.value.field) == ("unknown_code", "schedule")


@pytest.mark.parametrize("stages", [[], [{"every_days": "0", "times": "1"}]])
def test_a_stage_of_no_time_is_refused(stages: list[dict[str, str]]) -> None:
    told = content("rules/maintenance")
    told["schedules"][0]["stages"] = [
        {name: {"value": text} for name, text in stage.items()} for stage in stages
    ]
    with pytest.raises(RuleError) as caught:
        parse_maintenance(told)
    assert (caught.value.code, caught.value.field) == (
        "impossible_range",
        "schedules.weekly_four.stages",
    )
