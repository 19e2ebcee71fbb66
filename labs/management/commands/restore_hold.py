"""Hold reminders back, find out what a restored database has forgotten, let them go again."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from labs import send_ledger
from labs.actions.release import reconcile_sent
from labs.hold import ASKED, WORDS, why_held


class Command(BaseCommand):
    help = "on: nothing leaves. off: settle what was sent since the restore, then go on."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=("on", "off", "status"))

    def handle(self, *args: Any, **options: Any) -> None:
        held = why_held()
        if options["what"] == "status":
            self.stdout.write(WORDS.get(held, "Reminders may leave."))
            return
        if options["what"] == "on":
            settings.RESTORE_HOLD_FILE.touch()
            self.stdout.write("Held. Nothing leaves until: manage.py restore_hold off")
            return
        self._release(held)

    def _release(self, held: str) -> None:
        if not held:
            raise CommandError("Reminders are not held.")
        if settings.RESTORE_HOLD:
            raise CommandError("RESTORE_HOLD is set in the environment. Take it out, then again.")
        if held != ASKED:
            # Until the last row is settled no sender may start.
            settings.RESTORE_HOLD_FILE.touch()
        done = reconcile_sent()
        send_ledger.note_released()
        settings.RESTORE_HOLD_FILE.unlink(missing_ok=True)
        self.stdout.write(
            f"{done.in_doubt} in doubt, each with a task; {done.repeated} will be recognised by"
            " their provider. Reminders may leave."
        )
