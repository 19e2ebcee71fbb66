"""Urinary levels, at both sides of every step."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic.rules.errors import RuleError
from labs.rules import defaults
from labs.rules.gu import Check, check_total, evaluate

RULES = defaults.urinary()


def level(current: dict[str, int], previous: dict[str, int] | None = None) -> int:
    before = None if previous is None else Check(previous)
    return evaluate(Check(current), before, RULES).level


@pytest.mark.parametrize(
    ("previous", "current", "expected"),
    [
        (None, {}, 0),
        (None, {"frequency": 0}, 0),
        (None, {"frequency": 1}, 1),
        (None, {"gu_pain": 1}, 1),  # new pain alone
        (None, {"frequency": 2}, 2),
        (None, {"frequency": 3}, 2),
        (None, {"frequency": 1, "urgency": 1}, 2),
        ({"gu_pain": 1}, {"frequency": 1}, 1),
        ({"gu_pain": 1}, {"gu_pain": 1}, 2),  # continuing pain alone
        ({"frequency": 1}, {"frequency": 1}, 1),
        ({"frequency": 1}, {"gu_pain": 1, "frequency": 1}, 2),
        ({"gu_pain": 1}, {"gu_pain": 1, "frequency": 1}, 3),
        ({"dysuria": 1}, {"dysuria": 1, "frequency": 1}, 3),
        ({"dysuria": 1}, {"gu_pain": 1, "nocturia": 1}, 3),
        ({"gu_pain": 1}, {"gu_pain": 1, "dysuria": 1}, 3),
        ({"gu_pain": 1}, {"gu_pain": 0, "frequency": 3}, 2),
    ],
)
def test_level(previous: dict[str, int] | None, current: dict[str, int], expected: int) -> None:
    assert level(current, previous) == expected


@pytest.mark.parametrize(
    ("flag", "check"),
    [
        ("visible_haematuria", Check({"frequency": 1}, visible_haematuria=True)),
        ("retention", Check({"frequency": 1}, retention=True)),
    ],
)
def test_blood_to_be_seen_and_retention_are_urgent(flag: str, check: Check) -> None:
    found = evaluate(check, None, RULES)
    assert (found.level, found.reasons) == (4, (flag, "symptom"))
    # the same at the check before is history
    assert evaluate(Check(), check, RULES).level == 0


def test_whether_dysuria_is_pain_is_the_clinics_choice() -> None:
    without = replace(RULES, pain=frozenset({"gu_pain"}))
    before, now = Check({"dysuria": 1}), Check({"dysuria": 1, "frequency": 1})
    assert evaluate(now, before, without).level == 2


def test_reasons_come_worst_first() -> None:
    now = Check({"gu_pain": 2, "frequency": 1})
    assert evaluate(now, Check({"gu_pain": 1}), RULES).reasons == (
        "pain_continues_with_other_symptom",
        "moderate_symptom",
        "pain_continues",
        "several_symptoms",
        "symptom",
    )


def test_an_infection_explains_and_lowers_nothing() -> None:
    now = Check({"gu_pain": 1, "frequency": 1}, infection_confirmed=True)
    found = evaluate(now, Check({"gu_pain": 1}), RULES)
    assert (found.level, found.repeat_after_treatment) == (3, True)
    assert not evaluate(Check(infection_confirmed=True), None, RULES).repeat_after_treatment


@pytest.mark.parametrize(
    ("answers", "code", "field"),
    [
        ({"cough": 1}, "symptom_unknown", "severities"),
        ({"urgency": 4}, "severity_out_of_range", "urgency"),
        ({"urgency": -1}, "severity_out_of_range", "urgency"),
    ],
)
def test_impossible_answers(answers: dict[str, int], code: str, field: str) -> None:
    for current, previous in ((answers, {}), ({}, answers)):
        with pytest.raises(RuleError) as refusal:
            level(current, previous)
        assert (refusal.value.code, refusal.value.field) == (code, field)


def test_what_each_level_asks_for() -> None:
    assert [(text.code, text.needs_prescriber, text.holds_dose) for text in RULES.texts] == [
        ("none", False, False),
        ("repeat_next_session", False, False),
        ("urinalysis_and_review", True, False),
        ("consider_cessation", True, True),
        ("hold_urgent_urology", True, True),
    ]


answers = st.dictionaries(st.sampled_from(sorted(RULES.symptoms)), st.integers(0, 3))


@given(answers, answers, st.sampled_from(sorted(RULES.symptoms)))
def test_one_more_symptom_never_lowers_the_level(
    current: dict[str, int], previous: dict[str, int], added: str
) -> None:
    more = current | {added: max(1, current.get(added, 0))}
    assert level(more, previous) >= level(current, previous)


@pytest.mark.parametrize(
    ("code", "total", "concern"),
    [("bpic_ss", 18, False), ("bpic_ss", 19, True), ("bpic_ss", 38, True), ("icsi", 20, None)],
)
def test_a_questionnaires_total_may_be_kept(code: str, total: int, concern: bool | None) -> None:
    assert check_total(code, total, defaults.urinary()) is concern


@pytest.mark.parametrize(
    ("code", "total", "refusal", "field"),
    [
        ("icpi", 17, "out_of_range", "total"),
        ("puf", -1, "out_of_range", "total"),
        ("gupi", 3, "unknown_code", "instrument"),
    ],
)
def test_a_total_that_cannot_be(code: str, total: int, refusal: str, field: str) -> None:
    with pytest.raises(RuleError) as caught:
        check_total(code, total, defaults.urinary())
    assert (caught.value.code, caught.value.field) == (refusal, field)
