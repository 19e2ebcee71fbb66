"""Questions that must be answered soon, or count as not answered."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

from django.db import DEFAULT_DB_ALIAS, Error, connections

T = TypeVar("T")

ANSWER_SECONDS: Final = 4.0
# All shorter than the answer may take, so that a thread that nobody waits for ends as well.
# libpq takes no less than two seconds for the connection.
_CONNECT_SECONDS: Final = 2
_STATEMENT_MILLISECONDS: Final = 3000

_threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="watch")


class NoAnswer(Exception):
    """The database refused, or did not answer in time."""


def answered_soon(ask: Callable[[], T]) -> T:
    """What `ask` finds, on a database connection of its own; within 5 seconds.

    Raises NoAnswer. A server that takes the connection and says nothing must not hang the caller.
    """
    try:
        return _threads.submit(_on_its_own, ask).result(timeout=ANSWER_SECONDS)
    except (Error, TimeoutError) as fault:
        raise NoAnswer(type(fault).__name__) from fault


def _on_its_own(ask: Callable[[], T]) -> T:
    usual = connections[DEFAULT_DB_ALIAS]
    own = type(usual)(_hasty(usual.settings_dict), DEFAULT_DB_ALIAS)
    connections[DEFAULT_DB_ALIAS] = own
    try:
        return ask()
    finally:
        own.close()
        del connections[DEFAULT_DB_ALIAS]


def _hasty(settings: dict[str, Any]) -> dict[str, Any]:
    options = settings["OPTIONS"]
    limit = f"{options.get('options', '')} -c statement_timeout={_STATEMENT_MILLISECONDS}".strip()
    own = {
        "connect_timeout": _CONNECT_SECONDS,
        "tcp_user_timeout": _STATEMENT_MILLISECONDS,
        "options": limit,
    }
    return settings | {"OPTIONS": options | own}
