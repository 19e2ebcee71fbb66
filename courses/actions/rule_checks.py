"""Worked cases of a clinical lead, judged by the rules that ship and kept with the verdict."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from django.db import transaction
from django.utils import timezone

from clinic.actions.audit import record
from clinic.errors import Invalid
from clinic.models import Site, User
from clinic.shipped import shipped_entries
from courses.models import RuleCheck
from courses.rules.case_file import read_uploaded
from courses.rules.verdict import Verdict, judge

LONGEST_NAME = 255


@dataclass(frozen=True, slots=True)
class Judged:
    """The content that the cases are judged by: the product's own, without a site's values."""

    sha256: str
    versions: dict[str, int]


@transaction.atomic
def check_vectors(
    *, site: Site, name: str, data: bytes, by: User, at: datetime | None = None
) -> RuleCheck:
    """Judge a file of worked cases and keep the verdict; the same file again is a new row.

    Raises Invalid `file_unreadable` on the field `file`, saying what is wrong with it.
    """
    try:
        verdicts = judge(read_uploaded(data))
    except ValueError as error:
        raise Invalid("file_unreadable", f"The file {error}.", "file") from None
    content = judged_by()
    failing = [verdict for verdict in verdicts if not verdict.passed]
    check = RuleCheck.objects.create(
        site=site,
        at=at or timezone.now(),
        by=by,
        file_name=name[-LONGEST_NAME:],
        sha256=hashlib.sha256(data).hexdigest(),
        passed=len(verdicts) - len(failing),
        failed=len(failing),
        by_function=_by_function(verdicts),
        failing=[_stored(verdict) for verdict in failing],
        rules_sha256=content.sha256,
        rules=content.versions,
    )
    change = {"passed": check.passed, "failed": check.failed}
    record("rules.checked", by=by, subject=check, change=change)
    return check


@cache
def judged_by() -> Judged:
    """Every piece of the content that ships: code, version, and one sum over all of it."""
    entries = sorted(shipped_entries(), key=lambda one: (one.kind, one.code))
    whole = "\n".join(f"{one.kind} {one.code} {one.version} {one.sha256}" for one in entries)
    return Judged(
        hashlib.sha256(whole.encode()).hexdigest(),
        {f"{one.kind}:{one.code}": one.version for one in entries},
    )


def _by_function(verdicts: Iterable[Verdict]) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {}
    for verdict in verdicts:
        of_one = counts.setdefault(verdict.function, {"passed": 0, "failed": 0})
        of_one["passed" if verdict.passed else "failed"] += 1
    return dict(sorted(counts.items()))


def _stored(verdict: Verdict) -> dict[str, Any]:
    return {
        "id": verdict.id,
        "fn": verdict.function,
        "expected": dict(verdict.expected),
        "got": dict(verdict.got),
        "differs": [
            key for key, value in verdict.expected.items() if verdict.got.get(key) != value
        ],
    }
