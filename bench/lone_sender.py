"""One sender in a process of its own, through a provider that does nothing: memory and rate."""

from __future__ import annotations

import json
import sys
import time

import django

django.setup()

import psutil  # noqa: E402  the settings come first

from labs.actions.dispatch import dispatch_once  # noqa: E402
from labs.actions.reminders import sweep  # noqa: E402
from labs.delivery.port import Message, Outcome, Verdict  # noqa: E402


class Nowhere:
    """Takes every message and does nothing with it."""

    name = "nowhere"
    keyed = True

    def send(self, message: Message) -> Outcome:
        return Outcome(Verdict.ACCEPTED, ref=message.key[-20:])

    def close(self) -> None:
        """Nothing is open."""


def main(early: int, late: int) -> dict[str, float]:
    """Megabytes after `early` and after `late` reminders, and the seconds all took."""
    while sweep():
        continue
    process, sent, found = psutil.Process(), 0, {}
    began = time.monotonic()
    while sent < late:
        done = dispatch_once("alone", through={"email": Nowhere()}).accepted
        if not done:
            raise RuntimeError(f"Only {sent} of {late} could be sent.")
        before, sent = sent, sent + done
        if before < early <= sent:
            found["mb_early"] = round(process.memory_info().rss / 2**20, 1)
    found["mb_late"] = round(process.memory_info().rss / 2**20, 1)
    return found | {"seconds": round(time.monotonic() - began, 1)}


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]), int(sys.argv[2]))))
