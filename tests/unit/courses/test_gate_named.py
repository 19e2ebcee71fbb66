"""Conditions and medicines of the catalogue: each blocks or warns, by indication (C1)."""

from __future__ import annotations

import pytest

from tests.unit.courses.test_gate import RULES, gate, only, said

BLOCKING = [
    "hypersensitivity",
    "ischemic_heart_disease",
    "cerebrovascular_disease",
    "uncontrolled_hypertension",
    "uncontrolled_cardiovascular_disease",
    "active_psychosis",
    "severe_hepatic_dysfunction",
    "elevated_icp",
    "aneurysmal_disease",
    "arteriovenous_malformation",
    "intracerebral_haemorrhage",
]
WARNING = [
    "history_of_psychosis",
    "bipolar",
    "substance_use_disorder",
    "breast_feeding",
    "personality_comorbidity",
    "moderate_hepatic_impairment",
    "seizure_disorder",
    "hyperthyroidism",
    "glaucoma",
    "porphyria",
]


def test_every_condition_of_the_catalogue_is_tested() -> None:
    assert [named.code for named in RULES.conditions] == [*BLOCKING, *WARNING]


@pytest.mark.parametrize("code", BLOCKING)
def test_conditions_that_block(code: str) -> None:
    assert said(conditions=(code,)) == ("block", [code])
    assert only(conditions=(code,)).overridable is (code != "hypersensitivity")


@pytest.mark.parametrize("code", WARNING)
def test_conditions_that_warn(code: str) -> None:
    assert said(conditions=(code,)) == ("warn", [code])


@pytest.mark.parametrize(
    ("code", "decision"),
    [
        ("ischemic_heart_disease", "allow"),
        ("active_psychosis", "allow"),
        ("elevated_icp", "block"),
        ("severe_hepatic_dysfunction", "block"),
    ],
)
def test_in_shock_the_heart_is_no_reason_against(code: str, decision: str) -> None:
    assert gate(indication="shock", conditions=(code,)).decision == decision


@pytest.mark.parametrize(
    ("medicine", "decision", "code"),
    [
        ("theophylline", "block", "theophylline_aminophylline"),
        ("aminophylline", "block", "theophylline_aminophylline"),
        ("theophylline_aminophylline", "block", "theophylline_aminophylline"),
        ("methylphenidate", "warn", "sympathomimetic"),
        ("psychostimulant", "warn", "sympathomimetic"),
        ("pseudoephedrine", "warn", "sympathomimetic"),
        ("vasopressin", "warn", "vasopressin"),
        ("lorazepam", "warn", "benzodiazepine"),
        (" Lorazepam ", "warn", "benzodiazepine"),
        ("morphine", "warn", "opioid"),
        ("alcohol", "warn", "alcohol"),
        ("zolpidem", "warn", "cns_depressant"),
        ("moclobemide", "warn", "maoi"),
    ],
)
def test_medicines(medicine: str, decision: str, code: str) -> None:
    assert said(medications=(medicine,)) == (decision, [code])


def test_theophylline_has_no_way_round() -> None:
    assert only(medications=("theophylline",)).overridable is False


def test_two_medicines_of_one_class_are_one_line() -> None:
    line = only(medications=("lorazepam", "diazepam"))
    assert (line.code, line.inputs) == ("benzodiazepine", {"given": ["diazepam", "lorazepam"]})


def test_what_the_catalogue_does_not_know_is_shown() -> None:
    assert said(conditions=("gout",), medications=("aspirin",)) == (
        "warn",
        ["not_in_catalogue", "not_in_catalogue"],
    )
    assert only(conditions=("gout",)).sentence == "“gout” is not in the catalogue: check it."
