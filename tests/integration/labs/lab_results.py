"""Results and reports of the tests, the smallest that are valid."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from clinic.models import Patient
from labs.actions.results import NewResult, Recorded, record_report

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
COLLECTED = datetime(2026, 11, 20, 9, tzinfo=UTC)
LIMITS = {"ALT": 34, "AST": 34, "ALP": 115, "GGT": 45, "TBILI": 20, "ALB": 50}
UNITS = {"TBILI": "umol/L", "ALB": "g/L"}


def result(code: str = "ALT", value: str | None = "27", **changed: Any) -> NewResult:
    """One final result within plausible limits; `changed` says what the test is about."""
    limit = LIMITS.get(code)
    fields: dict[str, Any] = {
        "code": code,
        "code_system": "",
        "display": "",
        "comparator": "",
        "value": None if value is None else Decimal(value),
        "value_text": "",
        "unit": UNITS.get(code, "U/L"),
        "lower_limit": None,
        "upper_limit": None if limit is None else Decimal(limit),
        "status": "final",
        "observed_at": COLLECTED,
    }
    return NewResult(**{**fields, **changed})


def panel(**values: str) -> list[NewResult]:
    """A whole liver panel, normal but for `values`."""
    normal = {"ALT": "27", "AST": "20", "ALP": "80", "GGT": "30", "TBILI": "10"}
    return [result(code, value) for code, value in {**normal, **values}.items()]


def recorded(patient: Patient, results: list[NewResult], **changed: Any) -> Recorded:
    """`results` recorded as one report by hand."""
    fields: dict[str, Any] = {
        "laboratory": "North Laboratory",
        "identifier": "F1",
        "collected_at": COLLECTED,
        "precision": "minute",
        "status": "final",
        "source": "hand",
        "by": None,
        "at": AT,
    }
    return record_report(patient=patient, results=results, **{**fields, **changed})
