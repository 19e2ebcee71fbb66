"""The shipped monitoring table, spelled out a second time, and what makes a row unusable."""

from __future__ import annotations

import tomllib
from datetime import date
from typing import Any

import pytest

from clinic.rules.catalogue import HEADER, read_entry, read_sources
from clinic.rules.errors import RuleError
from labs.rules import defaults
from labs.rules.due import Policy
from labs.rules.exposure import Phase
from labs.rules.requirement_rules import (
    Clock,
    First,
    Hours,
    RequirementRule,
    first_of,
    hours_of,
    parse_requirement,
)

RULES = {rule.kind: rule for rule in defaults.requirements()}

# kind: trigger, soon, grace, blocks
TABLE = {
    "scale_predose": ("each_infusion", 1, 0, "never"),
    "scale_24h": ("infusion_end", 0, 0, "never"),
    "scale_weekly": ("course_start", 1, 2, "never"),
    "scale_end_of_course": ("last_infusion", 2, 7, "never"),
    "cssrs": ("each_infusion", 0, 0, "due"),
    "lft_baseline": ("before_first", 7, 0, "due"),
    "lft_periodic": ("after_first", 7, 7, "overdue"),
    "lft_post": ("last_infusion", 7, 14, "never"),
    "gu_baseline": ("before_first", 7, 0, "due"),
    "gu_periodic": ("after_first", 7, 7, "overdue"),
    "gu_post": ("last_infusion", 7, 14, "never"),
    "bp_predose": ("each_infusion", 0, 0, "due"),
    "weight": ("rolling", 3, 0, "overdue"),
    "pregnancy": ("rolling", 7, 0, "due"),
    "uds": ("rolling", 14, 14, "never"),
    "relapse_follow_up": ("course_end", 2, 7, "never"),
}


def test_every_row_is_there() -> None:
    assert set(RULES) == set(TABLE)


@pytest.mark.parametrize("kind", sorted(TABLE))
def test_trigger_window_and_block(kind: str) -> None:
    rule = RULES[kind]
    shown = (rule.trigger, rule.soon_days, rule.grace_days, rule.blocks_when)
    assert shown == TABLE[kind]


@pytest.mark.parametrize(
    ("kind", "phase", "days", "infusions"),
    [
        ("lft_periodic", "acute", 28, 6),
        ("lft_periodic", "maintenance", 90, 12),
        ("gu_periodic", "acute", 28, 6),
        ("gu_periodic", "maintenance", 90, 12),
        ("weight", "acute", 28, None),
        ("pregnancy", "maintenance", 28, None),
        ("uds", "acute", 90, None),
        ("scale_weekly", "acute", 7, None),
    ],
)
def test_periods(kind: str, phase: Phase, days: int, infusions: int | None) -> None:
    rule = RULES[kind]
    expected = Policy(days, infusions, rule.soon_days, rule.grace_days, rule.blocks_when)
    assert rule.policy(phase) == expected


def test_a_finding_shortens_the_clock() -> None:
    liver, urinary = RULES["lft_periodic"], RULES["gu_periodic"]
    shorter = liver.policy("maintenance", has_finding=True)
    assert (shorter.period_days, shorter.period_infusions) == (14, 12)
    assert urinary.policy("acute", has_finding=True).period_infusions == 1
    assert RULES["weight"].policy("acute", has_finding=True).period_days == 28


def test_what_holds_at_the_first_infusion() -> None:
    assert {kind: rule.first for kind, rule in RULES.items() if rule.first} == {
        "lft_baseline": First(30, "due"),
        "gu_baseline": First(30, "due"),
        "weight": First(7, "due"),
        "pregnancy": First(7, "due"),
        "uds": First(30, "never"),
    }


