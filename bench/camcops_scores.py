"""Scores answer sheets with CamCOPS; run by its own interpreter, never imported by Daybreak.

Lines of JSON in: `[scale, answers, functional]`. Lines out: `[total, band, complete, syndrome]`.

CamCOPS imports a whole web server before it scores a sheet. What is not installed is stood in for
by hollow classes; what adds up, sorts into bands and maps columns is always the real thing.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

NEVER_HOLLOW = frozenset(
    {"camcops_server", "cardinal_pythonlib", "colander", "sqlalchemy", "typing_extensions"}
)


class Hollow(type):
    """A class that answers everything with another hollow class, and decorates without effect."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return hollow(name)

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        if cls.__module__ != "hollow":
            return super().__call__(*args, **kwargs)
        decorates = len(args) == 1 and callable(args[0]) and not isinstance(args[0], Hollow)
        return args[0] if decorates else hollow(cls.__name__)

    def __getitem__(cls, key: object) -> Any:
        return cls

    def __setitem__(cls, key: object, value: object) -> None:
        pass


def hollow(name: str) -> Any:
    """A hollow class, which others may inherit from."""
    return Hollow(name, (), {"__module__": "hollow", "__init__": _takes_anything})


def _takes_anything(self: object, *args: object, **kwargs: object) -> None:
    pass


class HollowModule(ModuleType):
    """A module in which there is a hollow class of every name."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return hollow(name)


class HollowFinder(MetaPathFinder, Loader):
    """Asked last: makes hollow whatever nobody else has found, except what is compared."""

    def find_spec(
        self, fullname: str, path: object = None, target: object = None
    ) -> ModuleSpec | None:
        top = fullname.split(".", 1)[0]
        if top in NEVER_HOLLOW or top in sys.stdlib_module_names:
            return None
        return ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return HollowModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        pass


class Words:
    """Stands for a web request, of which a band needs only its words: gives back their names."""

    def sstring(self, which: Any) -> str:
        return str(which.name)

    def xstring(self, task: str, name: str, *args: Any, **kwargs: Any) -> str:
        return name

    wxstring = xstring


def scales() -> dict[str, Any]:
    """The three classes that score, by our name of the scale."""
    sys.meta_path.append(HollowFinder())
    # The package of all tasks would import each of them; these three need no other.
    spec = importlib.util.find_spec("camcops_server")
    assert spec
    assert spec.submodule_search_locations
    tasks = ModuleType("camcops_server.tasks")
    tasks.__path__ = [f"{spec.submodule_search_locations[0]}/tasks"]
    sys.modules[tasks.__name__] = tasks
    importlib.import_module("camcops_server.cc_modules.cc_all_models")
    return {
        "phq9": importlib.import_module("camcops_server.tasks.phq9").Phq9,
        "gad7": importlib.import_module("camcops_server.tasks.gad7").Gad7,
        "hamd17": importlib.import_module("camcops_server.tasks.hamd").Hamd,
    }


def filled(task: Any, answers: list[int | None], functional: int | None, *, turn: int) -> Any:
    """The sheet with its answers. HAM-D's weight item has two forms, taken in turns."""
    for number, answer in enumerate(answers, 1):
        setattr(task, f"q{number}", answer)
    if hasattr(task, "q10") and len(answers) == 9:
        task.q10 = functional
    if hasattr(task, "whichq16"):
        task.whichq16 = turn % 2
        setattr(task, "q16b" if turn % 2 else "q16a", answers[15])
    return task


def scored(task: Any) -> list[object]:
    syndrome = task.is_mds() if hasattr(task, "is_mds") else None
    return [task.total_score(), task.severity(Words()), task.is_complete(), syndrome]


def main() -> None:
    classes = scales()
    for turn, line in enumerate(sys.stdin):
        scale, answers, functional = json.loads(line)
        task = filled(classes[scale](), answers, functional, turn=turn)
        sys.stdout.write(json.dumps(scored(task)) + "\n")


if __name__ == "__main__":
    main()
