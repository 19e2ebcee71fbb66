"""Why a result has its grade, a panel its action, a check its level."""

from __future__ import annotations

import tomllib
from decimal import Decimal
from typing import Any

import pytest

from clinic.rules.reasons import Reason
from labs.rules import defaults
from labs.rules.finding_reasons import (
    Measured,
    action_reason,
    grade_reason,
    level_reason,
    ungraded_reason,
)
from labs.rules.grading import grade, reference
from labs.rules.gu import Check, evaluate
from labs.rules.liver import Multiples, action


def content(name: str) -> dict[str, Any]:
    return tomllib.loads((defaults.CATALOGUE / name).read_text(encoding="utf-8"))


GRADING = content("grading/ctcae5.toml")
LIVER = content("liver/pattern_actions.toml")
URINARY = content("urinary/levels.toml")


def graded(value: str, limit: str, baseline: str | None = None, comparator: str = "") -> Reason:
    amounts = {"uln": Decimal(limit), "baseline": Decimal(baseline) if baseline else None}
    found = grade(
        analyte="ALT",
        value=Decimal(value),
        table=defaults.grading(),
        comparator=comparator,
        **amounts,
    )
    against = reference(amounts["uln"], amounts["baseline"])
    return grade_reason(Measured("ALT", Decimal(value), "U/L", against), found, GRADING)


@pytest.mark.parametrize(
    ("value", "baseline", "sentence"),
    [
        ("61.0", None, "ALT 61 U/L is 1.79 × its upper limit 34: grade 1."),
        ("34", None, "ALT 34 U/L is 1.00 × its upper limit 34: grade 0."),
        ("700", None, "ALT 700 U/L is 20.59 × its upper limit 34: grade 4."),
        (
            "120", "60",
            "ALT 120 U/L is 2.00 × the baseline, which was above its limit, 60: grade 1.",
        ),
        (
            "70", "60",
            "ALT 70 U/L is 1.17 × the baseline, which was above its limit, 60: grade 0.",
        ),
    ],
)  # fmt: skip
def test_a_grade_says_what_it_is_a_multiple_of(
    value: str, baseline: str | None, sentence: str
) -> None:
    assert graded(value, "34", baseline).sentence == sentence


def test_a_grade_keeps_its_numbers_and_their_source() -> None:
    found = graded("61", "34")
    assert found.code == "grade_1"
    assert found.inputs == {
        "value": Decimal(61),
        "unit": "U/L",
        "against": "limit",
        "reference": Decimal(34),
        "upper_limit": Decimal(34),
        "ratio": Decimal("1.7941"),
    }
    assert (found.origin.source, found.origin.confidence) == ("WJH113465", "lit")
    assert found.origin.rule == f"ctcae5 {GRADING['version']}"


def test_a_bound_within_the_limit_has_no_multiple() -> None:
    assert graded("10", "34", comparator="<").sentence == (
        "ALT 10 U/L is not above its upper limit 34: grade 0."
    )


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("limit_missing", "Without its own upper limit a result has no grade."),
        ("anything_else", "This result cannot be graded."),
    ],
)
def test_what_has_no_grade_says_why(code: str, sentence: str) -> None:
    found = ungraded_reason(code, GRADING)
    assert (found.code, found.sentence) == (code, sentence)


@pytest.mark.parametrize(
    ("multiples", "code", "sentence"),
    [
        (
            {"alt": "3", "bilirubin": "2.1"}, "stop_hys_law",
            "Stop: possible Hy’s law, a doctor confirms today (ALT 3.00 ×, bilirubin 2.10 ×).",
        ),
        (
            {"alp": "2", "ggt": "1.5"}, "hold_imaging",
            "Hold: biliary ultrasound or MRCP (ALP 2.00 ×, GGT 1.50 ×).",
        ),
        ({}, "continue", "Go on."),
    ],
)  # fmt: skip
def test_an_action_names_the_multiples_it_rests_on(
    multiples: dict[str, str], code: str, sentence: str
) -> None:
    found = Multiples(**{name: Decimal(value) for name, value in multiples.items()})
    assert action(found, defaults.liver()) == code
    reason = action_reason(code, found, defaults.liver(), LIVER)
    assert (reason.code, reason.sentence) == (code, sentence)
    assert reason.inputs == {
        name: Decimal(value).quantize(Decimal("0.01")) for name, value in multiples.items()
    }


def test_every_action_has_a_number_of_the_catalogue_behind_it() -> None:
    for code in defaults.liver().texts:
        assert action_reason(code, Multiples(), defaults.liver(), LIVER).origin.rule


@pytest.mark.parametrize(
    ("now", "before", "code", "sentence"),
    [
        ({}, {}, "none", "Level 0. No symptom."),
        (
            {"urgency": 1}, {}, "repeat_next_session",
            "Level 1: one mild symptom. Repeat the check at the next session.",
        ),
        (
            {"urgency": 1, "frequency": 1}, {}, "urinalysis_and_review",
            "Level 2: more than one symptom."
            " Urinalysis, culture if positive; prescriber before the next dose.",
        ),
        (
            {"gu_pain": 1, "urgency": 1}, {"gu_pain": 1}, "consider_cessation",
            "Level 3: pain at two checks in a row and another symptom now. Consider cessation:"
            " held until a prescriber records continue, reduce or stop, and why.",
        ),
    ],
)  # fmt: skip
def test_a_level_says_which_symptoms_made_it(
    now: dict[str, int], before: dict[str, int], code: str, sentence: str
) -> None:
    check = Check(severities=now)
    rules = defaults.urinary()
    found = level_reason(check, evaluate(check, Check(severities=before), rules), rules, URINARY)
    assert (found.code, found.sentence) == (code, sentence)
    assert found.inputs["symptoms"] == dict(sorted(now.items()))
