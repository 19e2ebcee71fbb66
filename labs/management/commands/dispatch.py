"""Send what is due, without Celery and without Redis: the database is all it needs."""

from __future__ import annotations

import logging
import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import Error, close_old_connections, connection

from labs.actions.reminders import wake
from labs.actions.watch import A_MINUTE, Sparing, beat, look_around
from labs.rules.health import LOOP

log = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Write and send the reminders that are due; with --loop again and again."

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._stopped = threading.Event()
        self._looks = Sparing(A_MINUTE)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--loop", action="store_true", help="Go on until SIGTERM.")
        parser.add_argument(
            "--interval", type=float, default=5.0, help="Seconds between two passes (5)."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["loop"]:
            wake()
            return
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        log.info("Dispatching every %s seconds", options["interval"])
        while not self._stopped.is_set():
            self._pass()
            self._stopped.wait(options["interval"])

    def _stop(self, number: int, frame: object) -> None:
        # The message that is on its way is finished, the rest of the batch goes back.
        self._stopped.set()

    def _pass(self) -> None:
        try:
            close_old_connections()
            beat(LOOP)
            wake(should_stop=self._stopped.is_set)
            if self._looks.lets_through():
                look_around()
        except Error as fault:
            # A restarting database comes back; a loop that died would not.
            log.warning("The database does not answer (%s); going on", type(fault).__name__)
            connection.close()
