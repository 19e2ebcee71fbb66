"""Starting a server on a port that nobody else takes meanwhile."""

from __future__ import annotations

from collections.abc import Callable

from clinic.embedded.home import EmbeddedFault, Home
from clinic.embedded.processes import Child

TRIES = 5
TAKEN = "Address already in use"


def on_a_free_port(home: Home, name: str, start: Callable[[int], Child]) -> Child:
    """Between finding a port free and listening on it somebody else may take it: try again."""
    for _ in range(TRIES - 1):
        try:
            return start(home.port(name))
        except EmbeddedFault as fault:
            if TAKEN not in str(fault):
                raise
    return start(home.port(name))
