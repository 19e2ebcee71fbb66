"""Valkey as our own child process. It carries hints only; nothing is lost with it."""

from __future__ import annotations

import os
import time
from types import TracebackType
from typing import Self
from urllib.parse import quote

import redis

from clinic.embedded import programs
from clinic.embedded.home import EmbeddedFault, Home
from clinic.embedded.processes import Child

START_LIMIT_S = 30


class EmbeddedValkey:
    """Started on entry, stopped on exit."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.program = programs.valkey(home)
        self.folder = home.folder("valkey")
        self.port = 0
        self.child: Child | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        return f"redis://:{quote(self.home.secret('valkey'), safe='')}@127.0.0.1:{self.port}/0"

    def start(self) -> None:
        self.port = self.home.port("valkey")
        self.child = Child(
            "Valkey",
            # From a file, because a password among the arguments stands in the process list.
            [self.program, self._configuration()],
            log=self.home.logs / "valkey.log",
            account=self.home.account,
            cwd=self.folder,
        )
        self._wait()

    def stop(self) -> None:
        if self.child:
            self.child.stop()

    def _configuration(self) -> str:
        file = self.folder / "valkey.conf"
        file.unlink(missing_ok=True)
        file.touch(mode=0o600)
        file.write_text(
            "\n".join(
                (
                    "bind 127.0.0.1",
                    f"port {self.port}",
                    f"requirepass {self.home.secret('valkey')}",
                    f"dir {self.folder}",
                    "appendonly yes",
                    "maxmemory-policy noeviction",
                    "daemonize no",
                )
            )
        )
        if self.home.account:
            os.chown(file, self.home.account.uid, self.home.account.gid)
        return str(file)

    def _wait(self) -> None:
        assert self.child is not None
        limit = time.monotonic() + START_LIMIT_S
        with redis.Redis.from_url(self.url, socket_connect_timeout=1) as client:
            while True:
                self.child.require_running()
                try:
                    if client.ping():
                        return
                except redis.ConnectionError as error:
                    if time.monotonic() > limit:
                        raise EmbeddedFault(f"Valkey does not answer: {error}") from None
                    time.sleep(0.05)
