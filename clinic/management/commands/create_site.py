"""Open a site and make the account of its first clinical lead."""

from __future__ import annotations

import secrets
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from clinic.actions.sites import open_site
from clinic.errors import DomainError


class Command(BaseCommand):
    """Prints the first password of the site's first clinical lead, once."""

    help = "Open a site with its first clinical lead; prints a password to change after sign-in."

    def add_arguments(self, parser: ArgumentParser) -> None:
        for name, about in (
            ("name", "of the clinic"),
            ("slug", "its short name for scripts, such as riverside"),
            ("time-zone", "such as Europe/London"),
            ("email", "of the first clinical lead"),
            ("person", "the lead's name"),
        ):
            parser.add_argument(f"--{name}", required=True, help=about)
        parser.add_argument("--chairs", type=int, default=2)

    def handle(self, *args: Any, **options: Any) -> None:
        password = secrets.token_urlsafe(15)
        asked = ("name", "slug", "time_zone", "email", "person", "chairs")
        try:
            site = open_site(password=password, **{key: options[key] for key in asked})
        except DomainError as error:
            raise CommandError(f"{error.field}: {error.message}") from None
        self.stdout.write(f"{site.name} is open. Sign in as {options['email']} with {password}")
        self.stdout.write("Change it after the first sign-in, at /accounts/password/change/.")
