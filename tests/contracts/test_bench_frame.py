"""The frame of `bin/bench` and `bin/soak`: what can be asked, and what is answered."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from bench import frame

ROOT = Path(__file__).resolve().parents[2]


def ask(*words: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.frame", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def test_an_unknown_name_is_answered_with_those_there_are() -> None:
    status, said = ask("bench", "nonsense")
    assert status == 2
    assert said.startswith("There is no bench “nonsense”. There are: ")
    assert "sweep" in said


def test_the_list_gives_a_line_of_explanation_each() -> None:
    status, said = ask("bench", "--list")
    assert status == 0
    lines = said.splitlines()
    assert [line.split()[0] for line in lines] == sorted(frame.names("bench"))
    assert all(len(line.split()) > 3 for line in lines)


@pytest.fixture
def measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A bench whose figures the test sets, without servers."""
    module = ModuleType("bench.bench_trial")
    monkeypatch.setitem(sys.modules, "bench.bench_trial", module)
    monkeypatch.setattr(frame, "HERE", tmp_path)
    monkeypatch.setattr(frame, "start_servers", lambda stack, durable: None)
    monkeypatch.setattr(frame, "prepare_django", lambda: None)
    (tmp_path / "bench_trial.py").write_text('"""A trial."""\n\nDURABLE = True\n')
    return module


@pytest.mark.parametrize("met", [True, False])
def test_the_last_line_is_one_object_and_the_answer_follows_ok(
    measured: ModuleType, capsys: pytest.CaptureFixture[str], *, met: bool
) -> None:
    measured.run = lambda small: {"ms": 12 if small else 120, "goal": 50, "ok": met}  # type: ignore[attr-defined]
    assert frame.run("bench", "trial", small=True) is met
    figures = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert figures.pop("seconds") >= 0
    assert figures == {"name": "trial", "small": True, "ms": 12, "goal": 50, "ok": met}


def test_a_bench_that_breaks_says_so_in_the_same_form(
    measured: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    def breaks(small: bool) -> dict[str, object]:
        raise ValueError("no rows")

    measured.run = breaks  # type: ignore[attr-defined]
    assert frame.run("bench", "trial", small=False) is False
    figures = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (figures["ok"], figures["error"]) == (False, "ValueError: no rows")


def test_a_module_says_by_a_constant_that_its_rows_must_survive(measured: ModuleType) -> None:
    assert frame.wants_durable(frame.HERE / "bench_trial.py") is True
    assert frame.wants_durable(ROOT / "bench/bench_sweep.py") is False


def test_a_module_says_by_a_constant_that_it_needs_no_servers(
    measured: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def unexpected(*args: object, **kwargs: object) -> None:
        raise AssertionError("nobody asked for servers")

    monkeypatch.setattr(frame, "start_servers", unexpected)
    measured.run = lambda small: {"ok": True}  # type: ignore[attr-defined]
    assert frame.run("bench", "trial", small=True) is False
    (frame.HERE / "bench_trial.py").write_text('"""A trial."""\n\nSERVERS = False\n')
    assert frame.run("bench", "trial", small=True) is True


def test_what_could_not_be_measured_is_not_met(
    measured: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    measured.run = lambda small: {"ok": None}  # type: ignore[attr-defined]
    assert frame.run("bench", "trial", small=True) is False
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["ok"] is None
