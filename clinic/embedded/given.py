"""Servers that the operator runs: tried before anything starts, and never quoted.

No message repeats the address: it holds the password, and libraries quote it when they cannot
read it.
"""

from __future__ import annotations

import psycopg
import redis

from clinic import env
from clinic.embedded.home import EmbeddedFault
from clinic.embedded.programs import OLDEST_POSTGRESQL

PATIENCE_S = 5
REDIS = {"redis": "redis://:password@127.0.0.1:6379/0", "rediss": "rediss://:password@host:6379/0"}


def _fault(name: str, reason: str, own: str) -> EmbeddedFault:
    return EmbeddedFault(
        f"{name}: {reason}. Start that server or mend the address;"
        f" without {name}, bin/run starts {own} of its own."
    )


def check_database(url: str) -> None:
    """Raises EmbeddedFault, naming DATABASE_URL, when the database cannot be used."""
    env.database("DATABASE_URL")
    try:
        with psycopg.connect(url, connect_timeout=PATIENCE_S) as connection:
            version = connection.info.server_version // 10000
    except psycopg.OperationalError as error:
        lines = str(error).strip().splitlines() or ["no reason was given"]
        reason = f"the server does not answer as asked ({lines[0]})"
        raise _fault("DATABASE_URL", reason, "a PostgreSQL") from None
    except psycopg.Error:
        reason = "it is not an address of PostgreSQL; is each special sign in it percent-encoded?"
        raise _fault("DATABASE_URL", reason, "a PostgreSQL") from None
    if version < OLDEST_POSTGRESQL:
        reason = f"PostgreSQL {version} is too old, {OLDEST_POSTGRESQL} is needed"
        raise _fault("DATABASE_URL", reason, "a PostgreSQL")


def check_broker(url: str) -> None:
    """Raises EmbeddedFault, naming REDIS_URL, when Redis or Valkey cannot be used."""
    env.url("REDIS_URL", REDIS)
    try:
        with redis.Redis.from_url(
            url, socket_timeout=PATIENCE_S, socket_connect_timeout=PATIENCE_S
        ) as client:
            client.ping()
    except redis.RedisError as error:
        reason = f"the server does not answer as asked ({error})"
        raise _fault("REDIS_URL", reason, "a Valkey") from None
    except ValueError:
        reason = "it is not an address of Redis; is each special sign in it percent-encoded?"
        raise _fault("REDIS_URL", reason, "a Valkey") from None
