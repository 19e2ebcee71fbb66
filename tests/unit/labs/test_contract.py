"""Worked cases in plain keys: the shared ones where they are, and our own."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from clinic.rules.errors import RuleError
from labs.rules.contract import CASES

VECTORS = Path(__file__).parents[4] / "shared" / "vectors" / "clinical.json"


def test_which_functions_answer() -> None:
    assert set(CASES) == {
        "ctcae.grade",
        "liver.pattern",
        "liver.hys_law",
        "liver.action",
        "gu.evaluate",
        "due.evaluate",
        "due.add_months",
        "due.today_local",
        "due.effective_last",
        "stats.wilson",
        "stats.diff_pp",
        "unit.convert",
    }


def same(answer: object, expected: object) -> bool:
    if answer == expected:
        return True
    try:
        return Decimal(str(answer)) == Decimal(str(expected))
    except ArithmeticError:
        return False


@pytest.mark.skipif(not VECTORS.exists(), reason="the shared worked cases are not here")
def test_the_shared_cases() -> None:
    vectors = json.loads(VECTORS.read_text(encoding="utf-8"))["vectors"]
    ours = [vector for vector in vectors if vector["fn"] in CASES]
    for vector in ours:
        answer = CASES[vector["fn"]](vector["input"])
        for key, expected in vector["expected"].items():
            assert same(answer[key], expected), (vector["id"], key, answer)
    assert len(ours) >= 30


NORMAL = {"alt_x": "0.5", "ast_x": "0.5", "alp_x": "0.5", "ggt_x": "0.5", "tbili_x": "0.5"}
POLICY = {
    "period_days": 28,
    "period_infusions": 6,
    "soon_days": 7,
    "grace_days": 7,
    "blocks_when": "overdue",
}


def due(**changed: Any) -> dict[str, Any]:
    case = {
        "policy": POLICY,
        "last_done": "2026-02-10",
        "infusions_after_last": [],
        "today": "2026-03-10",
        "course": "active",
    }
    return CASES["due.evaluate"](case | changed)


@pytest.mark.parametrize(
    ("fn", "case", "expected"),
    [
        (
            "ctcae.grade",
            {"analyte": "ALT", "value": "<5", "uln": "40", "baseline": None},
            {"error": "not_a_number"},
        ),
        (
            "ctcae.grade",
            {"analyte": "ALT", "value": "5", "uln": "40", "baseline": None, "comparator": "<"},
            {"grade": 0, "ratio": None, "against": "limit"},
        ),
        (
            "ctcae.grade",
            {"analyte": "ALT", "value": "150", "uln": "40", "baseline": "60", "baseline_uln": "70"},
            {"grade": 2, "ratio": "3.7500", "against": "limit"},
        ),
        ("liver.action", {**NORMAL, "symptoms": ["jaundice"]}, {"action": "hold_symptoms"}),
        ("liver.action", {**NORMAL, "symptoms": []}, {"action": "continue"}),
        ("liver.action", {**NORMAL, "dilatation": True}, {"action": "hold_imaging"}),
        # A phosphatase at twice its limit, and nobody measured the GGT beside it.
        ("liver.action", {**NORMAL, "alp_x": "2", "ggt_x": None}, {"action": "hold_imaging"}),
        ("gu.evaluate", {"previous": None, "current": ["retention"]}, {"level": 4}),
        ("gu.evaluate", {"previous": [], "current": {"urgency": 2}}, {"level": 2}),
        ("gu.evaluate", {"previous": [], "current": ["cough"]}, {"error": "symptom_unknown"}),
        ("due.add_months", {"anchor": "31.01.2026", "months": 1}, {"error": "not_a_date"}),
        (
            "due.add_months",
            {"anchor": "2026-01-31", "months": "1.5"},
            {"error": "not_a_whole_number"},
        ),
        (
            "due.today_local",
            {"utc_now": "2026-11-23T02:00:00Z", "tz": "Mars/Olympus"},
            {"error": "zone_unknown"},
        ),
        (
            "due.today_local",
            {"utc_now": "yesterday", "tz": "Europe/London"},
            {"error": "not_a_date"},
        ),
        ("due.effective_last", {"results": []}, {"last_done": None}),
        (
            "due.effective_last",
            {
                "results": [
                    {"collected": "2026-03-01T08:00:00Z", "status": "final"},
                    {"collected": "2026-03-02T08:00:00", "status": "final"},
                    {"collected": "2026-03-09", "status": "final", "complete": False},
                ]
            },
            {"last_done": "2026-03-02"},
        ),
        ("stats.wilson", {"k": 0, "n": 0}, {"low": None, "high": None}),
        (
            "unit.convert",
            {"value": "1", "from": "mg/dL", "to": "umol/L", "analyte": "XYZ"},
            {"error": "analyte_unknown"},
        ),
        (
            "unit.convert",
            {"value": "70", "from": "kg", "to": "g/L"},
            {"error": "unit_not_convertible"},
        ),
    ],
)
def test_our_own_cases(fn: str, case: dict[str, Any], expected: dict[str, Any]) -> None:
    try:
        answer = CASES[fn](case)
    except RuleError as refusal:
        answer = {"error": refusal.code}
    assert {key: answer.get(key) for key in expected} == expected


def test_due_cases() -> None:
    assert due() == {"due": "2026-03-10", "state": "due", "blocks_dose": False}
    assert due(policy=POLICY | {"blocks_when": "due"})["blocks_dose"] is True
    assert due(policy=POLICY | {"blocks_when": None}, today="2026-05-01")["blocks_dose"] is False
    assert due(policy=POLICY | {"soon_days": None}, today="2026-03-09")["state"] == "not_due"
    assert due(policy=POLICY | {"grace_days": None}, today="2026-03-11")["state"] == "overdue"
    assert due(policy=POLICY | {"period_days": None})["state"] == "not_due"
    assert due(course="paused") == {"due": None, "state": "suspended", "blocks_dose": True}
    with pytest.raises(RuleError) as refusal:
        due(policy=POLICY | {"blocks_when": "always"})
    assert refusal.value.code == "unknown_code"
