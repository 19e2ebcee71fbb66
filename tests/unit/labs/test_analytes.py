"""Codes, units, exact and rounded conversion, and values that cannot be."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic.rules.errors import RuleError
from labs.rules import defaults
from labs.rules.analytes import LOINC, Analyte, canonical, convert, exact, find


def analyte(code: str) -> Analyte:
    return next(one for one in defaults.analytes() if one.code == code)


@pytest.mark.parametrize(
    ("code", "system", "expected"),
    [
        ("1742-6", LOINC, "ALT"),
        ("1743-4", "LN", "ALT"),
        ("1744-2", "LN", "ALT"),
        ("1920-8", "LN", "AST"),
        ("6768-6", "LN", "ALP"),
        ("2324-2", "urn:oid:2.16.840.1.113883.6.1", "GGT"),
        ("1975-2", "", "TBILI"),
        ("14631-6", LOINC, "TBILI"),
        ("1968-7", LOINC, "DBILI"),
        ("14629-0", LOINC, "DBILI"),
        (" 1751-7 ", LOINC, "ALB"),
        ("ALT", "", "ALT"),
        ("sgpt", "", "ALT"),
        ("Bili", "", "TBILI"),
        ("total  bilirubin", "", "TBILI"),
        ("gamma-gt", "", "GGT"),
        # a name is no LOINC code, and a code of another system is not LOINC's
        ("ALT", LOINC, None),
        ("1742-6", "http://snomed.info/sct", None),
        ("ALB", "L", None),
        ("24325-3", LOINC, None),
        ("2106-3", LOINC, None),
        ("", "", None),
    ],
)
def test_finding_an_analyte(code: str, system: str, expected: str | None) -> None:
    found = find(defaults.analytes(), code, system)
    assert (found.code if found else None) == expected


@pytest.mark.parametrize(
    ("value", "source", "target", "code", "expected"),
    [
        ("1.2", "mg/dL", "umol/L", "TBILI", "20.5"),
        ("20.5", "umol/L", "mg/dL", "TBILI", "1.2"),
        ("0.3", "mg/dl", "µmol/L", "DBILI", "5.1"),
        ("3.8", "g/dL", "g/L", "ALB", "38.0"),
        ("35", "g/L", "g/dL", "ALB", "3.5"),
        ("40", "IU/L", "U/L", "ALT", "40.0"),
        ("40", "u / l", "U/L", "GGT", "40.0"),
        ("1.5", "µkat/L", "U/L", "ALP", "90.0"),
        ("1.25", "g/L", "g/L", "ALB", "1.3"),
    ],
)
def test_converting_for_reading(
    value: str, source: str, target: str, code: str, expected: str
) -> None:
    assert str(convert(Decimal(value), source, target, analyte(code))) == expected


@pytest.mark.parametrize(
    ("value", "source", "target", "expected"),
    [
        ("154.3", "[lb_av]", "kg", "70.0"),
        ("154.3", "lb", "kg", "70.0"),
        ("70", "kg", "[lb_av]", "154.3"),
        ("70.05", "kg", "kg", "70.1"),
    ],
)
def test_converting_weight(value: str, source: str, target: str, expected: str) -> None:
    answer = convert(Decimal(value), source, target, None, defaults.general_units())
    assert str(answer) == expected


@pytest.mark.parametrize(
    ("source", "target", "code", "error"),
    [
        ("mg/dL", "umol/L", None, "unit_not_convertible"),
        ("kg", "g/L", None, "unit_not_convertible"),
        ("mmol/L", "umol/L", "TBILI", "unit_unknown"),
        ("umol/L", "stone", "TBILI", "unit_unknown"),
        ("", "umol/L", "TBILI", "unit_missing"),
        (" ", "umol/L", "TBILI", "unit_missing"),
        ("g/L", "umol/L", "TBILI", "unit_unknown"),
    ],
)
def test_a_unit_is_never_guessed(source: str, target: str, code: str | None, error: str) -> None:
    with pytest.raises(RuleError) as refusal:
        convert(
            Decimal(1),
            source,
            target,
            analyte(code) if code else None,
            defaults.general_units(),
        )
    assert refusal.value.code == error


def test_comparing_uses_the_exact_amount() -> None:
    units = analyte("TBILI").units
    assert exact(Decimal("1.2"), "mg/dL", "umol/L", units) == Decimal("20.5248")
    assert exact(Decimal("20.5248"), "umol/L", "mg/dL", units) == Decimal("1.2")


@given(st.decimals("0", "9999", places=2), st.sampled_from(["TBILI", "ALB", "ALT"]))
def test_there_and_back_is_where_it_was(value: Decimal, code: str) -> None:
    units = analyte(code).units
    other = units.units[1].code
    there = exact(value, units.canonical, other, units)
    assert abs(exact(there, other, units.canonical, units) - value) < Decimal("1e-20")


@pytest.mark.parametrize(
    ("code", "value", "unit", "expected"),
    [
        ("ALT", "0", "U/L", "0"),
        ("ALT", "30000", "U/L", "30000"),
        ("ALB", "3.8", "g/dL", "38"),
        ("TBILI", "1", "mg/dL", "17.104"),
    ],
)
def test_canonical_value(code: str, value: str, unit: str, expected: str) -> None:
    assert canonical(Decimal(value), unit, analyte(code)) == Decimal(expected)


@pytest.mark.parametrize(
    ("code", "value", "unit"),
    [
        ("ALT", "-1", "U/L"),
        ("ALT", "30001", "U/L"),
        ("ALB", "3.8", "g/L"),  # g/dL sent as g/L
        ("ALB", "38", "g/dL"),
        ("TBILI", "-0.1", "mg/dL"),
    ],
)
def test_impossible_values_are_refused(code: str, value: str, unit: str) -> None:
    with pytest.raises(RuleError) as refusal:
        canonical(Decimal(value), unit, analyte(code))
    assert (refusal.value.code, refusal.value.field) == ("value_impossible", "value")


def test_no_name_or_code_belongs_to_two_analytes() -> None:
    for attribute in ("loinc", "synonyms"):
        names = [name for one in defaults.analytes() for name in getattr(one, attribute)]
        assert len(names) == len(set(names))
