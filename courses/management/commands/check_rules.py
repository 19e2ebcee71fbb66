"""Run worked cases through the clinical rules."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from courses.rules.case_file import read_cases
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
                verdicts += judge(read_cases(file.read_bytes()))
            except OSError as error:
                unread += 1
                self.stdout.write(f"{file}: cannot be read: {error.strerror}")
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
