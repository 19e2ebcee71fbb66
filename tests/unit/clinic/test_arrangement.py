"""Keys come back in the order of the writer."""

from __future__ import annotations

import json

from clinic.rules.arrangement import arranged

WRITTEN = {
    "title": "A",
    "code": "a",
    "limits": {"warn": {"value": "1", "unit": "d"}, "hold": "2"},
    "rows": [{"id": "x", "from": "1"}, {"id": "y", "title": "Y", "from": "2"}],
    "names": ["b", "a"],
}


def test_every_depth_is_in_the_order_of_the_writer() -> None:
    stored = json.loads(json.dumps(WRITTEN, sort_keys=True))
    assert json.dumps(stored) != json.dumps(WRITTEN)
    found = arranged(stored, WRITTEN)
    assert list(found) == ["title", "code", "limits", "rows", "names"]
    assert json.dumps(found["limits"]) == ('{"warn": {"value": "1", "unit": "d"}, "hold": "2"}')
    # A key that only some rows have stands where it was first met.
    assert json.dumps(found["rows"]) == (
        '[{"id": "x", "from": "1"}, {"id": "y", "from": "2", "title": "Y"}]'
    )
    assert found["names"] == ["b", "a"]
    assert found == WRITTEN


def test_what_the_writer_did_not_know_follows_and_nothing_is_added() -> None:
    content = {"new": {"b": 1, "a": 2}, "code": "a", "rows": [{"z": 1, "id": "x"}], "limits": 3}
    found = arranged(content, WRITTEN)
    assert json.dumps(found) == (
        '{"code": "a", "limits": 3, "rows": [{"id": "x", "z": 1}], "new": {"b": 1, "a": 2}}'
    )


def test_without_a_writer_the_order_stays() -> None:
    assert json.dumps(arranged({"b": [{"d": 1}], "a": {"c": 2}}, {})) == (
        '{"b": [{"d": 1}], "a": {"c": 2}}'
    )
