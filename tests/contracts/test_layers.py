"""Imports point down, and rules stay plain."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
APPS = ("clinic", "labs", "courses", "api")


def sources(*folders: str) -> list[Path]:
    found = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    assert found, f"no source below {folders}"
    return found


def test_imports_point_down() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([str(linter)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_rules_load_no_framework() -> None:
    modules = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for app in APPS[:3]
        for path in sources(f"{app}/rules")
        if path.stem != "__init__"
    ]
    script = (
        "import importlib, json, sys\n"
        f"for name in {modules!r}: importlib.import_module(name)\n"
        "print(json.dumps(sorted({m.split('.')[0] for m in sys.modules})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = set(json.loads(done.stdout))
    assert not loaded & {"django", "rest_framework", "celery", "psycopg", "redis", "kombu"}


@pytest.mark.parametrize("path", sources("clinic", "labs", "courses", "api"), ids=str)
def test_no_import_inside_a_function_dodges_a_circle(path: Path) -> None:
    if "migrations" in path.parts:
        return
    tree = ast.parse(path.read_text(encoding="utf-8"))
    late = [
        inner.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name != "ready"
        for inner in ast.walk(node)
        if isinstance(inner, ast.ImportFrom) and (inner.module or "").split(".")[0] in APPS
    ]
    assert late == [], f"{path}: imports inside functions at lines {late}"


def test_views_and_api_never_reach_past_the_door() -> None:
    """Pages and endpoints ask queries; those start at `visible_to`."""
    offenders = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in [
            *sources("clinic/views", "courses/views", "api"),
            *(p for p in (ROOT / "labs").glob("views*") if p.is_file()),
            *(ROOT / "labs/views").rglob("*.py"),
        ]
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if ".objects" in line and "management" not in path.parts
    ]
    assert offenders == []


def test_nothing_is_scheduled_inside_the_broker() -> None:
    """A task with an eta lives in a worker's memory and runs again when the broker forgets."""
    offenders = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in sources(*APPS)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if any(word in line for word in ("eta=", "countdown=", ".apply_async("))
    ]
    assert offenders == []
