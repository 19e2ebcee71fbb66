"""Why a score counts as it does, and a course stands where it stands."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from clinic.rules.reasons import Reason
from courses.rules import defaults
from courses.rules.outcome import classify
from courses.rules.outcome_reasons import outcome_reason, response_reason
from courses.rules.response import DatedScore, assess, parse_response
from courses.rules.scales import parse_scale
from tests.unit.courses.shipped import content

STARTED = datetime(2026, 3, 2, 15, tzinfo=UTC)


def taken(day: int, total: int) -> DatedScore:
    at = datetime(2026, 3, 2, 12, tzinfo=UTC) + timedelta(days=day)
    return DatedScore(at, at.date(), total, str(day))


def why(baseline: int, current: int, scale: str = "madrs") -> Reason:
    rules = defaults.scale(scale)
    found = classify(rules, baseline=baseline, current=current)
    return outcome_reason(
        rules,
        baseline=taken(0, baseline),
        current=taken(3, current),
        found=found,
        content=content(f"scales/{scale}"),
    )


@pytest.mark.parametrize(
    ("baseline", "current", "code", "sentence"),
    [
        (
            33, 15, "response",
            "MADRS 15 after 33 on Mon 2 Mar 2026, 54.5 % better: a response,"
            " not remission (10 or less).",
        ),
        (
            33, 10, "response",
            "MADRS 10 after 33 on Mon 2 Mar 2026, 69.7 % better: a response,"
            " remission (10 or less).",
        ),
        (
            32, 20, "partial",
            "MADRS 20 after 32 on Mon 2 Mar 2026, 37.5 % better: a partial response,"
            " not remission (10 or less).",
        ),
        (
            32, 32, "none",
            "MADRS 32 after 32 on Mon 2 Mar 2026, 0.0 % better: no response,"
            " not remission (10 or less).",
        ),
        (
            20, 25, "worse",
            "MADRS 25 after 20 on Mon 2 Mar 2026, 25.0 % worse: worse than the baseline,"
            " not remission (10 or less).",
        ),
        (
            0, 3, "no_percent",
            "MADRS 3 after 0 on Mon 2 Mar 2026: no percentage, because the baseline is 0,"
            " remission (10 or less).",
        ),
    ],
)  # fmt: skip
def test_one_score(baseline: int, current: int, code: str, sentence: str) -> None:
    found = why(baseline, current)
    assert (found.code, found.sentence) == (code, sentence)


def test_one_score_keeps_its_numbers_and_their_source() -> None:
    found = why(33, 15)
    assert found.inputs == {
        "scale": "madrs",
        "baseline": 33,
        "baseline_on": date(2026, 3, 2),
        "current": 15,
        "improvement_percent": Decimal("54.5"),
        "response_percent": Decimal(50),
        "partial_percent": Decimal(25),
        "remission_at_most": 10,
        "is_remission": False,
    }
    assert (found.origin.source, found.origin.confidence) == ("SUSTAIN3", "lit")
    assert (why(32, 20).origin.source, why(32, 20).origin.confidence) == ("EXPERT", "expert")


def course(*totals: tuple[int, int], scale: str = "phq9", definition: str = "") -> Reason:
    held, scale_held = content("rules/response"), content(f"scales/{scale}")
    if definition:
        held |= {"relapse_definition": definition, "policy_version": 2}
    rules, scale_rules = parse_response(held), parse_scale(scale_held)
    found = assess(
        scale_rules,
        [taken(day, total) for day, total in totals],
        first_infusion_at=STARTED,
        first_infusion_on=STARTED.date(),
        rules=rules,
    )
    return response_reason(scale_rules, found, rules, held, scale_held)


@pytest.mark.parametrize(
    ("totals", "code", "sentence"),
    [
        ((), "no_baseline", "No complete PHQ-9 in the 14 days before the first infusion."),
        (
            ((0, 20),), "no_score",
            "Baseline PHQ-9 20; no complete score since the first infusion.",
        ),
        (((0, 20), (7, 19)), "none", "Less better than a partial response asks for."),
        (((0, 20), (7, 21)), "worse", "The latest score is above the baseline."),
        (((0, 20), (7, 14)), "partial", "Better by at least 25 %, not by 50 %."),
        (((0, 20), (7, 10)), "response", "Better by at least 50 %."),
        (
            ((0, 20), (7, 10), (14, 9)), "sustained",
            "Better by at least 50 % at 2 scores in a row.",
        ),
        (((0, 20), (7, 4)), "remission", "At or below 4, whatever the baseline."),
        (
            ((0, 20), (7, 8), (14, 15), (21, 15)), "relapse",
            "Relapse on Mon 23 Mar 2026: less than 50 % better than baseline at 2 scores in a row,"
            " after a response.",
        ),
    ],
)  # fmt: skip
def test_a_course(totals: tuple[tuple[int, int], ...], code: str, sentence: str) -> None:
    found = course(*totals)
    assert (found.code, found.sentence) == (code, sentence)
    assert found.origin.rule


def test_the_sites_definition_of_relapse_is_named() -> None:
    found = course((0, 40), (7, 10), (14, 23), (21, 24), scale="madrs", definition="madrs")
    assert found.sentence == (
        "Relapse on Mon 23 Mar 2026: MADRS 22 or more at 2 scores in a row, after a response."
    )
    assert found.origin.policy_version == 2
    qids = course((0, 20), (7, 5), (14, 12), scale="qids_sr16", definition="qids")
    assert qids.sentence == "Relapse on Mon 16 Mar 2026: QIDS-SR16 above 11, after a response."


def test_a_definition_of_another_instrument_is_not_applied() -> None:
    found = course((0, 20), (7, 8), (14, 15), (21, 15), definition="qids")
    assert "less than 50 % better than baseline" in found.sentence
