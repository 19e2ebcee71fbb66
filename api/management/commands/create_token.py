"""A token for an integration, shown once."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from knox.models import get_token_model

from clinic.actions.access import integration_user
from clinic.errors import DomainError

LONGEST_DAYS = 90


class Command(BaseCommand):
    """`create_token EMAIL --site SLUG [--days 90]`: only its digest is stored."""

    help = "Print a token for an integration; its account is made if there is none."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--site", required=True, help="the site's short name")
        parser.add_argument("--days", type=int, default=LONGEST_DAYS, help="how long it is good")

    def handle(self, *args: Any, **options: Any) -> None:
        if not 1 <= options["days"] <= LONGEST_DAYS:
            raise CommandError(f"--days: from 1 to {LONGEST_DAYS}.")
        try:
            user = integration_user(email=options["email"], site_slug=options["site"])
        except DomainError as error:
            raise CommandError(f"{error.field}: {error.message}") from None
        _, token = get_token_model().objects.create(
            user=user, expiry=timedelta(days=options["days"])
        )
        self.stdout.write(token)
