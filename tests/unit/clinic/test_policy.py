"""A site's own values: which may differ, what they may be, and what comes of it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from clinic.rules.content import decimal_at, origin_at, rows_at, text_at
from clinic.rules.errors import RuleError
from clinic.rules.policy import (
    Change,
    differences,
    fitting_only,
    overlay,
    row_name,
    settings_of,
    written,
)
from clinic.rules.reasons import Origin


def number(value: Any, confidence: str = "expert", **more: Any) -> dict[str, Any]:
    source = {"expert": "EXPERT", "seed": "SEED", "lit": "YALE"}[confidence]
    return {
        "value": value,
        "unit": "d",
        "source": source,
        "confidence": confidence,
        "dated": "2026-11-23",
        **more,
    }


CONTENT: dict[str, Any] = {
    "kind": "course_rule",
    "code": "gate",
    "version": 2,
    "title": "Before a dose",
    "released_on": "2026-11-23",
    "valid": number("60", between=["15", "120"]),
    "adult": number("18", "seed"),
    "pressure": {"hold": number("160", between=["150", "180"]), "every": number("10", "lit")},
    "gaps": number(["3", "4"], between=["2", "7"]),
    "definition": {
        "choice": "lost_response",
        "among": ["lost_response", "qids"],
        "source": "EXPERT",
        "confidence": "expert",
        "dated": "2026-11-23",
    },
    "conditions": [
        {
            "code": "glaucoma",
            "class": {
                "choice": "warn",
                "among": ["warn", "hold", "block"],
                "source": "EXPERT",
                "confidence": "expert",
                "dated": "2026-11-23",
            },
        },
        {"code": "icp", "class": "block", "source": "SEED", "confidence": "seed"},
    ],
    "points": [number("7"), number("14", "lit")],
    "names": ["a", "b"],
}


def test_only_what_no_source_confirms_may_be_set() -> None:
    assert list(settings_of(CONTENT)) == [
        "valid",
        "pressure.hold",
        "gaps",
        "definition",
        "conditions.glaucoma.class",
        "points.0",
    ]


def test_what_decides_nothing_cannot_be_set() -> None:
    assert settings_of({**CONTENT, "decides_nothing": True}) == {}


def test_a_setting_says_unit_bounds_and_choices() -> None:
    found = settings_of(CONTENT)
    assert found["pressure.hold"].value == "160"
    assert found["pressure.hold"].unit == "d"
    assert found["pressure.hold"].between == (Decimal(150), Decimal(180))
    assert found["gaps"].value == "3, 4"
    assert found["gaps"].count == 2
    assert found["definition"].among == ("lost_response", "qids")
    assert found["points.0"].between == ()


def test_values_are_laid_over_and_marked_as_the_sites_own() -> None:
    laid = overlay(
        CONTENT,
        {
            "pressure.hold": " 165.0 ",
            "conditions.glaucoma.class": "hold",
            "gaps": "4,3",
            "points.0": "8",
            "definition": "qids",
        },
        version=3,
    )
    assert decimal_at(laid, "pressure", "hold") == Decimal(165)
    assert origin_at(laid, "pressure", "hold") == Origin("SITE", "site", "gate 2", 3)
    assert origin_at(laid, "pressure", "every") == Origin("YALE", "lit", "gate 2", 3)
    assert text_at(laid, "definition") == "qids"
    assert text_at(rows_at(laid, "conditions")[0], "class") == "hold"
    assert text_at(rows_at(laid, "conditions")[1], "class") == "block"
    assert laid["gaps"]["value"] == ["4", "3"]  # type: ignore[index]
    assert laid["points"][0]["value"] == "8"  # type: ignore[index]
    assert laid["names"] == ["a", "b"]


def test_the_catalogue_itself_stays_as_it_was() -> None:
    overlay(CONTENT, {"valid": "90"}, version=1)
    assert CONTENT["valid"]["value"] == "60"
    assert "policy_version" not in CONTENT
    assert origin_at(CONTENT, "valid") == Origin("EXPERT", "expert", "gate 2", 0)


@pytest.mark.parametrize(
    ("path", "text", "code"),
    [
        ("pressure.hold", "149", "out_of_range"),
        ("pressure.hold", "181", "out_of_range"),
        ("pressure.hold", "high", "not_a_number"),
        ("pressure.hold", "NaN", "not_a_number"),
        ("pressure.hold", "Infinity", "not_a_number"),
        ("pressure.hold", "", "not_a_number"),
        ("pressure.hold", "160, 165", "policy_count"),
        ("gaps", "3", "policy_count"),
        ("gaps", "3, 9", "out_of_range"),
        ("definition", "mine", "not_a_choice"),
        ("conditions.glaucoma.class", "allow", "not_a_choice"),
        ("adult", "16", "policy_not_open"),
        ("pressure.every", "20", "policy_not_open"),
        ("points.1", "20", "policy_not_open"),
        ("pressure.halt", "160", "policy_unknown"),
        ("conditions.icp.class", "warn", "policy_unknown"),
        ("names.0", "c", "policy_unknown"),
    ],
)
def test_what_cannot_be_set_is_refused_by_its_path(path: str, text: str, code: str) -> None:
    with pytest.raises(RuleError) as caught:
        overlay(CONTENT, {path: text}, version=1)
    assert (caught.value.code, caught.value.field) == (code, path)


def test_the_message_names_the_bounds_and_their_unit() -> None:
    with pytest.raises(RuleError, match=r"149 is not between 150 and 180 d\."):
        overlay(CONTENT, {"pressure.hold": "149"}, version=1)
    bare = {"n": number("1", between=["1", "2"]) | {"unit": ""}}
    with pytest.raises(RuleError, match=r"3 is not between 1 and 2\."):
        overlay(bare, {"n": "3"}, version=1)


@pytest.mark.parametrize(
    ("text", "kept"), [("160", "160"), ("160.50", "160.5"), ("1.6E2", "160"), (" 170 ", "170")]
)
def test_numbers_are_kept_without_useless_signs(text: str, kept: str) -> None:
    assert written(settings_of(CONTENT)["pressure.hold"], text) == kept


def test_differences_are_told_against_both_states_and_the_default() -> None:
    before, after = {"valid": "90", "definition": "qids"}, {"valid": "100", "pressure.hold": "170"}
    assert differences(CONTENT, before, after) == (
        Change("valid", "d", "60", "90", "100"),
        Change("pressure.hold", "d", "160", "160", "170"),
        Change("definition", "", "lost_response", "qids", "lost_response"),
    )
    assert differences(CONTENT, before, before) == ()


def test_an_older_version_takes_what_it_knows() -> None:
    assert fitting_only(CONTENT, {"valid": "90", "later.value": "1"}) == {"valid": "90"}


@pytest.mark.parametrize(
    ("row", "name"),
    [({"code": "a", "id": "b"}, "a"), ({"item": "9"}, "9"), ({"level": 2}, "2"), ("x", "4")],
)
def test_a_row_is_called_by_its_name_or_its_place(row: object, name: str) -> None:
    assert row_name(row, 4) == name
