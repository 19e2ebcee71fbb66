"""What holds of every answer sheet of every shipped scale (E1 to E7)."""

from __future__ import annotations

from typing import Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from courses.rules import defaults
from courses.rules.scales import Item, Scale
from courses.rules.scoring import Incomplete, Score, meets_syndrome, score, subscale_total
from tests.unit.courses.shipped import CATALOGUE

Sheet = list[int | None]

# Lowest and highest total by the rulebook, not read from the catalogue.
TOTALS: Final = {
    "phq9": (0, 27),
    "gad7": (0, 21),
    "qids_sr16": (0, 27),
    "madrs": (0, 60),
    "hamd17": (0, 52),
    "hamd17_1960": (0, 50),
    "cadss": (0, 92),
    "bprs_pos4": (4, 28),
}
SUMS: Final = sorted(set(TOTALS) - {"qids_sr16"})
# Places on the form whose highest answer counts once: sleep, mood, appetite and weight, movement.
QIDS_DOMAINS: Final = ((0, 1, 2, 3), (4,), (5, 6, 7, 8), (9,), (10,), (11,), (12,), (13,), (14, 15))
RISKS: Final = ("none", "low", "moderate", "high")
URGENCY: Final = {"notice": 1, "same_day": 2, "immediate": 3}

codes = st.sampled_from(sorted(TOTALS))


def test_every_scale_with_a_total_is_here() -> None:
    files = {file.stem for file in CATALOGUE.glob("scales/*.toml")}
    assert files - {"cssrs_screener"} == set(TOTALS)


def answer(item: Item) -> st.SearchStrategy[int]:
    usual = st.integers(item.lowest, item.highest)
    return usual if item.not_assessed is None else usual | st.just(item.not_assessed)


@st.composite
def sheets(draw: st.DrawFn, scale: Scale, *, gaps: bool) -> Sheet:
    """One answer an item; where `gaps`, one in six is blank, so that many sheets stay whole."""
    return [
        None if gaps and draw(st.integers(0, 5)) == 5 else draw(answer(item))
        for item in scale.items
    ]


@st.composite
def raised(draw: st.DrawFn, scale: Scale, *, gaps: bool) -> tuple[Sheet, Sheet, int]:
    """A sheet, the same with one answer higher, and which one it was."""
    sheet = draw(sheets(scale, gaps=gaps))
    open_places = [
        place
        for place, (item, given_answer) in enumerate(zip(scale.items, sheet, strict=True))
        if given_answer is not None and given_answer < item.highest
    ]
    if not open_places:
        place = draw(st.integers(0, len(sheet) - 1))
        sheet[place] = scale.items[place].lowest
        open_places = [place]
    place = draw(st.sampled_from(open_places))
    higher = list(sheet)
    higher[place] = draw(st.integers((sheet[place] or 0) + 1, scale.items[place].highest))
    return sheet, higher, place


def scored(scale: Scale, sheet: Sheet, *, prorate: bool = False) -> Score | Incomplete:
    return score(scale, sheet, functional=0 if scale.functional else None, prorate=prorate)


def total_of(scale: Scale, sheet: Sheet, *, prorate: bool = False) -> int | None:
    found = scored(scale, sheet, prorate=prorate)
    return found.total if isinstance(found, Score) else None


def urgency_by_item(scale: Scale, sheet: Sheet) -> dict[str, int]:
    return {alert.item: URGENCY[alert.level] for alert in scored(scale, sheet).alerts}


@given(st.data(), codes)
def test_a_whole_sheet_has_a_total_within_the_range_and_its_band(
    data: st.DataObject, code: str
) -> None:
    scale = defaults.scale(code)
    found = scored(scale, data.draw(sheets(scale, gaps=False)))
    assert isinstance(found, Score)
    assert found.total is not None
    low, high = TOTALS[code]
    assert low <= found.total <= high
    holding = [band.code for band in scale.bands if band.lowest <= found.total <= band.highest]
    assert holding == ([found.band] if scale.bands else [])


@pytest.mark.parametrize("code", sorted(TOTALS))
def test_both_ends_of_the_range_are_reached(code: str) -> None:
    scale = defaults.scale(code)
    ends = [[item.lowest for item in scale.items], [item.highest for item in scale.items]]
    assert tuple(total_of(scale, list(end)) for end in ends) == TOTALS[code]


@settings(max_examples=300)
@given(st.data(), codes)
def test_one_answer_higher_never_lowers_the_total_or_its_band(
    data: st.DataObject, code: str
) -> None:
    scale = defaults.scale(code)
    sheet, higher, _ = data.draw(raised(scale, gaps=False))
    before, after = scored(scale, sheet), scored(scale, higher)
    assert isinstance(before, Score)
    assert isinstance(after, Score)
    assert before.total is not None
    assert after.total is not None
    assert before.total <= after.total
    order = [band.code for band in scale.bands] or [""]
    assert order.index(before.band) <= order.index(after.band)


@given(st.data(), codes)
def test_bands_follow_totals(data: st.DataObject, code: str) -> None:
    scale = defaults.scale(code)
    one, other = (scored(scale, data.draw(sheets(scale, gaps=False))) for _ in range(2))
    assert isinstance(one, Score)
    assert isinstance(other, Score)
    low, high = sorted((one, other), key=lambda found: found.total or 0)
    order = [band.code for band in scale.bands] or [""]
    assert order.index(low.band) <= order.index(high.band)


