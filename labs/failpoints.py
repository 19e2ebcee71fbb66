"""Named places at which a trial can stop a sender, to do to it what the world may do.

A place that is named by DAYBREAK_FAILPOINT, where DEBUG_FAILPOINTS is on, stops its process once,
as SIGSTOP does. What happens then, a kill, a cut connection, a long sleep, comes from outside. A
system check refuses to start a clinic with it.
"""

from __future__ import annotations

import os
import signal
from typing import Final

from django.conf import settings

VARIABLE: Final = "DAYBREAK_FAILPOINT"
FAILPOINTS: Final = (
    "after_sweep",
    "in_take_back",
    "after_claim",
    "before_begin",
    "after_begin",
    "before_send",
    "after_accept",
    "before_complete",
    "after_complete",
)

_passed: set[str] = set()


def failpoint(name: str) -> None:
    """Stop here, once, if a trial asked for it."""
    if not settings.DEBUG_FAILPOINTS or os.environ.get(VARIABLE) != name or name in _passed:
        return
    _passed.add(name)
    os.kill(os.getpid(), signal.SIGSTOP)
