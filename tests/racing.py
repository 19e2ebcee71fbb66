"""Several people press at the same moment: each in a thread and on a connection of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from django.db import connection

from clinic.errors import DomainError
from clinic.rules.errors import RuleError

Act = Callable[[], object]
PATIENCE_SECONDS = 20


def racing(acts: Sequence[Act]) -> Counter[str]:
    """What became of them: `done`, or the code of the refusal. Anything else is raised."""
    ready = Barrier(len(acts))

    def run(act: Act) -> str:
        try:
            ready.wait(PATIENCE_SECONDS)
            act()
            return "done"
        except (DomainError, RuleError) as refusal:
            return refusal.code
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return Counter(pool.map(run, acts))
