"""What is looked at before the start, and how an adverse event is told (rulebook D4, D5)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from clinic.rules.errors import RuleError
from courses.rules.session_safety import (
    AdverseEvent,
    check_event,
    discontinues,
    missing_checks,
    parse_safety,
)
from tests.unit.courses.shipped import content

RULES = parse_safety(content("rules/session_safety"))
EVERYTHING = {row.code for row in RULES.checklist}
EVENT = AdverseEvent("nausea", 2, is_serious=False, relation="related", action="none")


def test_what_is_still_open_before_the_start() -> None:
    assert missing_checks(EVERYTHING, RULES) == ()
    assert missing_checks(EVERYTHING - {"suction", "escort_named"}, RULES) == (
        "suction",
        "escort_named",
    )


def test_an_antisialagogue_is_asked_at_an_induction_only() -> None:
    done = EVERYTHING - {"antisialagogue"}
    assert missing_checks(done, RULES) == ()
    assert missing_checks(done, RULES, is_induction=True) == ("antisialagogue",)


def test_a_check_that_is_not_on_the_list() -> None:
    with pytest.raises(RuleError) as caught:
        missing_checks({"coffee"}, RULES)
    assert (caught.value.code, caught.value.field) == ("unknown_code", "done")


def test_the_guidelines_own_events_are_marked_as_its_own() -> None:
    seeded = {code for code, row in RULES.adverse_events.items() if row.origin.source == "SEED"}
    assert seeded == {
        "drowsiness", "dizziness", "poor_coordination", "blurred_vision", "dissociation",
        "dysphoria", "nightmares", "hallucinations",
    }  # fmt: skip
    assert RULES.notices[0].code == "purposeless_movements"


@pytest.mark.parametrize("severity", [1, 5])
def test_an_event_as_it_is_told(severity: int) -> None:
    event = replace(EVENT, severity=severity)
    assert check_event(event, RULES) is event


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"code": "boredom"}, "unknown_code", "code"),
        ({"relation": "perhaps"}, "unknown_code", "relation"),
        ({"action": "prayed"}, "unknown_code", "action"),
        ({"severity": 0}, "out_of_range", "severity"),
        ({"severity": 6}, "out_of_range", "severity"),
    ],
)
def test_an_event_that_is_not_known(change: dict[str, Any], code: str, field: str) -> None:
    with pytest.raises(RuleError) as caught:
        check_event(replace(EVENT, **change), RULES)
    assert (caught.value.code, caught.value.field) == (code, field)


def test_which_events_count_among_stopped_infusions() -> None:
    assert discontinues(replace(EVENT, action="stopped"))
    assert not discontinues(replace(EVENT, action="slowed"))


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        (lambda c: c["checklist"][0].update(when="sometimes"), "content_broken", "when"),
        (
            lambda c: c["severity"]["lowest"].update(value="6"),
            "impossible_range",
            "severity.highest",
        ),
    ],
)
def test_content_that_is_not_whole(change: Any, code: str, field: str) -> None:
    told = content("rules/session_safety")
    change(told)
    with pytest.raises(RuleError) as caught:
        parse_safety(told)
    assert (caught.value.code, caught.value.field) == (code, field)
