"""PostgreSQL and Valkey as our own children: real programs, killed for real."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from clinic.embedded import orphans
from clinic.embedded.home import EmbeddedFault, Home, others_may_pass
from clinic.embedded.ports import on_a_free_port
from clinic.embedded.postgres import EmbeddedPostgres
from clinic.embedded.processes import Child
from clinic.embedded.valkey import EmbeddedValkey

ROOT = Path(__file__).resolve().parents[3]
IS_ROOT = os.geteuid() == 0
needs_root = pytest.mark.skipif(not IS_ROOT, reason="only root drops to another account")


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that every account can reach, unlike pytest's own."""
    path = Path(tempfile.mkdtemp(prefix="daybreak-servers-"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path)


def processes_of(path: Path) -> list[str]:
    """Command lines of what runs for this folder, apart from this test."""
    found = []
    for process in psutil.process_iter(["pid", "cmdline", "cwd"]):
        line = " ".join(process.info["cmdline"] or [])
        if process.pid != os.getpid() and (
            str(path) in line or str(process.info["cwd"]).startswith(str(path))
        ):
            found.append(line)
    return found


def wait_until(answer: Callable[[], bool], limit_s: float = 20) -> None:
    limit = time.monotonic() + limit_s
    while not answer():
        assert time.monotonic() < limit, "it did not happen in time"
        time.sleep(0.05)


def supervisor(path: Path) -> tuple[subprocess.Popen[str], dict[str, str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.supervisor", str(path), "60"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    addresses = json.loads(process.stdout.readline())
    return process, addresses


def write_a_row_and_a_key(addresses: dict[str, str]) -> None:
    with psycopg.connect(addresses["dsn"]) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    with redis.Redis.from_url(addresses["url"]) as client:
        client.set("kept", "43")
        client.execute_command("WAITAOF", 1, 0, 5000)


def assert_both_are_kept(path: Path) -> None:
    home = Home(path)
    with EmbeddedPostgres(home) as postgres, EmbeddedValkey(home) as valkey:
        with psycopg.connect(postgres.dsn) as connection:
            assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
        with redis.Redis.from_url(valkey.url) as client:
            assert client.get("kept") == b"43"


def test_the_application_is_no_superuser_and_owns_its_database(place: Path) -> None:
    with (
        EmbeddedPostgres(Home(place), durable=False) as postgres,
        psycopg.connect(postgres.dsn) as connection,
    ):
        role = connection.execute(
            "SELECT rolname, rolsuper, rolcreatedb, rolcreaterole, rolbypassrls"
            " FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
        owner = connection.execute(
            "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()"
        ).fetchone()
        connection.execute("CREATE EXTENSION btree_gist")
        settings = connection.execute(
            "SELECT current_setting('data_checksums'), current_setting('listen_addresses'),"
            " current_setting('fsync')"
        ).fetchone()
    assert role == ("daybreak", False, False, False, False)
    assert owner == ("daybreak",)
    assert settings == ("on", "127.0.0.1", "off")
    assert processes_of(place) == []


def test_a_wrong_password_opens_neither_server(place: Path) -> None:
    home = Home(place)
    with EmbeddedPostgres(home, durable=False) as postgres, EmbeddedValkey(home) as valkey:
        for role in ("daybreak", "postgres"):
            with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
                psycopg.connect(f"postgresql://{role}:guess@127.0.0.1:{postgres.port}/postgres")
        with (
            redis.Redis(host="127.0.0.1", port=valkey.port) as client,
            pytest.raises(redis.AuthenticationError),
        ):
            client.ping()


def test_what_somebody_typed_stays_out_of_the_log(place: Path) -> None:
    with (
        EmbeddedPostgres(Home(place), durable=False) as postgres,
        psycopg.connect(postgres.dsn) as connection,
        pytest.raises(psycopg.errors.UndefinedTable),
    ):
        connection.execute("SELECT * FROM nowhere WHERE name = 'Ottilie Canary'")
    log = (place / "logs/postgres.log").read_text()
    assert "ready to accept connections" in log
    assert "Canary" not in log


def test_valkey_keeps_what_it_was_given_and_evicts_nothing(place: Path) -> None:
    home = Home(place)
    with EmbeddedValkey(home) as valkey, redis.Redis.from_url(valkey.url) as client:
        client.set("kept", "1")
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert client.config_get("appendonly") == {"appendonly": "yes"}
    with EmbeddedValkey(home) as valkey, redis.Redis.from_url(valkey.url) as client:
        assert client.get("kept") == b"1"
    assert processes_of(place) == []


@needs_root
def test_servers_of_root_run_as_somebody_else(place: Path) -> None:
    home = Home(place)
    with EmbeddedPostgres(home, durable=False) as postgres, EmbeddedValkey(home) as valkey:
        for child in (postgres.child, valkey.child):
            assert child is not None
            process = psutil.Process(child.process.pid)
            assert process.username() in {"postgres", "nobody"}
            assert 0 not in process.uids()
            assert 0 not in process.gids()
        # The secrets are the supervisor's, also before the account its servers run as.
        assert (place / "secrets.json").stat().st_uid == 0


@needs_root
def test_a_normal_user_needs_no_other_account(place: Path) -> None:
    python = Path(sys.executable)
    if not (others_may_pass(python) and others_may_pass(python.parent / python.readlink())):
        pytest.skip("this Python lies where a normal user cannot reach it")
    nobody = pwd.getpwnam("nobody")
    os.chown(place, nobody.pw_uid, nobody.pw_gid)
    done = subprocess.run(
        [str(python), "-m", "tests.supervisor", str(place / "home"), "0"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"},
        user=nobody.pw_uid,
        group=nobody.pw_gid,
        extra_groups=[],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith('{"dsn": "postgresql://daybreak:')
    assert (place / "home").stat().st_mode & 0o777 == 0o700
    assert (place / "home/postgres/data").stat().st_uid == nobody.pw_uid
    assert processes_of(place) == []


def test_servers_end_with_a_killed_supervisor_and_start_again(place: Path) -> None:
    process, addresses = supervisor(place)
    write_a_row_and_a_key(addresses)
    process.kill()
    process.communicate()
    wait_until(lambda: processes_of(place) == [])
    assert_both_are_kept(place)


def test_everything_killed_at_once_starts_again(place: Path) -> None:
    process, addresses = supervisor(place)
    write_a_row_and_a_key(addresses)
    servers = orphans.left_over(place)
    assert len(servers) == 2
    for pid in (process.pid, *servers):
        os.kill(pid, signal.SIGKILL)
    process.communicate()
    assert (place / "postgres/data/postmaster.pid").exists()
    assert_both_are_kept(place)


def test_a_pid_file_whose_number_is_somebody_elses_by_now_does_not_stop_a_start(
    place: Path,
) -> None:
    home = Home(place)
    with EmbeddedPostgres(home, durable=False):
        pass
    stale = place / "postgres/data/postmaster.pid"
    stranger = Child("stranger", ["sleep", "60"], home=home, account=home.account)
    try:
        stale.write_text(f"{stranger.process.pid}\n{place / 'postgres/data'}\n")
        with EmbeddedPostgres(home, durable=False) as postgres:
            psycopg.connect(postgres.dsn).close()
    finally:
        stranger.stop()


def test_two_servers_never_share_a_data_folder(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(place)
    with EmbeddedPostgres(home, durable=False) as first:
        assert first.child is not None
        monkeypatch.setattr("clinic.embedded.postgres.START_LIMIT_S", 0.2)
        with pytest.raises(EmbeddedFault, match=r"postgres/data is in use by process \d+"):
            EmbeddedPostgres(home, durable=False).start()
        assert first.child.is_running()


def test_half_a_first_start_is_thrown_away(place: Path) -> None:
    home = Home(place)
    half = home.folder("postgres") / "data.new"
    half.mkdir()
    (half / "PG_VERSION").touch()
    with EmbeddedPostgres(home, durable=False) as postgres:
        psycopg.connect(postgres.dsn).close()
    assert not half.exists()


def test_left_over_programs_are_ended_even_those_that_do_not_listen(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orphans, "PATIENCE_S", 0.3)
    home, neighbour = Home(place / "one"), Home(place / "two")
    stubborn = Child(
        "stubborn", ["sh", "-c", "trap '' TERM; while :; do sleep 0.1; done"], home=home
    )
    polite = Child("polite", ["sleep", "60"], home=home)
    other = Child("other", ["sleep", "60"], home=neighbour)
    try:
        wait_until(lambda: len(orphans.left_over(home.path)) >= 2)
        assert orphans.stop(home) >= 2
        assert polite.process.wait(5) == -signal.SIGTERM
        assert stubborn.process.wait(5) == -signal.SIGKILL
        assert other.is_running()
        assert orphans.stop(home) == 0
    finally:
        for child in (stubborn, polite, other):
            child.stop()


def test_a_stop_takes_the_grandchildren_along(place: Path) -> None:
    home = Home(place)
    parent = Child("parent", ["sh", "-c", f"sleep 61.5 & exec sleep 60 # {place}"], home=home)
    wait_until(lambda: len(orphans.left_over(place)) == 2)
    parent.stop()
    wait_until(lambda: orphans.left_over(place) == set())
    assert parent.process.returncode == -signal.SIGTERM


def test_a_program_that_ends_at_once_is_told_with_its_own_words(place: Path) -> None:
    home = Home(place)
    home.log("loud").write_text("an older line\n")
    child = Child("loud", ["sh", "-c", "echo no such disk; exit 3"], home=home)
    child.process.wait(5)
    with pytest.raises(EmbeddedFault) as fault:
        child.require_running()
    assert str(fault.value) == "loud ended by itself:\nno such disk"


def test_a_port_that_is_taken_meanwhile_is_replaced(place: Path) -> None:
    asked: list[int] = []
    home = Home(place)

    def start(port: int) -> Child:
        asked.append(port)
        if len(asked) < 3:
            raise EmbeddedFault("bind: Address already in use")
        return Child("late", ["sleep", "60"], home=home)

    on_a_free_port(home, "late", start).stop()
    assert len(asked) == 3
    with pytest.raises(EmbeddedFault, match="no such disk"):
        on_a_free_port(
            home, "late", lambda port: (_ for _ in ()).throw(EmbeddedFault("no such disk"))
        )