def test_hours_and_minutes() -> None:
    assert RULES["scale_24h"].hours == Hours(18, 24, 12)
    assert RULES["bp_predose"].fresh_minutes == 30
    assert RULES["cssrs"].fresh_minutes is None


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("scale_end_of_course", [("end", date(2026, 2, 7), date(2026, 2, 1))]),
        ("lft_post", [("day_14", date(2026, 2, 14), date(2026, 2, 14))]),
        (
            "gu_post",
            [
                ("end", date(2026, 2, 7), date(2026, 1, 31)),
                ("day_28", date(2026, 2, 28), date(2026, 2, 21)),
            ],
        ),
        (
            "relapse_follow_up",
            [
                ("week_1", date(2026, 2, 7), date(2026, 2, 5)),
                ("week_2", date(2026, 2, 14), date(2026, 2, 12)),
                ("week_3", date(2026, 2, 21), date(2026, 2, 19)),
                ("week_4", date(2026, 2, 28), date(2026, 2, 26)),
                ("month_2", date(2026, 3, 31), date(2026, 3, 29)),
                ("month_3", date(2026, 4, 30), date(2026, 4, 28)),
                ("month_4", date(2026, 5, 31), date(2026, 5, 29)),
                ("month_5", date(2026, 6, 30), date(2026, 6, 28)),
                ("month_6", date(2026, 7, 31), date(2026, 7, 29)),
            ],
        ),
    ],
)
def test_points_after_the_last_day_of_january(
    kind: str, expected: list[tuple[str, date, date]]
) -> None:
    anchor, rule = date(2026, 1, 31), RULES[kind]
    assert [
        (point.cycle, point.due_on(anchor), point.opens_on(anchor, rule.soon_days))
        for point in rule.points
    ] == expected


def content(kind: str) -> dict[str, Any]:
    file = defaults.CATALOGUE / "requirements" / f"{kind}.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("kind", "part"),
    [
        ("lft_baseline", "first"),
        ("weight", "first"),
        ("weight", "acute"),
        ("lft_periodic", "maintenance"),
        ("scale_weekly", "acute"),
        ("scale_24h", "hours"),
        ("lft_post", "points"),
        ("relapse_follow_up", "points"),
        ("cssrs", "window"),
        ("cssrs", "trigger"),
        ("cssrs", "blocks_when"),
    ],
)
def test_a_row_that_could_never_fall_due_is_refused(kind: str, part: str) -> None:
    broken = content(kind)
    del broken[part]
    with pytest.raises(RuleError) as refusal:
        parse_requirement(kind, "Title", broken)
    assert refusal.value.code == "content_broken"


@pytest.mark.parametrize(("key", "value"), [("trigger", "full_moon"), ("blocks_when", "maybe")])
def test_unknown_words_are_refused(key: str, value: str) -> None:
    with pytest.raises(RuleError, match=value):
        parse_requirement("cssrs", "Title", content("cssrs") | {key: value})


def test_a_first_without_its_own_block_takes_the_rows() -> None:
    lighter = content("weight")
    del lighter["first"]["blocks_when"]
    assert parse_requirement("weight", "Weight", lighter).first == First(7, "overdue")


def test_parts_that_are_asked_for_must_be_there() -> None:
    bare = RequirementRule(
        "x", "X", frozenset(), "rolling", "never", 0, 0, {"acute": Clock()}, Clock()
    )
    for ask in (first_of, hours_of):
        with pytest.raises(RuleError) as refusal:
            ask(bare)
        assert refusal.value.code == "content_broken"


def _numbers(found: object) -> list[dict[str, str]]:
    if isinstance(found, dict):
        if "value" in found:
            return [found]
        return [number for part in found.values() for number in _numbers(part)]
    if isinstance(found, list):
        return [number for part in found for number in _numbers(part)]
    assert not isinstance(found, int | float) or isinstance(found, bool)
    return []


SOURCES = read_sources(defaults.CATALOGUE.parent.parent / "clinic" / "catalogue" / "sources.toml")
FILES = sorted(defaults.CATALOGUE.rglob("*.toml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.stem))
def test_every_number_says_where_it_comes_from(file: Any) -> None:
    entry = read_entry(file, SOURCES)  # refuses what has no known source, unit or date
    content = {key: part for key, part in entry.content.items() if key not in HEADER}
    for row in content.get("texts", []):
        row.pop("level", None)  # a name, not a measure
    for number in _numbers(content):
        assert (number["source"] == "SEED") is (number["confidence"] == "seed")
        assert (number["source"] == "EXPERT") is (number["confidence"] == "expert")
