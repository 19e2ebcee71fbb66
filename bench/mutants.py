"""Small faults, one at a time, in a module's text: what tests that check nothing let pass."""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_CODE = re.compile(r"[a-z0-9_]+")
COMPARED: dict[type[ast.cmpop], ast.cmpop] = {
    ast.Lt: ast.LtE(),
    ast.LtE: ast.Lt(),
    ast.Gt: ast.GtE(),
    ast.GtE: ast.Gt(),
    ast.Eq: ast.NotEq(),
    ast.NotEq: ast.Eq(),
    ast.Is: ast.IsNot(),
    ast.IsNot: ast.Is(),
    ast.In: ast.NotIn(),
    ast.NotIn: ast.In(),
}
COUNTED: dict[type[ast.operator], ast.operator] = {
    ast.Add: ast.Sub(),
    ast.Sub: ast.Add(),
    ast.Mult: ast.Div(),
    ast.Div: ast.Mult(),
    ast.FloorDiv: ast.Mult(),
    ast.Mod: ast.Mult(),
    ast.BitOr: ast.BitAnd(),
    ast.BitAnd: ast.BitOr(),
}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One fault: where, what it turns into what, and the whole text with it."""

    file: str
    line: int
    before: str
    after: str
    text: str


def mutants_of(file: str, text: str) -> list[Mutant]:
    """Every fault of `text`, apart from faults of what decides nothing."""
    tree = ast.parse(text)
    idle = {id(below) for node in _idle(tree) for below in ast.walk(node)}
    found = []
    for place, node in enumerate(ast.walk(tree)):
        for change in () if id(node) in idle else _changes(node):
            twin = copy.deepcopy(tree)
            target = _at(twin, place)
            before = ast.unparse(node)
            change(target)
            ast.fix_missing_locations(twin)
            line = getattr(node, "lineno", 0)
            found.append(Mutant(file, line, before, ast.unparse(target), ast.unparse(twin)))
    return [one for one in found if one.before != one.after]


def _at(tree: ast.AST, place: int) -> ast.AST:
    for number, node in enumerate(ast.walk(tree)):
        if number == place:
            return node
    raise IndexError(place)


def _idle(tree: ast.AST) -> Iterator[ast.AST]:
    """Docstrings, annotations, what kind of dataclass, `cast`, and the words of a `Literal`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                yield first
        if isinstance(node, ast.FunctionDef):
            noted = [node.returns, *(one.annotation for one in _arguments(node.args))]
            yield from (one for one in noted if one is not None)
        elif isinstance(node, ast.AnnAssign):
            yield node.annotation
        elif isinstance(node, ast.ClassDef):
            yield from (one for one in node.decorator_list if isinstance(one, ast.Call))
        elif isinstance(node, ast.Call) and _is_named(node.func, "cast"):
            yield node.args[0]
        elif isinstance(node, ast.Subscript) and _is_named(node.value, "Literal"):
            yield node


def _arguments(found: ast.arguments) -> Iterator[ast.arg]:
    yield from (*found.posonlyargs, *found.args, *found.kwonlyargs)
    yield from (one for one in (found.vararg, found.kwarg) if one is not None)


def _is_named(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


Change = Callable[[ast.AST], None]


def _changes(node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.Compare):
        yield from (_compared(number) for number in range(len(node.ops)))
    elif isinstance(node, ast.BoolOp):
        yield _joined
    elif isinstance(node, ast.BinOp) and type(node.op) in COUNTED:
        yield _counted
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub):
        yield _positive
    elif isinstance(node, ast.Constant):
        yield from _constants(node)
    elif isinstance(node, ast.If | ast.IfExp | ast.comprehension):
        yield from _turned(node)
    elif isinstance(node, ast.Raise):
        yield _silent
    elif isinstance(node, ast.Return) and node.value is not None:
        yield _nothing


def _compared(number: int) -> Change:
    def change(node: ast.AST) -> None:
        assert isinstance(node, ast.Compare)
        node.ops[number] = COMPARED[type(node.ops[number])]

    return change


def _joined(node: ast.AST) -> None:
    assert isinstance(node, ast.BoolOp)
    node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()


def _counted(node: ast.AST) -> None:
    assert isinstance(node, ast.BinOp)
    node.op = COUNTED[type(node.op)]


def _positive(node: ast.AST) -> None:
    assert isinstance(node, ast.UnaryOp)
    node.op = ast.UAdd() if isinstance(node.op, ast.USub) else ast.Not()
    if isinstance(node.op, ast.Not):
        node.operand = ast.UnaryOp(ast.Not(), node.operand)


def _constants(node: ast.Constant) -> Iterator[Change]:
    if isinstance(node.value, bool):
        yield _set(not node.value)
    elif isinstance(node.value, int):
        yield _set(node.value + 1)
    elif isinstance(node.value, str) and _CODE.fullmatch(node.value):
        yield _set(f"{node.value}x")


def _set(value: object) -> Change:
    def change(node: ast.AST) -> None:
        assert isinstance(node, ast.Constant)
        node.value = value  # type: ignore[assignment]

    return change


def _turned(node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.If | ast.IfExp) and not _has_its_own(node.test):
        yield _other_way
    if isinstance(node, ast.comprehension) and node.ifs:
        yield _everything


def _has_its_own(test: ast.expr) -> bool:
    """Whether turning the test is a fault of the test itself already."""
    return isinstance(test, ast.Compare) or (
        isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)
    )


def _other_way(node: ast.AST) -> None:
    assert isinstance(node, ast.If | ast.IfExp)
    node.test = ast.UnaryOp(ast.Not(), node.test)


def _everything(node: ast.AST) -> None:
    assert isinstance(node, ast.comprehension)
    node.ifs = []


def _silent(node: ast.AST) -> None:
    assert isinstance(node, ast.Raise)
    node.exc, node.cause = ast.Call(ast.Name("SystemError", ast.Load()), [], []), None


def _nothing(node: ast.AST) -> None:
    assert isinstance(node, ast.Return)
    node.value = ast.Constant(None)
