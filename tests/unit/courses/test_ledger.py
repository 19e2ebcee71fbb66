"""Every number of the guideline has a home, and the home says the same number."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from clinic.rules.errors import RuleError
from courses.rules.ledger import faults, parse_ledger
from tests.unit.courses.shipped import CATALOGUE, content

GUIDELINE = Path(__file__).resolve().parents[4] / "shared" / "guideline.txt"
LEDGER = tomllib.loads((CATALOGUE / "ledger.toml").read_text(encoding="utf-8"))
# A number that stands for itself: not part of a word such as D5W, nor of a mark such as [3].
NUMBER = re.compile(r"(?<![\w.\[])[-−]?\d+(?:\.\d+)?(?![\w\]]*\])")


def find(name: str) -> dict[str, Any] | None:
    file = CATALOGUE / f"{name}.toml"
    return content(name) if file.exists() else None


def body(text: str) -> str:
    """The clinical sentences: from the first heading to the list of references."""
    start = text.index("Ketamine for Treatment-Resistant Depression and Pain Management")
    return text[start : text.index("\nReferences\n")]


def numbers_of(text: str) -> Counter[Decimal]:
    """Every number of the sentences; the marks of references at their ends are none."""
    found: Counter[Decimal] = Counter()
    for line in body(text).splitlines():
        sentence = re.sub(r"\s\d(?:, \d)*\s*$", "", line.strip())
        # A range, a spread: two numbers; a sign belongs to a number only where it begins it.
        spread = re.sub(r"(\d)[-–](\d)", r"\1 \2", sentence).replace("±", " ").replace("%", " ")
        spread = re.sub(r"(\d)-(hour|hr)", r"\1 \2", spread)
        found.update(Decimal(one.replace("−", "-")) for one in NUMBER.findall(spread))
    return found


@pytest.mark.skipif(not GUIDELINE.exists(), reason="the guideline text is not beside the project")
def test_every_number_of_the_guideline_is_in_the_ledger() -> None:
    told = numbers_of(GUIDELINE.read_text(encoding="utf-8"))
    kept = {entry.number for entry in parse_ledger(LEDGER)}
    assert set(told) - kept == set()
    assert len(told) >= 35


@pytest.mark.skipif(not GUIDELINE.exists(), reason="the guideline text is not beside the project")
def test_the_ledger_has_no_number_that_the_guideline_does_not_say() -> None:
    told = set(numbers_of(GUIDELINE.read_text(encoding="utf-8")))
    in_words = {Decimal(2)}  # “twice weekly”
    kept = {entry.number for entry in parse_ledger(LEDGER)}
    assert kept - told - in_words == set()


def test_every_number_lives_where_the_ledger_says() -> None:
    entries = parse_ledger(LEDGER)
    assert faults(entries, find) == []
    assert len(entries) >= 45


def row(**changes: Any) -> dict[str, Any]:
    told = {
        "number": "40", "unit": "min", "context": "standard infusion", "rule": "A1",
        "paths": ["protocols/trd_standard dose.minutes"],
    }  # fmt: skip
    return {"numbers": [told | changes]}


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"number": "41"}, "protocols/trd_standard dose.minutes: is 40, not 41."),
        (
            {"paths": ["protocols/trd_standard dose.hours"]},
            "protocols/trd_standard dose.hours: there is no such number.",
        ),
        ({"paths": ["protocols/none dose.minutes"]}, "protocols/none dose.minutes: there is no"),
        (
            {"paths": ["reference/elekt_d facts.nothing.p_below"]},
            "reference/elekt_d facts.nothing.p_below: there is no such number.",
        ),
        ({"paths": []}, "40 min (standard infusion) lives nowhere."),
        (
            {"number": "8", "paths": ["protocols/trd_prolonged_96h reference.followed_weeks"]},
            "is not marked as the guideline's, and nothing says why.",
        ),
    ],
)
def test_what_does_not_hold_is_said(changes: dict[str, Any], fault: str) -> None:
    [said] = faults(parse_ledger(row(**changes)), find)
    assert fault in said


def test_a_factor_counts_at_the_last_path_only() -> None:
    paths = ["protocols/trd_standard dose.minutes", "protocols/trd_standard dose.minutes"]
    [said] = faults(parse_ledger(row(paths=paths, factor="60")), find)
    assert said.endswith("is 40, not 2400.")


def test_a_row_without_a_number_is_refused() -> None:
    with pytest.raises(RuleError) as caught:
        parse_ledger(row(number="many"))
    assert (caught.value.code, caught.value.field) == ("content_broken", "numbers.1")
