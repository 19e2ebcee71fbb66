"""Worked cases of a clinical lead, judged by the rules that ship and kept with the verdict."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
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
# What a case may say of itself, which whoever reads the verdict wants beside it.
SAID = ("rule", "confidence", "note")


@dataclass(frozen=True, slots=True)
class JudgedBy:
    """The rules and the content that cases are judged by, without what a site has set."""

    application_version: str
    application_sha256: str
    rules_sha256: str
    versions: dict[str, int]


@transaction.atomic
def check_vectors(
    *, site: Site, name: str, data: bytes, by: User, at: datetime | None = None
) -> RuleCheck:
    """Judge a file of worked cases and keep the verdict; the same file again is a new row.

    Raises Invalid `file_unreadable` on the field `file`, saying what is wrong with it.
    """
    cases, verdicts = _judged(data)
    judges = judged_by()
    both = zip(cases, verdicts, strict=True)
    failing = [_stored(case, verdict) for case, verdict in both if not verdict.passed]
    check = RuleCheck.objects.create(
        site=site,
        at=at or timezone.now(),
        by=by,
        file_name=name[-LONGEST_NAME:],
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        passed=len(verdicts) - len(failing),
        failed=len(failing),
        by_function=_by_function(verdicts),
        passing=[verdict.id for verdict in verdicts if verdict.passed],
        failing=failing,
        application_version=judges.application_version,
        application_sha256=judges.application_sha256,
        rules_sha256=judges.rules_sha256,
        rules=judges.versions,
    )
    change = {"passed": check.passed, "failed": check.failed}
    record("rules.checked", by=by, subject=check, change=change)
    return check


def _judged(data: bytes) -> tuple[list[dict[str, Any]], tuple[Verdict, ...]]:
    try:
        cases = read_uploaded(data)
    except ValueError as error:
        raise Invalid("file_unreadable", f"The file {error}.", "file") from None
    try:
        return cases, judge(cases)
    except ValueError as error:
        raise Invalid("file_unreadable", f"In the file, {error}.", "file") from None


@cache
def judged_by() -> JudgedBy:
    """The version of the product, a sum over its rules, and each piece of content with its own."""
    entries = sorted(shipped_entries(), key=lambda one: (one.kind, one.code))
    content = "\n".join(f"{one.kind} {one.code} {one.version} {one.sha256}" for one in entries)
    about = tomllib.loads((settings.ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return JudgedBy(
        application_version=about["project"]["version"],
        application_sha256=_source_sum(),
        rules_sha256=hashlib.sha256(content.encode()).hexdigest(),
        versions={f"{one.kind}:{one.code}": one.version for one in entries},
    )


def _source_sum() -> str:
    """One sum over the source of every rule: the version alone does not tell two builds apart."""
    whole = hashlib.sha256()
    for app in ("clinic", "courses", "labs"):
        folder = Path(apps.get_app_config(app).path)
        for file in sorted(folder.glob("rules/**/*.py")):
            whole.update(f"{app}/{file.relative_to(folder).as_posix()}\n".encode())
            whole.update(file.read_bytes())
    return whole.hexdigest()


def _by_function(verdicts: Iterable[Verdict]) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {}
    for verdict in verdicts:
        of_one = counts.setdefault(verdict.function, {"passed": 0, "failed": 0})
        of_one["passed" if verdict.passed else "failed"] += 1
    return dict(sorted(counts.items()))


def _stored(case: Mapping[str, Any], verdict: Verdict) -> dict[str, Any]:
    return {
        "id": verdict.id,
        "fn": verdict.function,
        "expected": dict(verdict.expected),
        "got": dict(verdict.got),
        "differs": list(verdict.differs),
        **{key: str(case[key]) for key in SAID if case.get(key)},
    }
