"""A token for an integration, shown once."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from clinic.actions.access import LONGEST_DAYS, issue_token
from clinic.errors import DomainError


class Command(BaseCommand):
    """`create_token EMAIL --site SLUG [--days 90]`: only its digest is stored."""

    help = "Print a token for an integration; its account is made if there is none."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--site", required=True, help="the site's short name")
        parser.add_argument("--days", type=int, default=LONGEST_DAYS, help="how long it is good")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            token = issue_token(
                email=options["email"],
                site_slug=options["site"],
                days=options["days"],
                by=None,
            )
        except DomainError as error:
            raise CommandError(f"{error.field}: {error.message}") from None
        self.stdout.write(token)
