"""The mail server of a trial, a process of its own: it writes down each Message-ID that arrived.

A line is on disk before the sender is answered. SIGUSR1 cuts all connections, and the next message
right after it arrived.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import signal
import sys
from email import message_from_bytes
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session


class Arrivals:
    """Takes every message, except where the seeded chances say otherwise."""

    def __init__(self, log: Path, seed: int, refuse: float, cut: float) -> None:
        self.log, self.draw = log, random.Random(seed)  # noqa: S311  a trial is to be repeated
        self.refuse, self.cut_chance, self.cuts = refuse, cut, 0
        self.open: set[asyncio.WriteTransport] = set()

    async def handle_MAIL(  # noqa: N802  aiosmtpd names it
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """A new message, maybe one that is to come later."""
        self.open = {link for link in self.open if not link.is_closing()} | {_link(server)}
        if self.draw.random() < self.refuse:
            return "451 later"
        envelope.mail_from = address
        return "250 OK"

    async def handle_DATA(  # noqa: N802  aiosmtpd names it
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Write it down, then answer, unless the line is cut."""
        letter = message_from_bytes(bytes(envelope.original_content or b""))
        opened = os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(opened, f"{letter['Message-ID']}\n".encode())
        os.fsync(opened)
        os.close(opened)
        if self.cuts or self.draw.random() < self.cut_chance:
            self.cuts = 0
            _link(server).abort()
        return "250 OK"

    def cut(self) -> None:
        """What a fallen cable does to those that talk."""
        self.cuts = 1
        for link in self.open:
            link.abort()


def _link(server: SMTP) -> asyncio.WriteTransport:
    assert isinstance(server.transport, asyncio.WriteTransport)
    return server.transport


async def serve(port: int, arrivals: Arrivals) -> None:
    """Until killed."""
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, arrivals.cut)

    def smtp() -> Any:
        return SMTP(arrivals, hostname="127.0.0.1")

    server = await loop.create_server(smtp, "127.0.0.1", port)
    async with server:
        await server.serve_forever()


def main(words: list[str]) -> None:
    """Serves until it is killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    for name in ("refuse", "cut"):
        parser.add_argument(f"--{name}", type=float, default=0.0)
    asked = parser.parse_args(words)
    asyncio.run(serve(asked.port, Arrivals(asked.log, asked.seed, asked.refuse, asked.cut)))


if __name__ == "__main__":
    main(sys.argv[1:])
