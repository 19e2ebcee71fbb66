"""What holds of every liver grade and action: never milder for a worse result (F3, F4, F6)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from clinic.rules.errors import RuleError
from labs.rules import defaults
from labs.rules.analytes import exact
from labs.rules.grading import Grade, grade
from labs.rules.liver import Multiples, action, is_possible_hys_law, pattern

TABLE: Final = defaults.grading()
RULES: Final = defaults.liver()
ANALYTES: Final = ("ALP", "ALT", "AST", "GGT", "TBILI")
# From the mildest to the gravest answer, as F6 is read from the bottom up.
ACTIONS: Final = (
    "continue",
    "continue_repeat_14d",
    "hold_symptoms",
    "hold_repeat_7d",
    "stop_hepatology",
    "hold_imaging",
    "stop_hys_law",
)
# Every bound of F3 and F6, so that values fall on it and closely beside it.
BOUNDS: Final = tuple(map(Decimal, ("1", "1.5", "2", "2.5", "3", "5", "10", "20")))
BESIDE: Final = tuple(map(Decimal, ("-0.01", "0", "0.01")))

limits = st.decimals("1", "200", places=1)
multiples = st.builds(
    lambda bound, by: bound + by, st.sampled_from(BOUNDS), st.sampled_from(BESIDE)
)
multiples |= st.decimals("0", "30", places=2)
analytes = st.sampled_from(ANALYTES)


def test_every_graded_analyte_is_here() -> None:
    assert tuple(sorted(TABLE)) == ANALYTES


@st.composite
def references(draw: st.DrawFn, *, abnormal: bool) -> dict[str, Decimal | None]:
    """A limit with a baseline above it, or with one within it or none."""
    uln = draw(limits)
    if not abnormal:
        share = draw(st.none() | st.decimals("0", "1", places=2))
        return {"uln": uln, "baseline": None if share is None else uln * share}
    over = draw(st.decimals("1.01", "8", places=2))
    # The limit of the day of the baseline need not be that of today.
    then = draw(st.none() | limits)
    return {"uln": uln, "baseline": (then or uln) * over, "baseline_uln": then}


def amount(reference: dict[str, Decimal | None]) -> Decimal:
    """What the value is measured against: the abnormal baseline, else the limit."""
    uln, baseline = reference["uln"], reference["baseline"]
    assert uln is not None
    if baseline is None or baseline <= (reference.get("baseline_uln") or uln):
        return uln
    return baseline


def graded(
    analyte: str, value: Decimal, reference: dict[str, Decimal | None], sign: str = ""
) -> Grade:
    more: dict[str, Any] = reference
    return grade(analyte=analyte, value=value, table=TABLE, comparator=sign, **more)


def bound(
    analyte: str, value: Decimal, reference: dict[str, Decimal | None], sign: str
) -> int | None:
    """The grade of a bound, None where it says too little."""
    try:
        return graded(analyte, value, reference, sign).grade
    except RuleError as refused:
        if refused.code != "censored_value":
            raise
        return None


@pytest.mark.parametrize("analyte", ANALYTES)
@pytest.mark.parametrize("abnormal", [False, True], ids=["normal", "abnormal"])
@given(data=st.data(), one=multiples, other=multiples)
def test_a_higher_value_never_has_a_lower_grade_about_any_bound(
    analyte: str, abnormal: bool, data: st.DataObject, one: Decimal, other: Decimal
) -> None:
    reference = data.draw(references(abnormal=abnormal))
    of = amount(reference)
    low, high = sorted((one * of, other * of))
    mild, grave = graded(analyte, low, reference), graded(analyte, high, reference)
    assert 0 <= mild.grade <= grave.grade <= 4
    assert mild.against == grave.against == ("baseline" if abnormal else "limit")


@settings(max_examples=300)
@given(
    analytes,
    references(abnormal=False) | references(abnormal=True),
    multiples,
    multiples,
    st.sampled_from(["<", "<=", ">", ">="]),
)
@example("ALT", {"uln": Decimal(40), "baseline": None}, Decimal(1), Decimal("0.99"), "<=")
@example("ALT", {"uln": Decimal(40), "baseline": None}, Decimal(21), Decimal(22), ">")
def test_a_bound_that_is_graded_has_the_grade_of_everything_it_allows(
    analyte: str, reference: dict[str, Decimal | None], at: Decimal, true: Decimal, sign: str
) -> None:
    value, possible = at * amount(reference), true * amount(reference)
    if sign.startswith("<"):
        allowed = possible < value or (sign == "<=" and possible == value)
    else:
        allowed = possible > value or (sign == ">=" and possible == value)
    found = bound(analyte, value, reference, sign)
    if allowed and found is not None:
        assert graded(analyte, possible, reference).grade == found


@given(analytes, references(abnormal=False) | references(abnormal=True), multiples, multiples)
def test_a_higher_bound_from_above_never_says_more(
    analyte: str, reference: dict[str, Decimal | None], one: Decimal, other: Decimal
) -> None:
    low, high = sorted((one * amount(reference), other * amount(reference)))
    below, above = (bound(analyte, value, reference, "<") for value in (low, high))
    assert above is None or above == below == 0


@given(
    analytes,
    references(abnormal=False) | references(abnormal=True),
    multiples,
    st.sampled_from(["10", "0.1", "17.104", "1000", "0.001"]),
)
@example("TBILI", {"uln": Decimal("17.1"), "baseline": None}, Decimal("1.5"), "17.104")
def test_one_factor_for_value_and_limits_leaves_the_grade_alone(
    analyte: str, reference: dict[str, Decimal | None], at: Decimal, factor: str
) -> None:
    by = Decimal(factor)
    value = at * amount(reference)
    other = {name: None if one is None else one * by for name, one in reference.items()}
    assert graded(analyte, value * by, other) == graded(analyte, value, reference)


@given(
    references(abnormal=False) | references(abnormal=True),
    multiples,
    st.sampled_from(["mg/dL", "umol/L"]),
)
def test_bilirubin_has_the_same_grade_in_the_unit_of_the_row_and_in_our_own(
    reference: dict[str, Decimal | None], at: Decimal, unit: str
) -> None:
    analyte = next(one for one in defaults.analytes() if one.code == "TBILI")

    def own(value: Decimal) -> Decimal:
        return exact(value, unit, analyte.units.canonical, analyte.units)

    value = at * amount(reference)
    other = {name: None if one is None else own(one) for name, one in reference.items()}
    assert graded("TBILI", own(value), other) == graded("TBILI", value, reference)


# Mostly on and beside the bounds of F5 and F6, all of which lie between 1 and 5.
beside = st.builds(
    lambda bound, by: bound + by, st.sampled_from(BOUNDS[:6]), st.sampled_from(BESIDE)
)
raised_values = st.none() | beside
found_multiples = st.builds(
    Multiples, raised_values, raised_values, raised_values, raised_values, raised_values
)


@settings(max_examples=300)
@given(
    found_multiples,
    st.sampled_from(["alt", "ast", "ggt", "bilirubin"]),
    multiples,
    st.booleans(),
    st.booleans(),
)
@example(Multiples(alt=Decimal(3), bilirubin=Decimal("2.01")), "alt", Decimal("3.01"), False, False)
@example(
    Multiples(alt=Decimal(3), bilirubin=Decimal(2)), "bilirubin", Decimal("2.01"), False, False
)
def test_a_higher_result_never_asks_for_less(
    found: Multiples, name: str, more: Decimal, symptoms: bool, dilatation: bool
) -> None:
    before = getattr(found, name)
    if before is None and name == "ggt":
        # Not measured counts as raised beside a raised ALP: measuring it may clear it.
        return
    worse = replace(found, **{name: max(more, before or Decimal(0))})
    mild, grave = (
        action(one, RULES, has_symptoms=symptoms, has_dilatation=dilatation)
        for one in (found, worse)
    )
    assert ACTIONS.index(mild) <= ACTIONS.index(grave)


@settings(max_examples=300)
@given(found_multiples, multiples)
@example(
    Multiples(alt=Decimal(4), bilirubin=Decimal(3), alp=Decimal(1), ggt=Decimal(1)), Decimal(2)
)
def test_a_higher_alp_may_end_hys_law_but_never_a_hold(found: Multiples, more: Decimal) -> None:
    worse = replace(found, alp=max(more, found.alp or Decimal(0)))
    before, after = action(found, RULES), action(worse, RULES)
    assert RULES.texts[after].holds_dose or not RULES.texts[before].holds_dose
    assert is_possible_hys_law(found, RULES) or not is_possible_hys_law(worse, RULES)


@given(found_multiples, st.booleans(), st.booleans())
@example(Multiples(alt=Decimal(1)), True, False)
@example(Multiples(), False, True)
def test_symptoms_and_a_wide_duct_hold_at_any_value(
    found: Multiples, symptoms: bool, dilatation: bool
) -> None:
    plain = action(found, RULES)
    more = action(found, RULES, has_symptoms=symptoms, has_dilatation=dilatation)
    assert ACTIONS.index(plain) <= ACTIONS.index(more)
    assert RULES.texts[more].holds_dose or not (symptoms or dilatation)


positive = st.decimals("1", "900", places=1)


@given(positive, limits, positive, limits, st.sampled_from(["10", "0.1", "17.104"]))
@example(Decimal(200), Decimal(40), Decimal(100), Decimal(100), "10")
@example(Decimal(80), Decimal(40), Decimal(100), Decimal(100), "10")
def test_the_pattern_knows_no_unit_and_turns_round_with_its_enzymes(
    alt: Decimal, alt_uln: Decimal, alp: Decimal, alp_uln: Decimal, factor: str
) -> None:
    by = Decimal(factor)
    here = pattern(alt=alt, alt_uln=alt_uln, alp=alp, alp_uln=alp_uln, rules=RULES)
    there = pattern(
        alt=alt * by, alt_uln=alt_uln * by, alp=alp / 10, alp_uln=alp_uln / 10, rules=RULES
    )
    assert here == there
    order: Callable[[str], int] = ("cholestatic", "mixed", "hepatocellular").index
    more = pattern(alt=alt * 2, alt_uln=alt_uln, alp=alp, alp_uln=alp_uln, rules=RULES)
    if here.ratio is not None:
        assert order(here.pattern) <= order(more.pattern)
