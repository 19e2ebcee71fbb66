"""Make the demo clinic."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from clinic.models import Site, User
from courses.demo.writer import PASSWORD, SITES, STAFF, write


class Command(BaseCommand):
    """Two sites, their people, sixty patients in every state; the same each time on one day."""

    help = "Make the demo clinic in an empty database; --sign-ins prints who may sign in."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--sign-ins", action="store_true", help="print the demo sign-ins")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["sign_ins"]:
            self.sign_ins()
            return
        if Site.objects.exists():
            raise CommandError("There is a site already. The demo clinic needs an empty database.")
        with transaction.atomic():
            made = write(self.stdout.write)
        counts = ", ".join(f"{count} {name}" for name, count in made.items())
        self.stdout.write(f"    made {counts}")

    def sign_ins(self) -> None:
        """Nothing is printed where the demo clinic is not."""
        slug, name, *_ = SITES[0]
        if not User.objects.filter(email=f"nurse@{slug}.example").exists():
            return
        self.stdout.write(f"Demo sign-ins at {name}; the password of all is {PASSWORD}")
        for key, full_name, role in STAFF:
            self.stdout.write(f"  {key}@{slug}.example".ljust(36) + f"{full_name}, {role.label}")
        others = ", ".join(f"@{other[0]}.example" for other in SITES[1:])
        self.stdout.write(f"  The same people of another site: {others}")
