"""Run worked cases through the clinical rules."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from courses.rules.verdict import Verdict, judge


class Command(BaseCommand):
    """`check_rules FILE...` prints the failing cases and ends with `N passed, N failed`."""

    help = "Run worked cases (JSON) through the clinical rules; exit 1 when any fails."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        verdicts: list[Verdict] = []
        unread = 0
        for file in options["files"]:
            try:
                verdicts += judge(read_cases(file))
            except ValueError as error:
                unread += 1
                self.stdout.write(f"{file}: {error}")
        failed = [verdict for verdict in verdicts if not verdict.passed]
        for verdict in failed:
            self.stdout.write(
                f"{verdict.id} {verdict.function}: expected {dict(verdict.expected)},"
                f" got {dict(verdict.got)}"
            )
        self.stdout.write(f"{len(verdicts) - len(failed)} passed, {len(failed) + unread} failed")
        if failed or unread:
            raise CommandError("Not every case passed.", returncode=1)


def read_cases(file: Path) -> list[dict[str, Any]]:
    """The cases of a file. Raises ValueError saying what is wrong with it."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8 text") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"is not JSON: line {error.lineno}: {error.msg}") from None
    cases = content.get("vectors") if isinstance(content, dict) else None
    if not isinstance(cases, list) or not all(isinstance(case, dict) for case in cases):
        raise ValueError("has no list “vectors” of cases")
    if not cases:
        raise ValueError("has no cases")
    return cases
