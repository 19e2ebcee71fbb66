"""Every blood pressure, and every two conditions or medicines together: no rise, no pair helps."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, pairwise
from typing import Any, Final

import pytest

from courses.rules import defaults
from courses.rules.gate import Facts, Gate, evaluate

RULES: Final = defaults.gate()
ORDER: Final = ("allow", "warn", "hold", "block")
CALM: Final = Facts(
    indication="trd",
    sbp=128,
    dbp=78,
    pregnancy="negative",
    fasting_kept=True,
    airway_equipment=True,
    lft_baseline_days=10,
)
NAMES: Final = {
    "conditions": sorted(
        {name for row in RULES.conditions for name in (row.code, *row.matches)} | {"of no list"}
    ),
    "medications": sorted(
        {name for row in RULES.medications for name in (row.code, *row.matches)} | {"of no list"}
    ),
}


def gate(**facts: Any) -> Gate:
    return evaluate(replace(CALM, **facts), RULES)


def gravity(**facts: Any) -> int:
    return ORDER.index(gate(**facts).decision)


@pytest.mark.parametrize("dbp", [20, 78, 90, 91, 99, 100, 109, 110, 200])
def test_no_rise_of_the_systolic_pressure_helps(dbp: int) -> None:
    found = [gravity(sbp=sbp, dbp=dbp) for sbp in range(40, 301)]
    assert found == sorted(found)
    # A pressure out of bounds is at its worst from 180 on, whatever the other one is.
    assert found[180 - 40 :] == [3] * 121


@pytest.mark.parametrize("sbp", [40, 128, 140, 141, 159, 160, 179, 180, 300])
def test_no_rise_of_the_diastolic_pressure_helps(sbp: int) -> None:
    found = [gravity(sbp=sbp, dbp=dbp) for dbp in range(20, 201)]
    assert found == sorted(found)
    assert found[110 - 20 :] == [3] * 91


@pytest.mark.parametrize("sbp", range(130, 191, 5))
def test_the_worse_of_both_pressures_decides(sbp: int) -> None:
    for dbp in range(70, 121):
        assert gravity(sbp=sbp, dbp=dbp) == max(gravity(sbp=sbp, dbp=78), gravity(sbp=128, dbp=dbp))


@pytest.mark.parametrize("kind", sorted(NAMES))
def test_every_name_that_is_given_leaves_its_line_known_or_not(kind: str) -> None:
    for name in NAMES[kind]:
        (line,) = gate(**{kind: (name,)}).lines
        assert line.verdict in ("warn", "hold", "block")
        assert (line.code == "not_in_catalogue") is (name == "of no list")


@pytest.mark.parametrize("kind", sorted(NAMES))
def test_two_together_say_all_that_each_says_alone(kind: str) -> None:
    alone = {name: gate(**{kind: (name,)}) for name in NAMES[kind]}
    for one, other in combinations(NAMES[kind], 2):
        both = gate(**{kind: (one, other)})
        said = [{line.code for line in found.lines} for found in (both, alone[one], alone[other])]
        assert said[0] == said[1] | said[2]
        worst = max(alone[one].decision, alone[other].decision, key=ORDER.index)
        assert both.decision == worst


def test_an_older_baseline_and_a_lower_oxygen_never_help() -> None:
    ages = [gravity(lft_baseline_days=days) for days in range(60)] + [
        gravity(lft_baseline_days=None)
    ]
    oxygen = [gravity(spo2=percent) for percent in range(100, 49, -1)]
    years = [gravity(age_years=age) for age in range(90, 0, -1)]
    for found in (ages, oxygen, years):
        assert all(later >= earlier for earlier, later in pairwise(found))
        assert (found[0], found[-1] > 0) == (0, True)
