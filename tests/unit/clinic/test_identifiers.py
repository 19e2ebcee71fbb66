"""Record numbers and the rule of two identifiers."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic.rules.errors import RuleError
from clinic.rules.identifiers import Identity, compare, normalise_record_number

KNOWN = Identity("RN-1001", date(1980, 2, 29), "O'Neill-Søgaard")


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("RN-1001", "RN-1001"),
        ("  rn-1001\t", "RN-1001"),
        ("rn 10 01", "RN1001"),
        ("RN\u00a01001", "RN1001"),
        ("\uff32\uff2e\uff11", "RN1"),  # full-width letters and digit
        ("0012", "0012"),  # leading zeros are part of the number
        ("9" * 40, "9" * 40),
    ],
)
def test_normal_form(typed: str, stored: str) -> None:
    assert normalise_record_number(typed) == stored


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "record_number_empty"),
        (" \t\u00a0", "record_number_empty"),
        ("9" * 41, "record_number_too_long"),
        ("RN\x00", "record_number_not_printable"),
        ("RN\u200b1", "record_number_not_printable"),
    ],
)
def test_refused_numbers(typed: str, code: str) -> None:
    with pytest.raises(RuleError) as refusal:
        normalise_record_number(typed)
    assert (refusal.value.code, refusal.value.field) == (code, "record_number")


@given(st.text(st.characters(categories=("Lu", "Ll", "Nd", "Zs")), min_size=1, max_size=20))
def test_normalising_twice_changes_nothing(typed: str) -> None:
    try:
        once = normalise_record_number(typed)
    except RuleError:
        return
    assert normalise_record_number(once) == once


@pytest.mark.parametrize(
    ("claimed", "same", "differing"),
    [
        (Identity("rn-1001", date(1980, 2, 29), "ONEILL SØGAARD"), True, set()),
        (Identity("RN-1001", date(1980, 2, 29)), True, set()),
        (Identity("RN-1001", None, "oneill-søgaard"), True, set()),
        (Identity("RN-1001", date(1980, 2, 29), "Berg"), True, {"family_name"}),
        (Identity("RN-1001", date(1980, 2, 28), "O'Neill-Søgaard"), True, {"birth_date"}),
        (Identity("RN-1001"), False, set()),
        (Identity("RN-1001", date(1980, 2, 28)), False, {"birth_date"}),
        (Identity("RN-1001", None, "Berg"), False, {"family_name"}),
        (Identity("RN-1001", date(1980, 2, 28), "Berg"), False, {"birth_date", "family_name"}),
        (
            Identity("RN-1002", date(1980, 2, 29), "O'Neill-Søgaard"),
            False,
            {"record_number"},
        ),
    ],
)
def test_two_identifiers(claimed: Identity, same: bool, differing: set[str]) -> None:
    match = compare(claimed, KNOWN)
    assert match.is_same_person is same
    assert match.differing == differing


def test_accents_do_not_make_another_person() -> None:
    known = Identity("1", None, "Müller-Çelik")
    assert compare(Identity("1", None, "MULLER CELIK"), known).is_same_person
