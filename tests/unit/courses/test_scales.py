"""Instruments as data: what ships, what it says, and content that is refused (E, licences)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from clinic.rules.errors import RuleError
from clinic.rules.policy import overlay
from courses.rules import defaults
from courses.rules.scales import parse_scale
from tests.unit.courses.shipped import CATALOGUE, content, number

CODES = (
    "phq9",
    "gad7",
    "qids_sr16",
    "madrs",
    "hamd17",
    "hamd17_1960",
    "cssrs_screener",
    "cadss",
    "bprs_pos4",
)


def test_every_shipped_scale_is_named_here() -> None:
    assert {file.stem for file in CATALOGUE.glob("scales/*.toml")} == set(CODES)


@pytest.mark.parametrize(
    ("code", "items", "totals", "rater", "remission", "recall", "is_outcome"),
    [
        ("phq9", 9, (0, 27), "patient", 4, 14, True),
        ("gad7", 7, (0, 21), "patient", None, 14, False),
        ("qids_sr16", 16, (0, 27), "patient", 5, 7, True),
        ("madrs", 10, (0, 60), "clinician", 10, 1, True),
        ("hamd17", 17, (0, 52), "clinician", 7, 7, True),
        ("hamd17_1960", 17, (0, 50), "clinician", 7, 7, True),
        ("cssrs_screener", 7, (0, 7), "clinician", None, None, False),
        ("cadss", 23, (0, 92), "clinician", None, None, False),
        ("bprs_pos4", 4, (4, 28), "clinician", None, None, False),
    ],
)
def test_shipped_scales(
    code: str,
    items: int,
    totals: tuple[int, int],
    rater: str,
    remission: int | None,
    recall: int | None,
    is_outcome: bool,
) -> None:
    scale = defaults.scale(code)
    assert (len(scale.items), scale.range, scale.rater) == (items, totals, rater)
    assert (scale.remission_at_most, scale.recall_days) == (remission, recall)
    assert scale.is_outcome is is_outcome


@pytest.mark.parametrize(
    ("code", "bands"),
    [
        (
            "phq9",
            "minimal 0-4, mild 5-9, moderate 10-14, moderately_severe 15-19, severe 20-27",
        ),
        ("gad7", "minimal 0-4, mild 5-9, moderate 10-14, severe 15-21"),
        ("qids_sr16", "none 0-5, mild 6-10, moderate 11-15, severe 16-20, very_severe 21-27"),
        ("madrs", "normal 0-6, mild 7-19, moderate 20-34, severe 35-60"),
        ("hamd17", "none 0-7, mild 8-13, moderate 14-18, severe 19-22, very_severe 23-52"),
        ("hamd17_1960", "none 0-7, mild 8-13, moderate 14-18, severe 19-22, very_severe 23-50"),
        ("cadss", ""),
        ("bprs_pos4", ""),
    ],
)
def test_bands(code: str, bands: str) -> None:
    found = [f"{b.code} {b.lowest}-{b.highest}" for b in defaults.scale(code).bands]
    assert ", ".join(found) == bands


@pytest.mark.parametrize(
    ("code", "used", "bands"),
    [
        ("hamd17", "four_grades", "none 0-7, mild 8-16, moderate 17-23, severe 24-52"),
        ("hamd17_1960", "four_grades", "none 0-7, mild 8-16, moderate 17-23, severe 24-50"),
        ("madrs", "severe_from_31", "normal 0-6, mild 7-19, moderate 20-30, severe 31-60"),
    ],
)
def test_a_site_may_read_totals_by_the_other_bands(code: str, used: str, bands: str) -> None:
    scale = parse_scale(overlay(content(f"scales/{code}"), {"bands_used": used}, version=1))
    found = [f"{band.code} {band.lowest}-{band.highest}" for band in scale.bands]
    assert ", ".join(found) == bands


def test_bands_that_are_chosen_must_be_there() -> None:
    changed = content("scales/madrs")
    changed["bands_used"] = "moon"
    with pytest.raises(RuleError) as refused:
        parse_scale(changed)
    assert (refused.value.code, refused.value.field) == ("bands_broken", "bands_used")


def test_items_of_the_hamilton_scale_have_two_ranges() -> None:
    tops = {item.id: item.highest for item in defaults.scale("hamd17").items}
    short = {name for name, top in tops.items() if top == 2}
    assert short == {"4", "5", "6", "12", "13", "14", "16", "17"}
    assert {top for name, top in tops.items() if name not in short} == {4}


def test_only_free_instruments_ship_their_words() -> None:
    for code in set(CODES) - {"phq9", "gad7", "bprs_pos4"}:
        for item in defaults.scale(code).items:
            assert re.fullmatch(r"(Item|Question) \d+(, ever|, past 3 months)?", item.label)
    for code in ("phq9", "gad7"):
        assert "No permission required" in defaults.scale(code).attribution


def test_codes_of_totals_and_panels() -> None:
    assert content("scales/phq9")["loinc"]["total"] == "44261-6"
    assert content("scales/phq9")["loinc"]["panel"] == "44249-1"
    assert len(content("scales/phq9")["loinc"]["items"]) == 9
    assert content("scales/gad7")["loinc"]["total"] == "70274-6"
    assert content("scales/cssrs_screener")["loinc"]["panel"] == "93373-9"
    for code in ("qids_sr16", "madrs", "hamd17", "cadss", "bprs_pos4"):
        assert "loinc" not in content(f"scales/{code}")


def test_a_symptom_counts_towards_the_syndrome_from_2_and_item_9_from_1() -> None:
    syndrome = defaults.scale("phq9").syndrome
    assert syndrome is not None
    assert syndrome.present_at == {str(n): 2 for n in range(1, 9)} | {"9": 1}
    assert (syndrome.core, syndrome.core_needed, syndrome.needed) == (("1", "2"), 1, 5)


def refused(change: Callable[[dict[str, Any]], None], code: str = "phq9") -> tuple[str, str]:
    changed = content(f"scales/{code}")
    change(changed)
    with pytest.raises(RuleError) as error:
        parse_scale(changed)
    return error.value.code, error.value.field


@pytest.mark.parametrize(
    ("place", "key", "value", "field"),
    [
        (0, "from", "1", "minimal.from"),
        (1, "from", "4", "mild.from"),
        (1, "from", "6", "mild.from"),
        (1, "to", "3", "mild.to"),
        (4, "to", "26", "severe.to"),
        (4, "to", "28", "severe.to"),
    ],
)
def test_bands_that_overlap_leave_gaps_or_miss_the_range(
    place: int, key: str, value: str, field: str
) -> None:
    def change(scale: dict[str, Any]) -> None:
        scale["bands"][place][key] = number(value)

    assert refused(change) == ("bands_broken", f"bands.{field}")


def test_an_item_with_no_possible_answer() -> None:
    assert refused(lambda s: s["items"][0].update(min=4)) == ("impossible_range", "items.1.max")


@pytest.mark.parametrize("value", ["3", True, None])
def test_an_item_whose_range_is_no_number(value: object) -> None:
    assert refused(lambda s: s["items"][0].update(max=value)) == ("content_broken", "items.1.max")


def test_an_item_told_twice() -> None:
    assert refused(lambda s: s["items"][1].update(id="1"), "gad7") == ("content_broken", "items")


def test_a_scale_without_items() -> None:
    def change(scale: dict[str, Any]) -> None:
        for key in ("items", "alerts", "syndrome"):
            del scale[key]

    assert refused(change) == ("content_broken", "items")


def test_rules_on_items_that_are_not_there() -> None:
    assert refused(lambda s: s["alerts"][0].update(item="10")) == (
        "content_broken",
        "alerts.10.item",
    )
    assert refused(lambda s: s["syndrome"]["lower"][0].update(item="0")) == (
        "content_broken",
        "syndrome.lower",
    )
    assert refused(lambda s: s["syndrome"].update(core=["0"])) == ("content_broken", "syndrome")
    assert refused(lambda s: s.update(subscale_x=["24"]), "cadss") == (
        "content_broken",
        "subscales",
    )


def test_an_alert_that_no_answer_can_reach_is_none() -> None:
    def change(scale: dict[str, Any]) -> None:
        scale["alerts"][0]["at_least"] = number("4")

    assert refused(change) == ("impossible_range", "alerts.9.at_least")


@pytest.mark.parametrize(("code", "rows"), [("phq9", "alerts.9"), ("cssrs_screener", "risks.high")])
def test_an_alert_says_how_soon_somebody_looks(code: str, rows: str) -> None:
    def change(scale: dict[str, Any]) -> None:
        scale[rows.partition(".")[0]][0]["level"] = "some_day"

    assert refused(change, code) == ("content_broken", f"{rows}.level")


def test_every_item_belongs_to_one_domain() -> None:
    assert refused(lambda s: s["domains"].pop(), "qids_sr16") == ("content_broken", "domains")
    assert refused(lambda s: s["domains"].append(["1"]), "qids_sr16") == (
        "content_broken",
        "domains",
    )
    assert refused(lambda s: s["domains"].append(["17"]), "qids_sr16") == (
        "content_broken",
        "domains",
    )


def test_an_unknown_way_to_score() -> None:
    assert refused(lambda s: s.update(method="mean")) == ("content_broken", "method")


def test_lists_that_are_no_lists_say_nothing() -> None:
    changed = content("scales/phq9")
    changed["answers"], changed["domains"] = "Not at all", "1"
    found = parse_scale(changed)
    assert (found.answers, found.domains) == ((), ())
