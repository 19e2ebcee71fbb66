"""Small faults in dosing, gate, grading and due dates: how many the rules' own tests find."""

from __future__ import annotations

import os
import random
import shutil
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from queue import SimpleQueue
from typing import Final

import hypothesis  # noqa: F401  loaded once, for every child
import pytest

from bench.mutants import Mutant, mutants_of

SERVERS = False
GOAL: Final = 0.90
SEED: Final = 20261123
WORKERS: Final = 2
SECONDS_A_MUTANT: Final = 120
SMALL: Final = 40
ROOT: Final = Path(__file__).resolve().parents[1]
COPIED: Final = ("clinic", "labs", "courses", "tests", "manage.py")
COURSES, LABS = "tests/unit/courses", "tests/unit/labs"
# Each module with the tests that are about it; a fault that none of them sees survives.
TESTS: Final[Mapping[str, tuple[str, ...]]] = {
    "courses/rules/dosing.py": (f"{COURSES}/test_dosing.py", f"{COURSES}/test_orders.py"),
    "courses/rules/gate.py": (f"{COURSES}/test_gate.py", f"{COURSES}/test_gate_named.py"),
    "labs/rules/grading.py": (f"{LABS}/test_grading.py",),
    "labs/rules/due.py": (f"{LABS}/test_due.py",),
}
# What the first lot does not see, the worked cases and the properties may.
WIDER: Final = (
    f"{COURSES}/test_contract.py",
    f"{COURSES}/test_held_out.py",
    f"{COURSES}/test_contract_refusals.py",
    f"{COURSES}/test_dosing_properties.py",
    f"{COURSES}/test_gate_properties.py",
    f"{LABS}/test_contract.py",
    f"{LABS}/test_grading_properties.py",
    f"{LABS}/test_plan_properties.py",
)
KNOWN: Final = Path(__file__).with_name("mutation_survivors.toml")


def run(small: bool) -> dict[str, object]:
    """Figures by module; `unexplained` names every survivor that nobody has explained."""
    chosen = _chosen(small)
    with tempfile.TemporaryDirectory(prefix="daybreak-mutation-") as place:
        copies = _copies(Path(place))
        # On the sound text the tests pass; otherwise every fault would seem to be found.
        for file in TESTS:
            text = (ROOT / file).read_text(encoding="utf-8")
            if any(_is_found(copies[0], file, text, tests) for tests in (TESTS[file], WIDER)):
                raise RuntimeError(f"The tests of {file} do not pass on the sound text.")
        survived = _survivors(chosen, copies)
    explained = _explained()
    unexplained = [one for one in survived if (one.file, one.before, one.after) not in explained]
    total, lived = Counter(one.file for one in chosen), Counter(one.file for one in survived)
    scores = {file: round(1 - lived[file] / total[file], 3) for file in TESTS if total[file]}
    for one in unexplained:
        print(f"{one.file}:{one.line}: {one.before}  ->  {one.after}")
    return {
        "seed": SEED,
        "mutants": dict(total),
        "survived": dict(lived),
        "scores": scores,
        "explained": len(survived) - len(unexplained),
        "unexplained": len(unexplained),
        "goal": GOAL,
        "ok": min(scores.values()) >= GOAL,
    }


def _chosen(small: bool) -> list[Mutant]:
    every = [
        mutant
        for file in TESTS
        for mutant in mutants_of(file, (ROOT / file).read_text(encoding="utf-8"))
    ]
    return random.Random(SEED).sample(every, SMALL) if small else every  # noqa: S311


def _copies(place: Path) -> list[Path]:
    """One tree for each worker, so that their faults do not meet."""
    copies = []
    for number in range(WORKERS):
        copy = place / str(number)
        for name in COPIED:
            source = ROOT / name
            if source.is_dir():
                skipped = shutil.ignore_patterns("__pycache__", "static", "migrations")
                shutil.copytree(source, copy / name, ignore=skipped)
            else:
                shutil.copy(source, copy / name)
        # The cast of the other tests needs a database.
        (copy / "tests" / "conftest.py").unlink()
        copies.append(copy)
    return copies


def _survivors(chosen: Iterable[Mutant], copies: list[Path]) -> list[Mutant]:
    free: SimpleQueue[Path] = SimpleQueue()
    for copy in copies:
        free.put(copy)

    def tried(mutant: Mutant) -> Mutant | None:
        copy = free.get()
        try:
            lots = (TESTS[mutant.file], WIDER)
            seen = any(_is_found(copy, mutant.file, mutant.text, tests) for tests in lots)
            return None if seen else mutant
        finally:
            shutil.copy(ROOT / mutant.file, copy / mutant.file)
            free.put(copy)

    with ThreadPoolExecutor(len(copies)) as pool:
        return [one for one in pool.map(tried, chosen) if one is not None]


def _is_found(copy: Path, file: str, text: str, tests: tuple[str, ...]) -> bool:
    """In a child of this process, which has loaded already what every run needs."""
    (copy / file).write_text(text, encoding="utf-8")
    child = get_context("fork").Process(target=_judge, args=(copy, tests))
    child.start()
    child.join(SECONDS_A_MUTANT)
    if child.is_alive():
        # A fault that never ends is seen by whoever waits.
        child.kill()
        child.join()
        return True
    return child.exitcode != 0


def _judge(copy: Path, tests: tuple[str, ...]) -> None:
    plugins = ("django", "cacheprovider", "randomly", "xdist", "cov", "socket", "Faker")
    plain = [part for name in plugins for part in ("-p", f"no:{name}")]
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
        os.dup2(nowhere.fileno(), sys.stderr.fileno())
    os.chdir(copy)
    sys.dont_write_bytecode = True
    sys.path[:] = [str(copy), *(one for one in sys.path if Path(one).resolve() != ROOT)]
    os._exit(pytest.main(["-q", "-x", "-o", "addopts=", "-W", "ignore", *plain, *tests]))


def _explained() -> set[tuple[str, str, str]]:
    rows = tomllib.loads(KNOWN.read_text(encoding="utf-8")).get("survivors", [])
    return {(row["file"], row["before"], row["after"]) for row in rows}
