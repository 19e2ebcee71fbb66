"""Why something is due: the sentence, the numbers, where they come from."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from typing import Any

import pytest

from clinic.rules.policy import overlay
from clinic.rules.reasons import Origin, Reason
from labs.rules import defaults
from labs.rules.due_reasons import Basis, due_reason
from labs.rules.exposure import CourseFacts, PlannedSession
from labs.rules.requirement_rules import read_requirement
from tests.unit.labs.course import ACTIVE, DONE, MONDAY, PLANNED, day, done, having, row

FOLDER = defaults.CATALOGUE / "requirements"


def content(kind: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{kind}.toml").read_text(encoding="utf-8"))


def why(facts: CourseFacts, kind: str, cycle: str = "") -> Reason:
    held = content(kind)
    basis = Basis(row(facts, kind, cycle), read_requirement(held), facts, held)
    return due_reason(basis)


def test_a_baseline_says_how_old_it_may_be() -> None:
    found = why(PLANNED, "lft_baseline")
    assert found.code == "before_first"
    assert found.sentence == "At most 30 days old at the first infusion on Mon 2 Mar 2026."
    assert found.inputs == {"first_infusion_on": MONDAY, "within_days": 30}
    version = content("lft_baseline")["version"]
    assert found.origin == Origin("EXPERT", "expert", f"lft_baseline {version}")


def test_what_comes_back_says_since_when_and_how_often() -> None:
    found = why(having(ACTIVE, done("lft", day(-3))), "lft_periodic")
    assert found.code == "counted"
    assert found.sentence == (
        "28 days or 6 infusions, whichever comes first, after the last one on Fri 27 Feb 2026."
    )
    assert found.inputs == {
        "since": day(-3),
        "period_days": 28,
        "period_infusions": 6,
        "phase": "acute",
        "has_finding": False,
    }


def test_a_finding_shortens_the_clock_and_says_so() -> None:
    found = why(having(ACTIVE, done("lft", day(-3), has_finding=True)), "lft_periodic")
    assert found.sentence == (
        "14 days or 6 infusions, whichever comes first, after the last one on Fri 27 Feb 2026;"
        " sooner than usual because of a finding."
    )
    assert found.inputs["period_days"] == 14


def test_never_done() -> None:
    found = why(ACTIVE, "lft_periodic")
    assert (found.code, found.sentence) == (
        "never_done",
        "Never done; due since the first infusion on Mon 2 Mar 2026.",
    )


def test_a_rolling_one_is_a_baseline_first_and_comes_back_later() -> None:
    assert why(PLANNED, "weight").sentence == (
        "At most 7 days old at the first infusion on Mon 2 Mar 2026."
    )
    assert why(having(ACTIVE, done("weight", MONDAY)), "weight").sentence == (
        "28 days after the last one on Mon 2 Mar 2026."
    )
    assert why(having(PLANNED, done("weight", MONDAY)), "weight").code == "counted"


def test_what_counts_from_the_start_of_the_course() -> None:
    assert why(ACTIVE, "scale_weekly").sentence == (
        "7 days after the start of the course on Mon 2 Mar 2026."
    )
    assert why(having(ACTIVE, done("scale", day(7))), "scale_weekly").sentence == (
        "7 days after the last one on Mon 9 Mar 2026."
    )


def test_what_belongs_to_each_infusion() -> None:
    session = PlannedSession("s2", day(3))
    facts = replace(ACTIVE, infusions=(), sessions=(session,))
    assert why(facts, "cssrs", "s2").sentence == "Before the infusion on Thu 5 Mar 2026."
    found = why(facts, "bp_predose", "s2")
    assert found.sentence == (
        "Before the infusion on Thu 5 Mar 2026, at most 30 minutes before it."
    )
    assert found.inputs == {"infusion_on": day(3), "fresh_minutes": 30}


def test_hours_after_an_infusion() -> None:
    found = why(ACTIVE, "scale_24h", "s1")
    assert found.code == "hours_after"
    assert found.sentence == (
        "24 hours after the infusion ended; counts from 18 hours on, until 36 hours after it."
    )
    assert found.inputs["due_hours"] == 24


def test_points_after_the_course() -> None:
    assert why(DONE, "lft_post", "day_14").sentence == (
        "14 days after the last infusion on Thu 19 Mar 2026."
    )
    assert why(DONE, "relapse_follow_up", "month_2").sentence == (
        "2 months after the end of the course on Fri 20 Mar 2026."
    )


@pytest.mark.parametrize(
    ("facts", "kind", "cycle", "code", "sentence"),
    [
        (
            replace(having(ACTIVE, done("lft", day(-3))), standing="deceased"),
            "lft_periodic", "", "deceased", "The patient has died.",
        ),
        (
            replace(ACTIVE, not_required=frozenset({"pregnancy"})),
            "pregnancy", "", "not_required", "A clinician entered why it is not required.",
        ),
        (DONE, "lft_periodic", "", "course_ended", "The course has ended."),
        (ACTIVE, "cssrs", "s1", "missed", "Not done while it could be."),
        (
            having(DONE, done("lft", day(31))),
            "lft_post", "day_14", "done", "Done on Thu 2 Apr 2026.",
        ),
        (
            having(DONE, done("lft", day(46))),
            "lft_post", "day_14", "done", "Done on Fri 17 Apr 2026. That was late.",
        ),
    ],
)  # fmt: skip
def test_what_is_closed_says_why(
    facts: CourseFacts, kind: str, cycle: str, code: str, sentence: str
) -> None:
    found = why(facts, kind, cycle)
    assert (found.code, found.sentence) == (code, sentence)


def test_what_rests_says_so_and_still_why() -> None:
    found = why(replace(having(ACTIVE, done("lft", day(-3))), state="paused"), "lft_periodic")
    assert found.code == "course_rests"
    assert found.sentence == (
        "The course rests: nobody is reminded, no dose is given."
        " 28 days or 6 infusions, whichever comes first, after the last one on Fri 27 Feb 2026."
    )


def test_a_sites_own_number_is_called_its_own() -> None:
    held = overlay(content("lft_periodic"), {"acute.period_days": "21"}, version=4)
    facts = having(ACTIVE, done("lft", day(-3)))
    rule = read_requirement(held)
    found = due_reason(Basis(row(facts, "lft_periodic"), rule, facts, held))
    assert found.sentence.startswith("21 days or 6 infusions")
    assert found.origin.source == "SITE"
    assert (found.origin.confidence, found.origin.policy_version) == ("site", 4)


def test_one_of_a_thing_is_named_as_one() -> None:
    held = overlay(content("lft_periodic"), {"acute.period_infusions": "1"}, version=1)
    facts = having(ACTIVE, done("lft", day(-3)))
    basis = Basis(row(facts, "lft_periodic"), read_requirement(held), facts, held)
    assert due_reason(basis).sentence.startswith("28 days or 1 infusion, whichever")


def test_a_clock_that_counts_infusions_only() -> None:
    held = content("lft_periodic")
    held["acute"] = {"period_infusions": held["acute"]["period_infusions"]}
    facts = having(ACTIVE, done("lft", day(-3)))
    basis = Basis(row(facts, "lft_periodic"), read_requirement(held), facts, held)
    assert due_reason(basis).sentence == "6 infusions after the last one on Fri 27 Feb 2026."
