"""The gateway of a trial, a process of its own: it also writes down every repeat.

SIGUSR1 cuts all connections, and the next message right after it was accepted.
"""

from __future__ import annotations

import argparse
import signal
import socket
import sys
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from tests.gateway import Gateway, Manners


class CountingGateway(Gateway):
    """Keeps `repeats` beside the log of what was accepted: one line for each key seen before."""

    def __init__(self, port: int, log: Path, repeats: Path, seed: int) -> None:
        super().__init__(port, log, seed)
        self.repeats = repeats
        self.links: set[socket.socket] = set()
        self.cuts = 0

    def answer(self, request: BaseHTTPRequestHandler, sent: dict[str, Any]) -> None:
        """As told, and cut off after accepting where a signal asked for it."""
        self.links.add(request.connection)
        key = request.headers.get("Idempotency-Key", "")
        if key in self.books.accepted:
            with self.repeats.open("a") as lines:
                lines.write(f"{key}\n")
        if not self.cuts:
            return super().answer(request, sent)
        self.cuts -= 1
        kind, self.manners = self.manners, Manners(cut_after_accepting=1.0)
        try:
            return super().answer(request, sent)
        finally:
            self.manners = kind

    def cut(self, *_: object) -> None:
        """What a fallen cable does to those that talk."""
        self.cuts = 1
        links, self.links = self.links, set()
        for link in links:
            try:
                link.shutdown(socket.SHUT_RDWR)
            except OSError:
                # It had ended by itself.
                continue


def main(words: list[str]) -> None:
    """Serves until it is killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--repeats", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    for name in ("error", "cut", "slow", "slow-seconds"):
        parser.add_argument(f"--{name}", type=float, default=0.0)
    asked = parser.parse_args(words)
    gateway = CountingGateway(asked.port, asked.log, asked.repeats, asked.seed)
    gateway.manners = Manners(
        error=asked.error,
        cut_after_accepting=asked.cut,
        slow=asked.slow,
        slow_seconds=asked.slow_seconds,
    )
    signal.signal(signal.SIGUSR1, gateway.cut)
    gateway.server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1:])
