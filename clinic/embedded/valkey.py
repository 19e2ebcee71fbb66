"""Valkey as our own child process. It carries hints only; nothing is lost with it."""

from __future__ import annotations

import os
import time
from types import TracebackType
from typing import Self
from urllib.parse import quote

import redis

from clinic.embedded import programs
from clinic.embedded.home import EmbeddedFault, Home, write_private
from clinic.embedded.ports import on_a_free_port
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
        """Start and wait until it answers."""
        try:
            on_a_free_port(self.home, "valkey", self._start_on)
        except BaseException:
            self.stop()
            raise

    def _start_on(self, port: int) -> Child:
        self.port = port
        child = self.launch()
        self._wait(child)
        return child

    def launch(self) -> Child:
        """The server process itself, at the port of the first start."""
        self.child = Child(
            "valkey",
            # From a file, because a password among the arguments stands in the process list.
            [self.program, self._configuration()],
            home=self.home,
            account=self.home.account,
            cwd=self.folder,
        )
        return self.child

    def stop(self) -> None:
        if self.child:
            self.child.stop()

    def _configuration(self) -> str:
        file = self.folder / "valkey.conf"
        lines = (
            "bind 127.0.0.1",
            f"port {self.port}",
            f"requirepass {self.home.secret('valkey')}",
            f'dir "{self.folder}"',
            "appendonly yes",
            'save ""',
            "maxmemory-policy noeviction",
            "daemonize no",
            # A title is written over the environment, and with it over our mark.
            "set-proc-title no",
        )
        write_private(file, "\n".join(lines) + "\n")
        if self.home.account:
            os.chown(file, self.home.account.uid, self.home.account.gid)
        return str(file)

    def _wait(self, child: Child) -> None:
        limit = time.monotonic() + START_LIMIT_S
        with redis.Redis.from_url(self.url, socket_connect_timeout=1) as client:
            while True:
                child.require_running()
                try:
                    if client.ping():
                        return
                except redis.ConnectionError as error:
                    if time.monotonic() > limit:
                        raise EmbeddedFault(f"Valkey does not answer: {error}") from None
                    time.sleep(0.05)
