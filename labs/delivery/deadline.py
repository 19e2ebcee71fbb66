"""A call that ends in time, whatever the other side does."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, wait
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


class TooSlow(Exception):
    """The time is up. What was asked for may still happen."""


def within(seconds: float, call: Callable[[], T]) -> T:
    """What `call` answers or raises, or `TooSlow` after `seconds`.

    The timeouts of a socket count from one byte to the next, and looking up a name has none: an
    answer that drips in would outlive the lease of its reminder. The call therefore runs beside,
    and is left to itself when the time is up.
    """
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except BaseException as fault:  # whatever it is, it belongs to whoever waits
            future.set_exception(fault)

    Thread(target=run, name="carrier", daemon=True).start()
    if not wait([future], timeout=seconds).done:
        raise TooSlow
    return future.result()
