"""Keys, units and marks in the words of people."""

from __future__ import annotations

from decimal import Decimal

import pytest

from clinic.rules.policy import Setting
from clinic.rules.wording import bounds_of, confidence_words, label_of, path_label, quantity, spoken


@pytest.mark.parametrize(
    ("key", "unit", "words"),
    [
        ("warn_above_sbp", "mm[Hg]", "Warn above systolic"),
        ("min_spo2_percent", "%", "Lowest SpO₂"),
        ("min_mg_per_kg", "mg/kg", "Lowest"),
        ("mg_per_kg", "mg/kg", "Mg per kg"),
        ("minutes", "min", "Minutes"),
        ("missed_after_days", "d", "Missed after"),
        ("missed_after_days", "", "Missed after days"),
        ("valid_minutes", "min", "The check is good for"),
        ("cap_mg_per_h", "mg/h", "Cap"),
        ("ALT", "", "ALT"),
    ],
)
def test_a_key_becomes_words_without_the_unit_that_stands_beside_it(
    key: str, unit: str, words: str
) -> None:
    assert label_of(key, unit) == words


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (("blood_pressure", "warn_above_sbp"), "Blood pressure: warn above systolic"),
        (("relapse", "madrs"), "Relapse: MADRS"),
        (("discharge", "max_cadss_above_baseline"), "Discharge: highest CADSS above baseline"),
        (("texts", "stop_hys_law", "repeat_days"), "Texts: stop Hy’s law: repeat days"),
    ],
)
def test_a_path_becomes_words(path: tuple[str, ...], words: str) -> None:
    assert path_label(path) == words


@pytest.mark.parametrize(
    ("values", "unit", "words"),
    [
        (["0.5"], "mg/kg", "0.5 mg/kg"),
        (["1"], "d", "1 day"),
        (["14"], "d", "14 days"),
        (["0"], "d", "0 days"),
        (["3", "4"], "d", "3, 4 days"),
        (["140"], "mm[Hg]", "140 mmHg"),
        (["0.4"], "1", "0.4"),
        (["2"], "1/wk", "2 a week"),
        (["20"], "%", "20 %"),
        (["3"], "x limit", "3 × upper limit"),
        (["1"], "infusions", "1 infusion"),
    ],
)
def test_a_number_carries_its_unit_in_words(values: list[str], unit: str, words: str) -> None:
    assert quantity(values, unit) == words


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        (Setting("a", "140", "mm[Hg]", between=(Decimal(100), Decimal(180))), "100 to 180 mmHg"),
        (Setting("a", "0.5", "1", between=(Decimal("0.0"), Decimal("1.50"))), "0 to 1.5"),
        (Setting("a", "warn", among=("warn", "hold", "block")), "warn, hold or block"),
        (Setting("a", "no", among=("no",)), "no"),
        (Setting("a", "lost_response", among=("lost_response", "madrs")), "lost response or madrs"),
        (Setting("a", "7", "d"), "any number"),
        (Setting("a", "3, 4", "d", count=2), "any 2 numbers"),
    ],
)
def test_what_a_site_may_put_in_its_place(setting: Setting, words: str) -> None:
    assert bounds_of(setting) == words


def test_marks_are_said_in_words_and_unknown_ones_as_they_stand() -> None:
    words = [confidence_words(mark) for mark in ("seed", "lit", "expert", "site", "rumour")]
    assert words == [
        "guideline",
        "published source",
        "default to be signed off",
        "set by the site",
        "rumour",
    ]


def test_only_a_code_loses_its_underscores() -> None:
    assert spoken("after_first") == "after first"
    assert spoken("trd") == "treatment-resistant depression"
    assert spoken("see file_name now") == "see file_name now"
    assert spoken("U/L") == "U/L"
