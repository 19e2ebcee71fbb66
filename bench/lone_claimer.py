"""Claims of fifty rows in a process of its own: milliseconds each."""

from __future__ import annotations

import json
import sys
import time

import django

django.setup()

from django.db import transaction  # noqa: E402  the settings come first

from labs import ledger  # noqa: E402


def main(times: int) -> list[float]:
    """The first ten warm plans and pages and do not count."""
    took = []
    for _ in range(times + 10):
        began = time.perf_counter()
        with transaction.atomic():
            held = ledger.claim(50)
        took.append((time.perf_counter() - began) * 1000)
        if len(held) != 50:
            raise RuntimeError(f"{len(held)} rows were claimed, not 50.")
    return took[10:]


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]))))
