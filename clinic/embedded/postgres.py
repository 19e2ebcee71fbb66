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

from clinic.embedded import orphans, programs
from clinic.embedded.home import EmbeddedFault, Home
from clinic.embedded.ports import on_a_free_port
from clinic.embedded.processes import Child, run_as

START_LIMIT_S = 60
DATABASE = ROLE = "daybreak"
SETTINGS = (
    "listen_addresses=127.0.0.1",
    # The name of a socket file may be 107 bytes long at most; a home may lie deeper.
    "unix_socket_directories=",
    "timezone=UTC",
    # The text of a failed statement holds what somebody typed about a patient. The application
    # is told of its errors; the log keeps what concerns the server.
    "log_min_messages=log",
    "log_min_error_statement=panic",
    "log_parameter_max_length=0",
)
FAST_AND_LOOSE = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


class EmbeddedPostgres:
    """Started on entry, stopped on exit. `dsn` is the application's, never the superuser's.

    With `durable=False` (tests, benchmarks) a power cut may lose everything. `makes_databases`
    lets the application's role make databases, as tests do.
    """

    def __init__(self, home: Home, *, durable: bool = True, makes_databases: bool = False) -> None:
        self.home = home
        self.durable = durable
        self.makes_databases = makes_databases
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

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def start(self) -> None:
        """Make the cluster if there is none, start it, make the role and the database."""
        if not self.data.exists():
            self._make_cluster()
        self._wait_for_predecessor()
        try:
            self._prepare(on_a_free_port(self.home, "postgres", self._start_on))
        except BaseException:
            self.stop()
            raise

    def _start_on(self, port: int) -> Child:
        self.port = port
        child = self.launch()
        self._connect(child).close()
        return child

    def launch(self) -> Child:
        """The server process itself, at the port of the first start."""
        settings = (*SETTINGS, f"port={self.port}", *(() if self.durable else FAST_AND_LOOSE))
        options = [part for setting in settings for part in ("-c", setting)]
        self.child = Child(
            "postgres",
            [self.programs / "postgres", "-D", self.data, *options],
            home=self.home,
            account=self.home.account,
            stop_signal=signal.SIGINT,
            cwd=Path("/"),
        )
        return self.child

    def stop(self) -> None:
        if self.child:
            self.child.stop(30)

    def _make_cluster(self) -> None:
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
        fresh.rename(self.data)

    def _wait_for_predecessor(self) -> None:
        """Give a server that is going down the time; then its pid file is nobody's.

        PostgreSQL refuses to start when another process has got the number in that file since.
        """
        limit = time.monotonic() + START_LIMIT_S
        while busy := orphans.working_in(self.data):
            if time.monotonic() > limit:
                raise EmbeddedFault(f"{self.data} is in use by process {min(busy)}. Stop it first.")
            time.sleep(0.1)
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _prepare(self, child: Child) -> None:
        with self._connect(child) as connection:
            known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE])
            if not known.fetchone():
                connection.execute(
                    sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEROLE {} PASSWORD {}").format(
                        sql.Identifier(ROLE),
                        sql.SQL("CREATEDB" if self.makes_databases else "NOCREATEDB"),
                        sql.Literal(self.home.secret(f"postgres-{ROLE}")),
                    )
                )
            made = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
            if not made.fetchone():
                connection.execute(
                    sql.SQL("CREATE DATABASE {} OWNER {}").format(
                        sql.Identifier(DATABASE), sql.Identifier(ROLE)
                    )
                )

    def _connect(self, child: Child) -> psycopg.Connection[tuple[object, ...]]:
        """As superuser, once the server answers."""
        limit = time.monotonic() + START_LIMIT_S
        while True:
            child.require_running()
            try:
                return psycopg.connect(
                    self._dsn("postgres", "postgres"), autocommit=True, connect_timeout=5
                )
            except psycopg.OperationalError as error:
                if time.monotonic() > limit:
                    raise EmbeddedFault(f"PostgreSQL does not answer: {error}") from None
                time.sleep(0.05)
