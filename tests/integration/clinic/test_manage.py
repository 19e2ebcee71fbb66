"""The command line by hand: beside an installation, and with nothing at all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def manage(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run in an environment that holds nothing of the test run's own."""
    kept = {name: os.environ[name] for name in ("PATH",)}
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env={**kept, "DAYBREAK_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_rules_are_checked_without_any_server(tmp_path: Path) -> None:
    cases = tmp_path / "cases.json"
    cases.write_text(
        '{"vectors": [{"id": "A", "fn": "dose.mg",'
        ' "input": {"weight_kg": "70", "mg_per_kg": "0.5"}, "expected": {"dose_mg": "35.0"}},'
        ' {"id": "B", "fn": "no.such", "input": {}, "expected": {}}]}'
    )
    done = manage(tmp_path, "check_rules", str(cases))
    assert done.stdout.splitlines()[-1] == "1 passed, 1 failed"
    assert done.returncode == 1


def test_a_missing_variable_names_itself_and_the_remedy(tmp_path: Path) -> None:
    done = manage(tmp_path, "check")
    assert done.returncode != 0
    assert "SECRET_KEY: is not set" in done.stderr
    assert "bin/run" in done.stderr


def test_beside_an_installation_its_variables_are_taken(tmp_path: Path) -> None:
    names = ("SECRET_KEY", "DATABASE_URL", "REDIS_URL")
    lines = [f"export {name}='{os.environ[name]}'\n" for name in names]
    (tmp_path / "environment").write_text("".join(lines))
    done = manage(tmp_path, "check")
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout
