"""A reason as it is kept."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from clinic.rules.reasons import Origin, Reason, origin_of, stored


def test_everything_is_kept_as_text_that_json_cannot_bend() -> None:
    reason = Reason(
        "overdue",
        "Liver panel: overdue since Mon 16 Nov 2026.",
        {
            "ratio": Decimal("1.80"),
            "due_on": date(2026, 11, 16),
            "at": datetime(2026, 11, 16, 9, 30, tzinfo=UTC),
            "given": {"b": Decimal(1), "a": None},
            "codes": frozenset({"y", "x"}),
            "limits": (140, 90),
        },
        Origin("EXPERT", "expert", "lft_periodic 1", 4),
    )
    assert stored(reason) == {
        "code": "overdue",
        "sentence": "Liver panel: overdue since Mon 16 Nov 2026.",
        "inputs": {
            "ratio": "1.80",
            "due_on": "2026-11-16",
            "at": "2026-11-16T09:30:00+00:00",
            "given": {"b": "1", "a": None},
            "codes": ["x", "y"],
            "limits": [140, 90],
        },
        "source": "EXPERT",
        "confidence": "expert",
        "rule": "lft_periodic 1",
        "policy_version": 4,
    }


def test_a_reason_without_more_is_a_default_of_the_product() -> None:
    assert stored(Reason("none", "Nothing to say.")) == {
        "code": "none",
        "sentence": "Nothing to say.",
        "inputs": {},
        "source": "EXPERT",
        "confidence": "expert",
        "rule": "",
        "policy_version": 0,
    }


def test_the_origin_in_what_is_kept() -> None:
    origin = Origin("SITE", "site", "gate 2", 7)
    assert origin_of(stored(Reason("bp_elevated", "Above 140/90.", {}, origin))) == origin
    assert origin_of({}) == Origin()
