"""What `bin/soak differential` draws and how it compares, without the other implementation."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from bench import soak_differential
from bench.answer_sheets import Sheet, one_item_higher, sheets_of, with_total
from bench.camcops_scores import HollowFinder, HollowModule, Words
from bench.soak_differential import NotMade, Reading
from courses.rules import defaults

GAD7 = Sheet("gad7", (1, 1, 1, 1, 1, 0, 0), None)
MILD = Reading(5, "mild", complete=True, syndrome=None)


def drawn(code: str) -> list[Sheet]:
    return list(sheets_of(defaults.scale(code), 50, Random(1)))


def test_the_same_seed_draws_the_same_sheets() -> None:
    assert drawn("hamd17") == drawn("hamd17")


@pytest.mark.parametrize(("code", "highest"), [("phq9", 27), ("gad7", 21), ("hamd17", 52)])
def test_every_total_is_among_the_sheets(code: str, highest: int) -> None:
    totals = {soak_differential.our_reading(sheet).total for sheet in drawn(code)}
    assert totals == {None, *range(highest + 1)}


def test_a_tenth_comes_again_with_gaps_and_without_the_question_that_is_not_scored() -> None:
    assert sum(sheet.has_gaps for sheet in drawn("gad7")) == 5
    assert sum(sheet.functional is None for sheet in drawn("phq9")) == 5
    assert not any(sheet.functional is None and sheet.has_gaps for sheet in drawn("phq9"))


def test_answers_add_up_to_the_total_that_is_asked_for() -> None:
    answers = with_total(defaults.scale("hamd17"), 51, Random(1))
    assert sum(answers) == 51
    assert max(answers) == 4


def test_one_item_higher_passes_over_items_that_are_highest_already() -> None:
    assert list(one_item_higher(defaults.scale("gad7"), (3, 3, 3, 3, 3, 2, 0))) == [
        (3, 3, 3, 3, 3, 3, 0),
        (3, 3, 3, 3, 3, 2, 1),
    ]


def test_an_answer_that_means_not_assessed_is_drawn_too() -> None:
    assert {sheet.answers[15] for sheet in drawn("hamd17")} >= {0, 1, 2, 3}


def test_our_reading_is_the_score_of_the_catalogue() -> None:
    assert soak_differential.our_reading(GAD7) == MILD
    gaps = Sheet("gad7", (3, 3, 3, 3, 3, 3, None), None)
    assert soak_differential.our_reading(gaps) == Reading(None, "", complete=False, syndrome=None)


@pytest.mark.parametrize(
    ("their", "said"),
    [
        (Reading(5, "MILD", True, None), []),
        (Reading(6, "MILD", True, None), ["total is 5 for us, 6 for the other"]),
        (Reading(5, "NONE", True, None), ["band is mild for us, none for the other"]),
        (Reading(5, "MILD", True, False), ["syndrome is None for us, False for the other"]),
        (Reading(5, "MILD", False, None), ["complete is True for us, False for the other"]),
    ],
)
def test_each_thing_that_differs_is_said(their: Reading, said: list[str]) -> None:
    assert soak_differential.differences(GAD7, MILD, their) == said


def test_of_a_sheet_with_gaps_only_a_total_of_ours_is_a_difference() -> None:
    gaps = Sheet("gad7", (1, 1, 1, 1, 1, 0, None), None)
    none = Reading(None, "", complete=False, syndrome=None)
    their_sum = Reading(5, "MILD", complete=True, syndrome=None)
    assert soak_differential.differences(gaps, none, their_sum) == []
    assert soak_differential.differences(gaps, MILD, none) == ["we total a sheet with gaps: 5"]


def test_both_spell_a_band_alike() -> None:
    plain = soak_differential.plain_band
    assert plain("very_severe") == plain("severity_verysevere") == "verysevere"
    assert plain("moderately_severe") == plain("MODERATELY_SEVERE") == "moderatelysevere"
    assert plain("minimal") == plain("NONE") == "none"


def test_one_difference_is_one_too_many(capsys: pytest.CaptureFixture[str]) -> None:
    wrong = Reading(5, "SEVERE", complete=True, syndrome=None)
    figures = soak_differential.tallied([GAD7, GAD7], [MILD, wrong])
    assert figures["differences"] == {"phq9": 0, "gad7": 1, "hamd17": 0}
    assert figures["cases"] == {"gad7": 2}
    assert figures["ok"] is False
    assert "band is mild for us, severe for the other" in capsys.readouterr().out


def test_readings_that_are_missing_are_an_error() -> None:
    with pytest.raises(ValueError, match="shorter"):
        soak_differential.tallied([GAD7, GAD7], [MILD])


def test_without_the_other_nothing_is_said_to_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_network(place: Path, *, seconds: int) -> Path:
        raise NotMade("no network")

    monkeypatch.setattr(soak_differential, "made_environment", no_network)
    monkeypatch.setattr(soak_differential, "SHEETS_SMALL", 10)
    figures = soak_differential.run(True)
    assert (figures["ok"], figures["not_compared"]) == (None, "no network")


def test_what_is_compared_is_never_stood_in_for() -> None:
    finder = HollowFinder()
    assert finder.find_spec("camcops_server.tasks.phq9") is None
    assert finder.find_spec("sqlalchemy.orm") is None
    assert finder.find_spec("json") is None
    assert finder.find_spec("pyramid.view") is not None


def test_a_hollow_module_decorates_without_effect_and_can_be_inherited_from() -> None:
    module = HollowModule("pyramid")

    @module.view(route="home")
    def three() -> int:
        return 3

    class Child(module.Base):  # type: ignore[name-defined]
        pass

    assert three() == 3
    assert Child().__class__ is Child


def test_a_band_comes_back_by_its_name() -> None:
    assert Words().wxstring("hamd", "severity_mild", "default") == "severity_mild"
