"""What trials found: sentences with their numbers and sources."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from clinic.rules.errors import RuleError
from clinic.rules.reasons import Origin
from courses.rules.reference import parse_reference
from tests.unit.courses.shipped import CATALOGUE, content

SHIPPED = sorted(file.stem for file in (CATALOGUE / "reference").glob("*.toml"))


@pytest.mark.parametrize("code", SHIPPED)
def test_what_ships_can_be_read(code: str) -> None:
    found = parse_reference(content(f"reference/{code}"))
    assert found.code == code
    assert all(fact.sentence.endswith(".") for fact in found.facts)


def test_a_number_knows_its_source() -> None:
    found = parse_reference(content("reference/elekt_d")).number("response", "ketamine_percent")
    assert (found.values, found.unit) == ((Decimal("55.4"),), "%")
    assert found.origin == Origin("SEED", "seed", "elekt_d 1")
    spread = parse_reference(content("reference/elekt_d")).number("memory", "ect_standard_error")
    assert spread.values == (Decimal("1.2"),)


def test_opposite_results_name_each_other() -> None:
    for code in ("elekt_d", "ketect"):
        assert "the other way round" in parse_reference(content(f"reference/{code}")).note


def test_a_fact_without_a_number_has_a_source_of_its_own() -> None:
    found = parse_reference(content("reference/pain_routes"))
    assert {fact.origin.source for fact in found.facts} == {"SEED"}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda c: c.update(facts=[]), "content_broken"),
        (lambda c: c["facts"].append(c["facts"][0]), "content_broken"),
        (
            lambda c: c["facts"][0]["adults_percent"].update(value=["30", "10"]),
            "impossible_range",
        ),
    ],
)
def test_what_is_not_whole_is_refused(change: Any, code: str) -> None:
    told = content("reference/emergence")
    change(told)
    with pytest.raises(RuleError) as caught:
        parse_reference(told)
    assert caught.value.code == code


def test_a_number_that_is_not_there() -> None:
    with pytest.raises(RuleError) as caught:
        parse_reference(content("reference/singh")).number("change", "nothing")
    assert (caught.value.code, caught.value.field) == ("unknown_code", "nothing")
