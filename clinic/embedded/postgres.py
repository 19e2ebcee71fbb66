"""PostgreSQL as our own child process."""

from __future__ import annotations

import shutil
import signal
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import psycopg
from psycopg import sql

from clinic.embedded import programs
from clinic.embedded.home import EmbeddedFault, Home
from clinic.embedded.processes import Child, run_as

START_LIMIT_S = 60
DATABASE = ROLE = "daybreak"
FAST_AND_LOOSE = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


class EmbeddedPostgres:
    """Started on entry, stopped on exit. `dsn` is the application's, never the superuser's.

    With `durable=False` (tests, benchmarks) a power cut may lose everything, and the application's
    role may make databases.
    """

    def __init__(self, home: Home, *, durable: bool = True) -> None:
        self.home = home
        self.durable = durable
        self.programs = programs.postgresql(home)
        self.folder = home.folder("postgres")
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
    def dsn(self) -> str:
        return self._dsn(ROLE, DATABASE)

    def _dsn(self, role: str, database: str) -> str:
        password = quote(self.home.secret(f"postgres-{role}"), safe="")
        return f"postgresql://{role}:{password}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Make the cluster if there is none, start it, make the role and the database."""
        data = self.folder / "data"
        if not data.exists():
            self._make_cluster(data)
        self._wait_for_predecessor(data)
        self.port = self.home.port("postgres")
        settings = [
            "listen_addresses=127.0.0.1",
            f"port={self.port}",
            "unix_socket_directories=",
            "timezone=UTC",
            "log_min_duration_statement=-1",
            "log_parameter_max_length=0",
            "log_parameter_max_length_on_error=0",
            *(() if self.durable else FAST_AND_LOOSE),
        ]
        options = [part for setting in settings for part in ("-c", setting)]
        self.child = Child(
            "PostgreSQL",
            [self.programs / "postgres", "-D", data, *options],
            log=self.home.logs / "postgres.log",
            account=self.home.account,
            stop_signal=signal.SIGINT,
            cwd=Path("/"),
        )
        self._prepare()

    def stop(self) -> None:
        if self.child:
            self.child.stop(30)

    def _make_cluster(self, data: Path) -> None:
        """Into a temporary folder, renamed when whole: a killed first start leaves no half."""
        fresh = self.folder / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        with tempfile.NamedTemporaryFile("w", dir=self.folder) as password:
            password.write(self.home.secret("postgres-postgres"))
            password.flush()
            if self.home.account:
                shutil.chown(password.name, self.home.account.uid, self.home.account.gid)
            run_as(
                self.home.account,
                [
                    self.programs / "initdb",
                    f"--pgdata={fresh}",
                    "--username=postgres",
                    f"--pwfile={password.name}",
                    "--auth=scram-sha-256",
                    "--encoding=UTF8",
                    "--locale=C.UTF-8",
                    "--data-checksums",
                    *(() if self.durable else ("--no-sync",)),
                ],
            )
        fresh.rename(data)

    def _wait_for_predecessor(self, data: Path) -> None:
        """A server whose supervisor was killed is stopping on its own; give it the time."""
        file = data / "postmaster.pid"
        limit = time.monotonic() + START_LIMIT_S
        while file.exists() and time.monotonic() < limit:
            try:
                pid = int(file.read_text().split("\n", 1)[0])
                command = Path(f"/proc/{pid}/cmdline").read_text()
            except (OSError, ValueError):
                return
            if str(data) not in command:
                return
            time.sleep(0.1)

    def _prepare(self) -> None:
        with self._connect() as connection:
            known = connection.execute(
                "SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE]
            ).fetchone()
            if not known:
                connection.execute(
                    sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER PASSWORD {} {}").format(
                        sql.Identifier(ROLE),
                        sql.Literal(self.home.secret(f"postgres-{ROLE}")),
                        sql.SQL("NOCREATEDB" if self.durable else "CREATEDB"),
                    )
                )
            made = connection.execute(
                "SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]
            ).fetchone()
            if not made:
                connection.execute(
                    sql.SQL("CREATE DATABASE {} OWNER {}").format(
                        sql.Identifier(DATABASE), sql.Identifier(ROLE)
                    )
                )

    def _connect(self) -> psycopg.Connection[tuple[object, ...]]:
        assert self.child is not None
        limit = time.monotonic() + START_LIMIT_S
        while True:
            self.child.require_running()
            try:
                return psycopg.connect(
                    self._dsn("postgres", "postgres"), autocommit=True, connect_timeout=5
                )
            except psycopg.OperationalError as error:
                if time.monotonic() > limit:
                    raise EmbeddedFault(f"PostgreSQL does not answer: {error}") from None
                time.sleep(0.05)
