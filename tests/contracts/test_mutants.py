"""The faults that the mutation run plants: each is one, and only what decides is touched."""

from __future__ import annotations

import ast

from bench.mutants import mutants_of

TEXT = '''"""A docstring with 7."""
from __future__ import annotations
LIMIT: int | None = 3
@dataclass(frozen=True)
class Cut:
    at: Literal["one", "other"]

def cut(value: int, cap: int | None = None) -> int:
    """Another with 9."""
    if cap is not None and value > cap:
        raise ValueError("too_high")
    kept = [one for one in (value,) if one]
    kept = cast("list[int]", kept)
    return -value + LIMIT if not kept else kept[0]
'''


def test_every_kind_of_fault_is_planted_once() -> None:
    found = {(one.before, one.after) for one in mutants_of("a.py", TEXT)}
    assert {
        ("cap is not None", "cap is None"),
        ("value > cap", "value >= cap"),
        ("cap is not None and value > cap", "cap is not None or value > cap"),
        ("'too_high'", "'too_highx'"),
        ("3", "4"),
        ("0", "1"),
        ("-value", "+value"),
        ("-value + LIMIT", "-value - LIMIT"),
        ("not kept", "not not kept"),
        ("raise ValueError('too_high')", "raise SystemError()"),
    } <= found
    assert ("return -value + LIMIT if not kept else kept[0]", "return None") in found
    assert any(after == " for one in (value,)" for _, after in found)


def test_what_decides_nothing_is_left_alone() -> None:
    for one in mutants_of("a.py", TEXT):
        assert one.before not in {"7", "9", "'annotations'", "True", "'one'", "int | None"}
        ast.parse(one.text)


def test_each_text_holds_one_fault_and_says_where() -> None:
    sound = ast.unparse(ast.parse(TEXT))
    every = mutants_of("a.py", TEXT)
    assert len({one.text for one in every}) == len(every)
    assert all(one.text != sound for one in every)
    [limit] = [one for one in every if (one.before, one.after) == ("3", "4")]
    assert (limit.file, limit.line) == ("a.py", 3)
