"""The folder in which everything of one installation lies."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import pwd
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import IO

SERVER_ACCOUNTS = ("postgres", "nobody")
LARGEST_LOG_BYTES = 10_000_000


class EmbeddedFault(Exception):
    """Something stands in the way of a start; the message says what and what to do."""


class AlreadyRunning(EmbeddedFault):
    """Another process holds the folder."""


@dataclass(frozen=True, slots=True)
class Account:
    """The unprivileged account that servers run as when the supervisor is root."""

    name: str
    uid: int
    gid: int


def server_account() -> Account | None:
    """None for a normal user, whose servers run as that user."""
    if os.geteuid() != 0:
        return None
    for name in SERVER_ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid:
            return Account(name, entry.pw_uid, entry.pw_gid)
    raise EmbeddedFault(
        "PostgreSQL does not run as root and there is neither a “postgres” nor a “nobody” account."
        " Start as a normal user."
    )


def others_may_pass(path: Path) -> bool:
    """Whether an unprivileged account can reach `path` through all its parents."""
    return all(folder.stat().st_mode & 0o001 for folder in path.resolve().parents)


class Home:
    """Where the data, secrets, ports and logs of one installation are kept."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.account = server_account()
        self._lock: IO[str] | None = None
        self._take_folder()

    def _take_folder(self) -> None:
        """Make it, or take one that is empty or was ours; its access is then ours to narrow."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        marker = self.path / "about.txt"
        if not marker.exists():
            # What the product's settings may write before the first start is ours, too.
            strange = {entry.name for entry in self.path.iterdir()} - {"mail", "static"}
            if strange:
                raise EmbeddedFault(
                    f"{self.path} holds other files ({min(strange)}). Choose an empty folder."
                )
            marker.write_text("Daybreak keeps its data here. Removing this folder removes it.\n")
        # Root's servers run as somebody else, who must be able to walk in but not to look around.
        self.path.chmod(0o711 if self.account else 0o700)

    @property
    def servers(self) -> Path:
        """Where the servers keep their data: here, unless their account cannot reach here."""
        if self.account is None or others_may_pass(self.path / "x"):
            return self.path
        mark = hashlib.sha256(str(self.path).encode()).hexdigest()[:12]
        place = Path("/var/tmp") / f"daybreak-{mark}"  # noqa: S108  its owner is checked below
        place.mkdir(mode=0o711, exist_ok=True)
        if place.is_symlink() or place.stat().st_uid != os.geteuid():
            raise EmbeddedFault(f"{place} belongs to somebody else. Choose another --home.")
        return place

    def folder(self, name: str) -> Path:
        """A folder of the servers' account."""
        folder = self.servers / name
        folder.mkdir(mode=0o700, exist_ok=True)
        if self.account:
            os.chown(folder, self.account.uid, self.account.gid)
        return folder

    def private_folder(self, name: str) -> Path:
        """A folder that nobody but the supervisor's account opens."""
        folder = self.path / name
        folder.mkdir(mode=0o700, exist_ok=True)
        folder.chmod(0o700)
        return folder

    @property
    def logs(self) -> Path:
        return self.private_folder("logs")

    def log(self, name: str) -> Path:
        """The log of one program; a long one makes room, and one older is kept."""
        file = self.logs / f"{name}.log"
        if file.exists() and file.stat().st_size > LARGEST_LOG_BYTES:
            file.rename(file.with_suffix(".log.1"))
        return file

    def secret(self, name: str) -> str:
        """A random secret, made once, in a file that only the owner reads."""
        file = self.path / "secrets.json"
        known: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
        if name not in known:
            known[name] = secrets.token_urlsafe(48)
            write_private(file, json.dumps(known))
        return known[name]

    def port(self, name: str) -> int:
        """The port of last time if it is still free, else a free one, remembered."""
        file = self.path / "ports.json"
        known: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}
        if not port_is_free(known.get(name, 0)):
            with socket.create_server(("127.0.0.1", 0)) as probe:
                known[name] = probe.getsockname()[1]
            write_private(file, json.dumps(known))
        return known[name]

    def lock(self, address: str) -> None:
        """Hold the folder until the process ends. Raises AlreadyRunning with who has it."""
        handle = (self.path / "lock").open("a+", encoding="utf-8")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.seek(0)
            holder = handle.read().strip() or "another process"
            handle.close()
            raise AlreadyRunning(f"Daybreak runs already in {self.path}: {holder}.") from None
        handle.truncate(0)
        handle.write(f"process {os.getpid()}, {address}")
        handle.flush()
        self._lock = handle

    def unlock(self) -> None:
        if self._lock:
            self._lock.close()
            self._lock = None


def write_private(file: Path, text: str) -> None:
    """Write a file that only the owner reads, whole or not at all."""
    fresh = file.with_name(f"{file.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    fresh.write_text(text)
    fresh.rename(file)


def port_is_free(port: int) -> bool:
    """Whether a server could listen on this port of the loopback address now."""
    if not port:
        return False
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
