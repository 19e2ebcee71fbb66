"""Content has the keys its kind knows, each number in its unit."""

from __future__ import annotations

from typing import Any

import pytest

from clinic.rules.errors import RuleError
from clinic.rules.shape import ANY, TEXT, Shape, require_shape

SHAPE: Shape = {
    "note": TEXT,
    "subscale_*": TEXT,
    "minutes": "min",
    "dose": {"mg": "mg"},
    "rows": {"code": TEXT, "level": "{score}"},
    "facts": {"code": TEXT, ANY: ANY},
}


def number(unit: str) -> dict[str, str]:
    return {"value": "1", "unit": unit}


WHOLE: dict[str, Any] = {
    "kind": "protocol",
    "code": "x",
    "version": 1,
    "policy_version": 2,
    "note": {"choice": "a", "among": ["a"]},
    "subscale_six": ["1", "2"],
    "minutes": number("min"),
    "dose": {"mg": number("mg"), "source": "SEED", "confidence": "seed"},
    "rows": [{"code": "a", "level": number("{score}")}, {"code": "b"}],
    "facts": [{"code": "c", "people": number("people"), "days": number("d")}],
}


def test_what_is_whole_passes() -> None:
    require_shape(WHOLE, SHAPE)
    require_shape({}, SHAPE)


@pytest.mark.parametrize(
    ("change", "code", "field", "message"),
    [
        ({"notes": "x"}, "unknown_key", "notes", "No rule reads “notes”."),
        ({"dose": {"ml": number("mL")}}, "unknown_key", "dose.ml", "No rule reads “dose.ml”."),
        (
            {"rows": [{"code": "b", "grade": 1}]},
            "unknown_key",
            "rows.b.grade",
            "No rule reads “rows.b.grade”.",
        ),
        (
            {"minutes": number("h")},
            "wrong_unit",
            "minutes",
            "“minutes” is in h, not in min.",
        ),
        ({"minutes": 40}, "content_broken", "minutes", "“minutes” is not a number with its unit."),
        (
            {"minutes": {"choice": "a"}},
            "content_broken",
            "minutes",
            "“minutes” is not a number with its unit.",
        ),
        ({"dose": number("mg")}, "content_broken", "dose", "“dose” is not a table."),
        ({"rows": ["a"]}, "content_broken", "rows", "“rows” is not a table."),
        (
            {"note": number("mg")},
            "content_broken",
            "note",
            "“note” is neither a text nor a choice.",
        ),
        (
            {"note": [{"code": "a"}]},
            "content_broken",
            "note",
            "“note” is neither a text nor a choice.",
        ),
        (
            {"facts": [{"code": "c", "people": 7}]},
            "content_broken",
            "facts.c.people",
            "“facts.c.people” is not a number with its unit.",
        ),
    ],
)
def test_what_is_refused(change: dict[str, Any], code: str, field: str, message: str) -> None:
    with pytest.raises(RuleError) as refused:
        require_shape({**WHOLE, **change}, SHAPE)
    assert (refused.value.code, refused.value.field) == (code, field)
    assert refused.value.message == message