@given(st.data(), st.sampled_from(SUMS))
def test_a_gap_anywhere_leaves_no_total(data: st.DataObject, code: str) -> None:
    scale = defaults.scale(code)
    sheet = data.draw(sheets(scale, gaps=True))
    found = scored(scale, sheet)
    assert isinstance(found, Incomplete) is (None in sheet)
    assert not isinstance(found, Incomplete) or not hasattr(found, "total")
    if isinstance(found, Incomplete):
        ids = [
            item.id
            for item, given_answer in zip(scale.items, sheet, strict=True)
            if given_answer is None
        ]
        assert list(found.missing) == ids


@given(sheets(defaults.scale("qids_sr16"), gaps=True))
@example([0, 1, 2, 3, 1, None, 2, None, 1, 0, 0, 0, 0, 0, 0, 0])
def test_of_a_domain_the_highest_answer_counts_and_an_empty_one_leaves_no_total(
    sheet: Sheet,
) -> None:
    parts = [[sheet[place] for place in domain] for domain in QIDS_DOMAINS]
    answered = [[one for one in part if one is not None] for part in parts]
    expected = sum(max(part) for part in answered) if all(answered) else None
    assert total_of(defaults.scale("qids_sr16"), sheet) == expected


@given(st.data())
def test_one_answer_more_never_lowers_a_total_of_domains(data: st.DataObject) -> None:
    scale = defaults.scale("qids_sr16")
    sheet = data.draw(sheets(scale, gaps=True))
    place = data.draw(st.integers(0, 15))
    fuller = list(sheet)
    fuller[place] = data.draw(st.integers(sheet[place] or 0, 3))
    before, after = total_of(scale, sheet), total_of(scale, fuller)
    if before is not None:
        assert after is not None
        assert after >= before


@settings(max_examples=200)
@given(st.data(), st.sampled_from(sorted(c for c in TOTALS if defaults.scale(c).alerts)))
def test_an_alert_stays_when_its_answer_rises_also_on_a_sheet_with_gaps(
    data: st.DataObject, code: str
) -> None:
    scale = defaults.scale(code)
    sheet, higher, place = data.draw(raised(scale, gaps=True))
    before, after = urgency_by_item(scale, sheet), urgency_by_item(scale, higher)
    for item, urgency in before.items():
        assert after.get(item, 0) >= urgency
    changed = scale.items[place].id
    assert {item: u for item, u in after.items() if item != changed} == {
        item: u for item, u in before.items() if item != changed
    }


@given(raised(defaults.scale("phq9"), gaps=True))
@example(([3, 3, 3, 3, 3, 3, None, None, 3], [3, 3, 3, 3, 3, 3, None, None, 3], 0))
def test_a_prorated_total_is_whole_within_the_range_and_rises_with_its_answers(
    pair: tuple[Sheet, Sheet, int],
) -> None:
    sheet, higher, _ = pair
    scale = defaults.scale("phq9")
    before, after = (total_of(scale, one, prorate=True) for one in (sheet, higher))
    blanks = sheet.count(None)
    # At most two, and never the ninth: what is not said there cannot be made up from the rest.
    assert (before is None) is (blanks > 2 or sheet[8] is None)
    if before is not None and after is not None:
        assert 0 <= before <= after <= 27


@given(raised(defaults.scale("cadss"), gaps=False))
def test_a_part_is_never_more_than_the_whole(pair: tuple[Sheet, Sheet, int]) -> None:
    sheet, higher, _ = pair
    scale = defaults.scale("cadss")
    part, more = (subscale_total(scale, "cadss6", one) for one in (sheet, higher))
    whole = total_of(scale, sheet)
    assert whole is not None
    assert 0 <= part <= min(whole, 24)
    assert part <= more


@given(raised(defaults.scale("phq9"), gaps=False))
@example(([2, 0, 2, 2, 2, 0, 0, 0, 0], [2, 0, 2, 2, 2, 0, 0, 0, 1], 8))
def test_more_of_a_symptom_never_takes_a_syndrome_away(pair: tuple[Sheet, Sheet, int]) -> None:
    before, after = (meets_syndrome(defaults.scale("phq9"), sheet) for sheet in pair[:2])
    assert before is not None
    assert after is not None
    assert before <= after


@given(raised(defaults.scale("cssrs_screener"), gaps=True))
@example(([1, 1, 0, 0, 0, 0, None], [1, 1, 0, 0, 0, 1, None], 5))
def test_one_yes_more_never_lowers_the_risk_or_takes_its_alert_away(
    pair: tuple[Sheet, Sheet, int],
) -> None:
    scale = defaults.scale("cssrs_screener")
    before, after = (score(scale, sheet) for sheet in pair[:2])
    assert not any(
        isinstance(found, Score) and found.total is not None for found in (before, after)
    )
    if isinstance(before, Score) and isinstance(after, Score):
        assert RISKS.index(before.band) <= RISKS.index(after.band)
    urgencies = [
        max((URGENCY[alert.level] for alert in found.alerts), default=0)
        for found in (before, after)
    ]
    assert urgencies[0] <= urgencies[1]
