"""A module's source in; the small changes that a test should notice out."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final, NamedTuple

# What is compared the other way round, or with the end of a range on the other side.
_COMPARISONS: Final[dict[type[ast.cmpop], str]] = {
    ast.Lt: "<=",
    ast.LtE: "<",
    ast.Gt: ">=",
    ast.GtE: ">",
    ast.Eq: "!=",
    ast.NotEq: "==",
    ast.In: "not in",
    ast.NotIn: "in",
    ast.Is: "is not",
    ast.IsNot: "is",
}
_ARITHMETIC: Final[dict[type[ast.operator], str]] = {
    ast.Add: "-",
    ast.Sub: "+",
    ast.Mult: "//",
    ast.Div: "*",
    ast.FloorDiv: "*",
    ast.Mod: "*",
    ast.BitOr: "&",
    ast.BitAnd: "|",
}
# What these say changes nothing that a test could see on Linux: reading UTF-8, and a check of equal lengths.
_SILENT: Final = {"encoding", "strict", "slots"}


class Mutant(NamedTuple):
    """One change: the line it stands at, what stands there from which byte on, and what shall."""

    line: int
    start: int
    old: str
    new: str

    def applied(self, source: str) -> str:
        """Return the changed source."""
        data = source.encode()
        end = self.start + len(self.old.encode())
        return (data[: self.start] + self.new.encode() + data[end:]).decode()


def mutants(source: str) -> list[Mutant]:
    """List every change of a module, in the order of their places."""
    lines = source.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line.encode()))
    data = source.encode()
    found: set[Mutant] = set()
    for node, new in _changes(ast.parse(source)):
        start = starts[node.lineno - 1] + node.col_offset
        end = starts[(node.end_lineno or 0) - 1] + (node.end_col_offset or 0)
        old = data[start:end].decode()
        if new != old:
            found.add(Mutant(node.lineno, start, old, new))
    return sorted(found)


_Change = tuple[ast.expr | ast.stmt, str]


def _becomes(node: ast.expr | ast.stmt, text: str) -> _Change:
    return node, text


def _changes(tree: ast.AST) -> Iterator[_Change]:
    for child in _meaningful(tree):
        yield from _of_flow(child)
        match child:
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                sides = f"{ast.unparse(left)} {_COMPARISONS[type(op)]} {ast.unparse(right)}"
                yield _becomes(child, f"({sides})")
            case ast.BoolOp(op=op, values=values):
                word = " or " if isinstance(op, ast.And) else " and "
                yield _becomes(child, f"({word.join(f'({ast.unparse(value)})' for value in values)})")
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                yield _becomes(child, f"({ast.unparse(operand)})")
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
                yield _becomes(child, f"(({ast.unparse(left)}) {_ARITHMETIC[type(op)]} ({ast.unparse(right)}))")
            case ast.Constant():
                yield from _constant(child)
            case ast.JoinedStr():
                yield _becomes(child, '""')
        yield from _changes(child)


def _of_flow(node: ast.AST) -> Iterator[_Change]:
    """Yield changes of what runs next, is done, or is returned."""
    match node:
        case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test):
            yield _becomes(test, f"(not ({ast.unparse(test)}))")
        case ast.comprehension(ifs=[*tests]):
            yield from (_becomes(test, f"(not ({ast.unparse(test)}))") for test in tests)
        case ast.Expr(value=ast.Call() | ast.Yield() | ast.YieldFrom()) | ast.AugAssign():
            yield _becomes(node, "pass")
        case ast.Continue():
            yield _becomes(node, "break")
        case ast.Break():
            yield _becomes(node, "continue")
        case ast.Return(value=ast.expr() as value) if not isinstance(value, ast.Constant):
            yield _becomes(value, "None")


def _constant(node: ast.Constant) -> Iterator[_Change]:
    match node.value:
        case bool():
            yield _becomes(node, str(not node.value))
        case int():
            yield _becomes(node, str(node.value + 1))
        case str() if node.value:
            yield _becomes(node, '""')


def _meaningful(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the children that run: no annotations, docstrings, decorators, or what is silent.

    Nor parts of f-strings: before Python 3.12 their places are not told.
    """
    if isinstance(node, ast.JoinedStr):
        return
    for name, value in ast.iter_fields(node):
        if name in {"annotation", "returns", "decorator_list", "type_params"}:
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not _is_silent(child):
                yield child


def _is_silent(child: ast.AST) -> bool:
    match child:
        case ast.Expr(value=ast.Constant()) | ast.Import() | ast.ImportFrom() | ast.Assert():
            return True
        case ast.keyword(arg=str() as name):
            return name in _SILENT
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return True
        case ast.Assign(targets=[ast.Name(id="__all__")]):
            return True
        case ast.Call(func=ast.Name(id="TypeVar" | "NewType" | "cast")):
            return True
    return False
