"""Write the reference pages from the clinical content, or say which of them differ."""

from __future__ import annotations

import tomllib
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, Final

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError

from clinic.actions.appointments import MOVES
from clinic.models.appointment import AppointmentStatus
from clinic.rules.catalogue import LEDGER, CatalogueError, catalogue_files, read_entry
from clinic.rules.content import rows_at
from courses.models.course import CourseStatus
from courses.models.session import SessionStatus
from courses.rules.reference_pages import Shipped, documents, is_generated
from courses.rules.state_diagrams import Machine
from courses.rules.transitions import COURSE, SESSION

FOLDER: Final = Path(__file__).resolve().parents[3] / "docs" / "reference"
MACHINES: Final = (
    Machine("Course", CourseStatus.PLANNED, COURSE, dict(CourseStatus.choices)),
    Machine("Session", SessionStatus.PLANNED, SESSION, dict(SessionStatus.choices)),
    Machine("Appointment", AppointmentStatus.BOOKED, MOVES, dict(AppointmentStatus.choices)),
)


class Command(BaseCommand):
    """`reference_docs` writes; `reference_docs --check` names every file that differs."""

    help = "Write docs/reference from the clinical content. Needs no database."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="Write nothing; exit 1 when a page differs."
        )
        parser.add_argument("--folder", type=Path, default=FOLDER, help="Where the pages lie.")

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = options["folder"]
        try:
            wanted = documents(shipped(), _handwritten(folder))
        except CatalogueError as error:
            raise CommandError(str(error)) from None
        faults = faults_of(folder, wanted)
        if options["check"]:
            if faults:
                raise CommandError("\n".join([*faults, "Run manage.py reference_docs."]))
            self.stdout.write(f"{len(wanted)} pages are as the content says.")
            return
        _write(folder, wanted)
        self.stdout.write(f"{len(wanted)} pages, {len(faults)} changed.")


def shipped() -> Shipped:
    """The content of the product's own folders. Raises CatalogueError naming file and line."""
    citations = tomllib.loads(_catalogue_of("clinic", "sources.toml").read_text(encoding="utf-8"))
    files = [
        file for app in ("courses", "labs") for file in catalogue_files(_catalogue_of(app, ""))
    ]
    ledger = tomllib.loads(_catalogue_of("courses", LEDGER).read_text(encoding="utf-8"))
    known = frozenset(citations)
    entries = [read_entry(file, known).content for file in files]
    return Shipped(
        entries=entries,
        citations={key: str(text) for key, text in citations.items()},
        machines=MACHINES,
        ledger=rows_at(ledger, "numbers"),
    )


def faults_of(folder: Path, wanted: dict[str, str]) -> list[str]:
    """One line for each page that is missing, differs or is left over."""
    held = _generated(folder)
    lines = [
        f"{name}: {'differs from the content' if name in held else 'is missing'}."
        for name, text in wanted.items()
        if held.get(name) != text
    ]
    return [*lines, *(f"{name}: is left over." for name in sorted(set(held) - set(wanted)))]


def _write(folder: Path, wanted: dict[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in set(_generated(folder)) - set(wanted):
        (folder / name).unlink()
    for name, text in wanted.items():
        (folder / name).write_text(text, encoding="utf-8")


def _generated(folder: Path) -> dict[str, str]:
    texts = {file.name: file.read_text(encoding="utf-8") for file in sorted(folder.glob("*.md"))}
    return {name: text for name, text in texts.items() if is_generated(text)}


def _handwritten(folder: Path) -> dict[str, str]:
    """The titles of the other pages of the folder."""
    texts = {file.name: file.read_text(encoding="utf-8") for file in folder.glob("*.md")}
    return {
        name: next((line[2:] for line in text.splitlines() if line.startswith("# ")), name)
        for name, text in texts.items()
        if not is_generated(text)
    }


def _catalogue_of(app: str, name: str) -> Path:
    return Path(apps.get_app_config(app).path, "catalogue", name)
