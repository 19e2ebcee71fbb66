"""What a reading during a session asks for at once (C2, D3)."""

from __future__ import annotations

import pytest

from clinic.rules.errors import RuleError
from courses.rules import defaults
from courses.rules.in_session import Reading, findings, parse_session_limits
from tests.unit.courses.shipped import content

LIMITS = parse_session_limits(content("rules/session_monitoring"))
CALM = Reading(sbp=130, dbp=80, spo2=98, etco2_mmhg=38, moaas=5)


def said(reading: Reading, before: Reading | None = None) -> list[tuple[str, str]]:
    found = findings(reading, before, limits=LIMITS, rules=defaults.monitoring())
    return [(one.level, one.code) for one in found]


def test_shipped_limits() -> None:
    assert (LIMITS.pause_from_sbp, LIMITS.pause_from_dbp, LIMITS.confirm_minutes) == (180, 110, 5)
    assert (LIMITS.min_spo2_percent, LIMITS.max_etco2_mmhg) == (92, 50)


def test_a_calm_reading_asks_for_nothing() -> None:
    assert said(CALM) == []
    assert said(Reading()) == []


@pytest.mark.parametrize(
    ("reading", "before", "expected"),
    [
        (Reading(sbp=179, dbp=109), None, []),
        (Reading(sbp=180, dbp=80), None, [("repeat", "bp_high")]),
        (Reading(sbp=130, dbp=110), None, [("repeat", "bp_high")]),
        (Reading(sbp=180, dbp=80), CALM, [("repeat", "bp_high")]),
        (
            Reading(sbp=185, dbp=80),
            Reading(sbp=130, dbp=112),
            [("pause", "bp_high_confirmed")],
        ),
        (Reading(sbp=150, dbp=80), Reading(sbp=190, dbp=112), []),
        (Reading(sbp=190), None, [("repeat", "bp_high")]),
        (Reading(dbp=112), Reading(), [("repeat", "bp_high")]),
    ],
)
def test_a_high_pressure_is_confirmed_before_it_pauses(
    reading: Reading, before: Reading | None, expected: list[tuple[str, str]]
) -> None:
    assert said(reading, before) == expected


def test_sentences_tell_the_numbers() -> None:
    rules = defaults.monitoring()
    (high,) = findings(Reading(sbp=190), None, limits=LIMITS, rules=rules)
    assert high.sentence == "Blood pressure 190/–: measure again within 5 min."
    (deep,) = findings(Reading(moaas=2), None, limits=LIMITS, rules=rules)
    assert deep.sentence == "Deep sedation: write readings down every 5 min."


@pytest.mark.parametrize(
    ("reading", "expected"),
    [
        (Reading(spo2=92), []),
        (Reading(spo2=91), [("alert", "spo2_low")]),
        (Reading(etco2_mmhg=50), []),
        (Reading(etco2_mmhg=51), [("alert", "etco2_high")]),
        (Reading(etco2_absent=True), [("alert", "etco2_absent")]),
        (Reading(moaas=3), []),
        (Reading(moaas=2), [("alert", "deep_sedation")]),
    ],
)
def test_breathing_and_sedation(reading: Reading, expected: list[tuple[str, str]]) -> None:
    assert said(reading) == expected


@pytest.mark.parametrize("symptom", ["chest_pain", "neurological_deficit", "dyspnoea"])
def test_grave_symptoms_stop_at_any_value(symptom: str) -> None:
    assert said(Reading(sbp=120, dbp=70, symptoms=(symptom,))) == [("stop", symptom)]


def test_other_symptoms_do_not_stop() -> None:
    assert said(Reading(symptoms=("nausea",))) == []


def test_everything_is_told_gravest_first() -> None:
    reading = Reading(sbp=190, dbp=80, spo2=88, etco2_mmhg=55, moaas=1, symptoms=("chest_pain",))
    assert [level for level, _ in said(reading, reading)] == [
        "stop",
        "pause",
        "alert",
        "alert",
        "alert",
    ]


@pytest.mark.parametrize("spo2", [-1, 101])
def test_what_no_instrument_shows(spo2: int) -> None:
    with pytest.raises(RuleError) as refused:
        said(Reading(spo2=spo2))
    assert (refused.value.code, refused.value.field) == ("out_of_range", "spo2")
