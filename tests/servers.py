"""The servers of one test run: started before Django reads its settings, stopped at the end."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path

from clinic.embedded.home import Home
from clinic.embedded.postgres import EmbeddedPostgres
from clinic.embedded.valkey import EmbeddedValkey

_running = ExitStack()


def start() -> None:
    """Start PostgreSQL and Valkey unless an outer process of this run has."""
    if os.environ.get("DAYBREAK_TEST_SERVERS"):
        return
    place = Path(tempfile.mkdtemp(prefix="daybreak-test-"))
    place.chmod(0o711)
    _running.callback(shutil.rmtree, place, ignore_errors=True)
    home = Home(place)
    valkey = _running.enter_context(EmbeddedValkey(home))
    given = os.environ.get("DAYBREAK_TEST_DATABASE_URL")
    database = (
        given
        or _running.enter_context(EmbeddedPostgres(home, durable=False, makes_databases=True)).dsn
    )
    os.environ.update(
        DAYBREAK_TEST_SERVERS="1",
        DAYBREAK_HOME=str(place),
        DATABASE_URL=database,
        REDIS_URL=valkey.url,
        EMAIL_URL="consolemail://",
        MAIL_FROM="Care team <care-team@clinic.example>",
        SECRET_KEY="a-key-for-tests-a-key-for-tests-a-key-for-tests-a-key",
    )


def stop() -> None:
    """Stop what `start` started here."""
    _running.close()


# This module is a plugin of pytest, loaded before Django's, whose settings need a server.
atexit.register(stop)
start()
