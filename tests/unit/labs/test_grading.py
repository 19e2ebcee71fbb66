"""Grades at both sides of every bound, and against real panels read a second way."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic.rules.errors import RuleError
from labs.rules import defaults
from labs.rules.grading import Grade, grade, multiple

TABLE = defaults.grading()
PANELS = Path(__file__).parents[4] / "shared" / "data" / "liver_panels.csv"


def graded(
    analyte: str,
    value: str,
    uln: str = "100",
    *,
    baseline: str | None = None,
    comparator: str = "",
    baseline_uln: str | None = None,
) -> Grade:
    return grade(
        analyte=analyte,
        value=Decimal(value),
        uln=Decimal(uln),
        baseline=Decimal(baseline) if baseline else None,
        baseline_uln=Decimal(baseline_uln) if baseline_uln else None,
        comparator=comparator,
        table=TABLE,
    )


@pytest.mark.parametrize("analyte", ["ALT", "AST"])
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0", 0),
        ("100", 0),
        ("100.1", 1),
        ("300", 1),
        ("300.1", 2),
        ("500", 2),
        ("500.1", 3),
        ("2000", 3),
        ("2000.1", 4),
    ],
)
def test_transaminases_on_a_normal_baseline(analyte: str, value: str, expected: int) -> None:
    assert graded(analyte, value).grade == expected
    assert graded(analyte, value, baseline="100").grade == expected


@pytest.mark.parametrize("analyte", ["ALP", "GGT"])
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("100", 0),
        ("100.1", 1),
        ("250", 1),
        ("250.1", 2),
        ("500", 2),
        ("500.1", 3),
        ("2000", 3),
        ("2000.1", 4),
    ],
)
def test_alp_and_ggt_on_a_normal_baseline(analyte: str, value: str, expected: int) -> None:
    assert graded(analyte, value).grade == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("100", 0),
        ("100.1", 1),
        ("150", 1),
        ("150.1", 2),
        ("300", 2),
        ("300.1", 3),
        ("1000", 3),
        ("1000.1", 4),
    ],
)
def test_bilirubin_on_a_normal_baseline(value: str, expected: int) -> None:
    assert graded("TBILI", value).grade == expected


@pytest.mark.parametrize(
    ("analyte", "value", "expected"),
    [
        # baseline 200 at a limit of 100
        ("ALT", "299.9", 0),
        ("ALT", "300", 1),
        ("ALT", "600", 1),
        ("ALT", "600.1", 2),
        ("ALT", "1000.1", 3),
        ("ALT", "4000", 3),
        ("ALT", "4000.1", 4),
        ("ALP", "399.9", 0),
        ("ALP", "400", 1),
        ("ALP", "500", 1),
        ("ALP", "500.1", 2),
        ("GGT", "400", 1),
        ("TBILI", "200", 0),
        ("TBILI", "200.1", 1),
        ("TBILI", "300", 1),
        ("TBILI", "300.1", 2),
        ("TBILI", "2000.1", 4),
        ("AST", "50", 0),
    ],
)
def test_an_abnormal_baseline_is_the_measure(analyte: str, value: str, expected: int) -> None:
    found = graded(analyte, value, baseline="200")
    assert (found.grade, found.against) == (expected, "baseline")


def test_a_baseline_is_judged_by_its_own_limit() -> None:
    assert graded("ALT", "110", baseline="90", baseline_uln="80").against == "baseline"
    assert graded("ALT", "110", baseline="80", baseline_uln="80").against == "limit"
    assert graded("ALT", "110", baseline="110", baseline_uln="120").against == "limit"


def test_the_ratio_is_for_reading() -> None:
    assert graded("GGT", "601", uln="60", baseline="30").ratio == Decimal("10.0167")
    assert graded("ALT", "120", uln="40").ratio == Decimal("3.0000")
    assert multiple(Decimal(90), Decimal(40), Decimal(60)) == Decimal("1.5")


def test_a_third_of_a_limit_does_not_lose_the_bound() -> None:
    # 3 x 33.3 is 99.9 exactly; a quotient would have to be rounded
    assert graded("ALT", "99.9", uln="33.3").grade == 1
    assert graded("ALT", "99.91", uln="33.3").grade == 2


@pytest.mark.parametrize("comparator", ["<", "<="])
def test_below_a_bound_within_the_limit_is_grade_0(comparator: str) -> None:
    assert graded("ALT", "5", comparator=comparator) == Grade(0, None, "limit")
    assert graded("ALT", "100", comparator=comparator).grade == 0
    assert graded("ALT", "100", comparator=comparator, baseline="150").grade == 0


@pytest.mark.parametrize(
    ("comparator", "value", "baseline"),
    [("<", "100.1", None), (">", "10", None), (">=", "5000", None), ("<", "120", "200")],
)
def test_a_bound_that_says_too_little_has_no_grade(
    comparator: str, value: str, baseline: str | None
) -> None:
    with pytest.raises(RuleError) as refusal:
        graded("ALT", value, comparator=comparator, baseline=baseline)
    assert (refusal.value.code, refusal.value.field) == ("censored_value", "value")


def test_a_baseline_below_the_limit_of_today_narrows_what_a_bound_says() -> None:
    with pytest.raises(RuleError, match="too little"):
        graded("ALT", "95", comparator="<", baseline="90", baseline_uln="80")


@pytest.mark.parametrize(
    ("uln", "value", "analyte", "comparator", "code"),
    [
        (None, "40", "ALT", "", "limit_missing"),
        ("0", "40", "ALT", "", "limit_missing"),
        ("40", "-1", "ALT", "", "value_impossible"),
        ("40", "40", "ALB", "", "analyte_not_graded"),
        ("40", "40", "ALT", "~", "comparator_unknown"),
    ],
)
def test_what_cannot_be_graded(
    uln: str | None, value: str, analyte: str, comparator: str, code: str
) -> None:
    with pytest.raises(RuleError) as refusal:
        grade(
            analyte=analyte,
            value=Decimal(value),
            uln=Decimal(uln) if uln else None,
            comparator=comparator,
            table=TABLE,
        )
    assert refusal.value.code == code


def test_a_negative_baseline_is_refused() -> None:
    with pytest.raises(RuleError, match="below zero"):
        graded("ALT", "40", baseline="-1")


amounts = st.decimals("0", "5000", places=1)
limits = st.decimals("1", "200", places=1)


@given(st.sampled_from(sorted(TABLE)), amounts, amounts, limits, st.one_of(st.none(), amounts))
def test_a_higher_value_never_has_a_lower_grade(
    analyte: str, one: Decimal, other: Decimal, uln: Decimal, baseline: Decimal | None
) -> None:
    low, high = sorted((one, other))
    grades = [
        grade(analyte=analyte, value=value, uln=uln, baseline=baseline, table=TABLE).grade
        for value in (low, high)
    ]
    assert 0 <= grades[0] <= grades[1] <= 4


# A second reading of the table, in words of quotients and of CTCAE's own rows.
SECOND_READING: dict[str, list[tuple[float, int]]] = {
    "ALT": [(20, 4), (5, 3), (3, 2), (1, 1)],
    "AST": [(20, 4), (5, 3), (3, 2), (1, 1)],
    "ALP": [(20, 4), (5, 3), (2.5, 2), (1, 1)],
    "GGT": [(20, 4), (5, 3), (2.5, 2), (1, 1)],
    "BILI": [(10, 4), (3, 3), (1.5, 2), (1, 1)],
}


@pytest.mark.skipif(not PANELS.exists(), reason="the shared liver panels are not here")
def test_real_panels_agree_with_a_second_reading() -> None:
    checked = dict.fromkeys(range(5), 0)
    with PANELS.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["analyte"] not in SECOND_READING or not row["value"] or not row["upper_limit"]:
                continue
            value = row["value"].removeprefix("<")
            ratio = float(value) / float(row["upper_limit"])
            expected = next((g for above, g in SECOND_READING[row["analyte"]] if ratio > above), 0)
            code = "TBILI" if row["analyte"] == "BILI" else row["analyte"]
            bound = "<" if row["value"].startswith("<") else ""
            found = graded(code, value, row["upper_limit"], comparator=bound)
            assert found.grade == expected, row
            checked[expected] += 1
    assert sum(checked.values()) > 8000
    assert checked[0] > checked[1] > checked[2] > 0
