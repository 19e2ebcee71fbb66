"""A real gateway for messages on this machine: it knows its keys, and misbehaves as it is told.

In a thread of a test, or a process of its own that can be killed:
`python -m tests.gateway --port 8025 --log accepted.log`. The log has a line for each key that was
accepted, synced to disk before the answer: what it says was delivered.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests
from standardwebhooks.webhooks import Webhook


@dataclass
class Manners:
    """How the gateway behaves. Chances are of 1; statuses are answered in turn, then 202."""

    error: float = 0.0
    cut_after_accepting: float = 0.0
    slow: float = 0.0
    slow_seconds: float = 0.0
    knows_keys: bool = True
    statuses: list[int] = field(default_factory=list)
    body: bytes | None = None
    conflict_on_repeat: bool = False
    # "headers" or "body": the answer comes one byte at a time, and never to an end.
    drips: str = ""


@dataclass
class Books:
    """What was accepted: key to id, how often each was asked, and what was said."""

    log: Path | None = None
    accepted: dict[str, str] = field(default_factory=dict)
    asked: dict[str, int] = field(default_factory=dict)
    delivered: int = 0
    lines: int = 0
    sent: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def load(self) -> None:
        """What an earlier life of this gateway had accepted."""
        if self.log is not None and self.log.exists():
            for line in self.log.read_text().splitlines():
                key, _, ref = line.partition(" ")
                if ref:
                    self.accepted[key] = ref

    def accept(self, key: str) -> str:
        ref = f"msg_{len(self.accepted) + 1}_{key[:12]}"
        if self.log is not None:
            opened = os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            os.write(opened, f"{key} {ref}\n".encode())
            os.fsync(opened)
            os.close(opened)
        self.accepted[key] = ref
        self.delivered += 1
        return ref


class Gateway:
    """A server on loopback. `manners` may be changed while it runs."""

    def __init__(self, port: int = 0, log: Path | None = None, seed: int = 0) -> None:
        self.manners, self.books = Manners(), Books(log)
        self.books.load()
        self.random, self.lock = random.Random(seed), threading.Lock()
        self.server = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def start(self) -> None:
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 30
            # Head and body of an answer are two packets: the second must not wait for an echo.
            disable_nagle_algorithm = True

            def setup(self) -> None:
                super().setup()
                with gateway.lock:
                    gateway.books.lines += 1

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                gateway.answer(self, json.loads(body))

            def log_message(self, *args: object) -> None:
                pass

        return Handler

    def answer(self, request: BaseHTTPRequestHandler, sent: dict[str, Any]) -> None:
        with self.lock:
            chances = [self.random.random() for _ in range(3)]
            status = self.manners.statuses.pop(0) if self.manners.statuses else 202
        if chances[0] < self.manners.slow:
            time.sleep(self.manners.slow_seconds)
        if status >= 300 or chances[1] < self.manners.error:
            return self._reply(request, status if status >= 300 else 500, {"error": "no"})
        key = request.headers.get("Idempotency-Key", "")
        with self.lock:
            repeat = self.manners.knows_keys and key in self.books.accepted
            ref = self.books.accepted[key] if repeat else self.books.accept(key)
            self.books.asked[key] = self.books.asked.get(key, 0) + 1
            self.books.sent.append(sent)
            self.books.headers.append(dict(request.headers.items()))
        if chances[2] < self.manners.cut_after_accepting:
            request.close_connection = True
            request.connection.close()
            return None
        if self.manners.drips:
            return self._drip(request)
        status = 409 if repeat and self.manners.conflict_on_repeat else status
        return self._reply(request, status, {"id": ref})

    def _reply(self, request: BaseHTTPRequestHandler, status: int, said: dict[str, str]) -> None:
        body = self.manners.body if self.manners.body is not None else json.dumps(said).encode()
        try:
            request.send_response(status)
            request.send_header("Content-Length", str(len(body)))
            if 300 <= status < 400:
                request.send_header("Location", f"{self.url}/elsewhere")
            request.end_headers()
            request.wfile.write(body)
        except OSError:
            # Whoever asked has been killed.
            request.close_connection = True

    def _drip(self, request: BaseHTTPRequestHandler) -> None:
        request.close_connection = True
        opening = b"HTTP/1.1 202 Accepted\r\n"
        opening += (
            b"X-Long: " if self.manners.drips == "headers" else b"Content-Length: 999\r\n\r\n"
        )
        try:
            request.wfile.write(opening)
            for _ in range(200):
                request.wfile.write(b"a")
                time.sleep(0.05)
        except OSError:
            # Whoever asked has hung up.
            return


def callback(
    reference: object,
    state: str = "delivered",
    ref: str = "msg_1",
    at: datetime | None = None,
) -> bytes:
    """The body of a callback."""
    moment = (at or datetime.now(UTC)).isoformat()
    said = {"type": state, "reference": str(reference), "id": ref, "at": moment}
    return json.dumps(said).encode()


def signed(body: bytes, secret: str, event_id: str, at: datetime | None = None) -> dict[str, str]:
    """The headers of a callback."""
    moment = at or datetime.now(UTC)
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": Webhook(secret).sign(event_id, moment, body.decode()),
    }


def tell(url: str, body: bytes, headers: dict[str, str]) -> int:
    """Post a callback over the wire; the status."""
    kind = {"Content-Type": "application/json"}
    return requests.post(url, data=body, headers=headers | kind, timeout=10).status_code


def running(seed: int = 0) -> Iterator[Gateway]:
    """For a fixture: a gateway that runs until the test ends."""
    gateway = Gateway(seed=seed)
    gateway.start()
    yield gateway
    gateway.stop()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    for name in ("error", "cut-after-accepting", "slow", "slow-seconds"):
        parser.add_argument(f"--{name}", type=float, default=0.0)
    parser.add_argument("--forgets-keys", action="store_true")
    asked = parser.parse_args()
    gateway = Gateway(asked.port, asked.log, asked.seed)
    gateway.manners = Manners(
        error=asked.error,
        cut_after_accepting=asked.cut_after_accepting,
        slow=asked.slow,
        slow_seconds=asked.slow_seconds,
        knows_keys=not asked.forgets_keys,
    )
    gateway.server.serve_forever()


if __name__ == "__main__":
    main()
