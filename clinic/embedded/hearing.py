"""A worker that runs and hears nothing: after a broken line to Redis it may stay so for ever."""

from __future__ import annotations

from typing import Final

import psycopg

# Beat wakes the workers every 30 seconds, and one pass of sending takes up to two minutes: to end
# a worker in the middle of one would leave a message in doubt.
DEAF_AFTER_S: Final = 180
ASK_EVERY_S: Final = 30
PATIENCE_S: Final = 3


def silent_for_s(dsn: str, name: str) -> float | None:
    """Seconds since the part last showed itself by the database's clock.

    None where it never has, or where nobody can say.
    """
    asked = "SELECT extract(epoch FROM now() - at)::float FROM labs_heartbeat WHERE name = %s"
    try:
        with psycopg.connect(dsn, connect_timeout=PATIENCE_S) as connection:
            row = connection.execute(asked, [name]).fetchone()
    except psycopg.Error:
        return None
    return float(row[0]) if row else None
