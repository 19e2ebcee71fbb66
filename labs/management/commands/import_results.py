"""Take files of laboratory results from the command line."""

from __future__ import annotations

import resource
import time
import tomllib
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from clinic.models import Membership, Site, User
from clinic.rules.access import allows
from labs.actions.imports import FileSettings, Imported, import_file
from labs.intake.claims import ReadError
from labs.intake.csv_file import FileMapping, parse_mapping
from labs.models import ImportRun

_SHOWN = 50


class Command(BaseCommand):
    help = (
        "Take files of laboratory results: CSV tables and HL7 version 2 messages. Goes on with the"
        " next file when one is refused; the exit status is 0 only when everything was taken."
    )

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument("--site", required=True, help="The site's short name.")
        parser.add_argument("--by", default="", help="E-mail of whoever answers for it.")
        parser.add_argument("--laboratory", default="", help="Where the files name none.")
        parser.add_argument("--mapping", type=Path, help="TOML: what the files call things.")
        parser.add_argument(
            "--column",
            action="append",
            default=[],
            metavar="OURS=THEIRS",
            help="One column of a CSV file under another name. May be given several times.",
        )
        parser.add_argument("--again", action="store_true", help="Read a file taken before.")

    def handle(self, *args: Any, **options: Any) -> None:
        site = Site.objects.filter(slug=options["site"]).first()
        if site is None:
            raise CommandError(f"There is no site “{options['site']}”.")
        by = _person(options["by"], site)
        settings = FileSettings(options["laboratory"], _mapping(options), options["again"])
        began = time.monotonic()
        results = [self._take(path, site, by, settings) for path in options["files"]]
        self._sum_up([one for one in results if one is not None], began)
        if not all(one is not None and one.is_whole for one in results):
            raise CommandError("Not everything was taken; see above.", returncode=1)

    def _take(
        self, path: Path, site: Site, by: User | None, settings: FileSettings
    ) -> Imported | None:
        try:
            done = import_file(site=site, path=path, by=by, settings=settings)
        except OSError as error:
            self.stderr.write(f"{path.name}: cannot be opened: {error.strerror}.")
            return None
        self.stdout.write(f"{path.name}: {_words([done.run])}")
        for problem in done.problems[:_SHOWN]:
            where = ", ".join(part for part in (problem.place, problem.field) if part)
            self.stderr.write(f"{path.name}: {where}{': ' if where else ''}{problem.message}")
        if len(done.problems) > _SHOWN:
            self.stderr.write(f"{path.name}: and {len(done.problems) - _SHOWN} more.")
        return done

    def _sum_up(self, done: list[Imported], began: float) -> None:
        runs = [one.run for one in done]
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        seconds = time.monotonic() - began
        self.stdout.write(f"Files: {len(runs)}. {_words(runs)}")
        self.stdout.write(f"Took {seconds:.1f} s, at most {peak_mb:.0f} MB of memory.")


def _words(runs: list[ImportRun]) -> str:
    """Counts of results in plain words."""
    names = ("read", "stored", "duplicate", "refused", "passed_over")
    counts = {name: sum(getattr(run, name) for run in runs) for name in names}
    return (
        f"{counts['read']} read, {counts['stored']} stored,"
        f" {counts['duplicate']} there already, {counts['refused']} refused,"
        f" {counts['passed_over']} passed over."
    )


def _mapping(options: dict[str, Any]) -> FileMapping:
    """The mapping file, with the single columns of the command line on top."""
    content: dict[str, Any] = {}
    try:
        if options["mapping"]:
            content = tomllib.loads(options["mapping"].read_text(encoding="utf-8"))
        pairs = [pair.partition("=") for pair in options["column"]]
        if not all(ours and theirs for ours, _, theirs in pairs):
            raise CommandError("Write --column OURS=THEIRS.")
        columns = content.get("columns", {}) | {ours: theirs for ours, _, theirs in pairs}
        return parse_mapping({**content, "columns": columns})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CommandError(f"The mapping cannot be read: {error}") from None
    except ReadError as error:
        raise CommandError(f"The mapping cannot be used: {error.message}") from None


def _person(email: str, site: Site) -> User | None:
    """Whoever answers for it; nobody means the system itself."""
    if not email:
        return None
    person = User.objects.filter(email__iexact=email, is_active=True).first()
    memberships = Membership.objects.of_site(site.pk).filter(user=person, is_active=True)
    roles = memberships.values_list("role", flat=True)
    if person is None or not any(allows(role, "import.run") for role in roles):
        raise CommandError(f"“{email}” may not import results at {site}.")
    return person
