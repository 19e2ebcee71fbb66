"""The folder of an installation: whose it is, who may look, and that it is held once."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from clinic.embedded.home import AlreadyRunning, EmbeddedFault, Home, port_is_free

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root drops to another account")


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that every account can reach, unlike pytest's own."""
    path = Path(tempfile.mkdtemp(prefix="daybreak-home-"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path)


def test_a_second_start_is_refused_and_told_who_has_it(place: Path) -> None:
    first, second = Home(place), Home(place)
    first.lock("http://127.0.0.1:8000")
    with pytest.raises(AlreadyRunning) as refusal:
        second.lock("http://127.0.0.1:9000")
    assert str(refusal.value) == (
        f"Daybreak runs already in {place}: process {os.getpid()}, http://127.0.0.1:8000."
    )
    first.unlock()
    second.lock("http://127.0.0.1:9000")
    second.unlock()


def test_a_folder_with_other_files_is_left_alone(place: Path) -> None:
    (place / "thesis.odt").touch()
    place.chmod(0o755)
    with pytest.raises(EmbeddedFault, match=r"holds other files \(thesis\.odt\)"):
        Home(place)
    assert mode(place) == 0o755
    assert [entry.name for entry in place.iterdir()] == ["thesis.odt"]


def test_nobody_else_looks_into_the_folder(place: Path) -> None:
    home = Home(place / "home")
    assert mode(home.path) == (0o711 if os.geteuid() == 0 else 0o700)
    assert mode(home.folder("postgres")) == 0o700
    assert mode(home.logs) == 0o700
    home.secret("django")
    assert mode(home.path / "secrets.json") == 0o600


def test_a_secret_is_made_once_and_is_long(place: Path) -> None:
    secret = Home(place).secret("django")
    assert len(secret) == 64
    assert Home(place).secret("django") == secret
    assert Home(place).secret("valkey") != secret


def test_a_port_stays_while_it_is_free(place: Path) -> None:
    port = Home(place).port("postgres")
    assert Home(place).port("postgres") == port
    with socket.create_server(("127.0.0.1", port)):
        assert not port_is_free(port)
        other = Home(place).port("postgres")
    assert other != port
    assert Home(place).port("postgres") == other


def test_a_long_log_makes_room(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clinic.embedded.home.LARGEST_LOG_BYTES", 10)
    home = Home(place)
    home.log("web").write_text("ten bytes, and one more")
    assert not home.log("web").exists()
    assert (home.logs / "web.log.1").read_text() == "ten bytes, and one more"


@needs_root
def test_servers_of_root_keep_their_data_where_their_account_can_reach(place: Path) -> None:
    closed = place / "closed"
    closed.mkdir(mode=0o700)
    home = Home(closed / "home")
    assert home.servers.parent == Path("/var/tmp")  # noqa: S108
    try:
        folder = home.folder("postgres")
        assert home.account is not None
        assert (folder.stat().st_uid, mode(folder)) == (home.account.uid, 0o700)
        assert home.account.uid != 0
        assert mode(closed) == 0o700
        assert Home(closed / "home").servers == home.servers
    finally:
        shutil.rmtree(home.servers)


@needs_root
def test_servers_of_root_stay_at_home_where_it_can_be_reached(place: Path) -> None:
    assert Home(place).servers == place
