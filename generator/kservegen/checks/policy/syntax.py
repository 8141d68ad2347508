"""An expression in, its syntax tree out, macros expanded: what an analysis needs and no evaluation does.

The interpreter parses and hands the tree over as a protocol buffer (cel/expr/syntax.proto); its few messages are read
here by field number.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

from msgspec import Struct

if TYPE_CHECKING:
    from cel_expr_python.cel import Env, Expression


class Constant(Struct, frozen=True):
    """A literal; `value` is None for null and for literals that no analysis looks at (bytes, numbers)."""

    value: str | bool | None


class Name(Struct, frozen=True):
    """An identifier."""

    name: str


class Select(Struct, frozen=True):
    """`operand.field`; `tests` where it is has(operand.field)."""

    operand: Tree
    field: str
    tests: bool


class Call(Struct, frozen=True):
    """`function(arguments)`, operators by their internal names; the target of a member comes first."""

    function: str
    arguments: tuple[Tree, ...]


class Collection(Struct, frozen=True):
    """A list or map literal, by its items or values (and keys)."""

    items: tuple[Tree, ...]
    is_list: bool


class Fold(Struct, frozen=True):
    """A comprehension: what `all`, `exists`, `map`, `filter` and `cel.bind` expand to."""

    variable: str
    range: Tree
    accumulator: str
    start: Tree
    condition: Tree
    step: Tree
    result: Tree


Tree: TypeAlias = Constant | Name | Select | Call | Collection | Fold

_TRUTHS: Final = frozenset({"_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_", "_&&_", "_||_", "!_", "@in"})
_VARINT: Final = 0
_FIXED: Final = {1: 8, 5: 4}  # kinds of a length that they have always
_CONSTANT, _IDENT, _SELECT, _CALL, _LIST, _STRUCT, _FOLD = 3, 4, 5, 6, 7, 8, 9


@lru_cache(maxsize=1024)
def parse_expression(expression: str) -> Tree | None:
    """Parse an expression; None where it is none. Policies share conditions and variables to the letter."""
    parsed = _parsed(expression)
    # google.protobuf.Any{1: type, 2: value}; the value is a ParsedExpr{2: expr}.
    return None if parsed is None else _tree(_message(_message(parsed.serialize())[2])[2])


def is_expression(text: str) -> bool:
    """Tell whether a text is an expression by itself; `1) + (2` is one in parentheses only."""
    return _parsed(text) is not None


@lru_cache(maxsize=1024)
def _parsed(text: str) -> Expression | None:
    try:
        return _parser().compile(text, disable_check=True)
    except RuntimeError:
        return None


@lru_cache(maxsize=1024)
def is_truth(text: str) -> bool:
    """Tell whether an expression comes to true or false by its form alone: it compares, connects or asks has()."""
    tree = parse_expression(text)
    return (isinstance(tree, Call) and tree.function in _TRUTHS) or (isinstance(tree, Select) and tree.tests)


@lru_cache(maxsize=1024)
def is_text(text: str) -> bool:
    """Tell whether an expression that compiles comes to a text by its form alone; so do joints and choices of texts."""
    tree = parse_expression(text)
    return tree is not None and _is_text(tree)


def _is_text(tree: Tree) -> bool:
    match tree:
        case Constant(value):
            return isinstance(value, str)
        case Call("_+_", arguments):
            return any(map(_is_text, arguments))
        case Call("_?_:_", (_, then, otherwise)):
            return _is_text(then) and _is_text(otherwise)
        case _:
            return False


@lru_cache(maxsize=1)
def _parser() -> Env:
    from cel_expr_python import cel  # noqa: PLC0415
    from cel_expr_python.ext import ext_bindings, ext_optional, ext_strings  # noqa: PLC0415

    extensions = [ext_strings.ExtStrings(2), ext_optional.ExtOptional(), ext_bindings.ExtBindings()]
    return cel.NewEnv(extensions=extensions)


def _tree(data: bytes) -> Tree:
    for number, value in _fields(data):
        if isinstance(value, bytes) and number in _READERS:
            return _READERS[number](value)
    return Constant(None)


def _constant(data: bytes) -> Tree:
    for number, value in _fields(data):
        if number == 2:
            return Constant(bool(value))
        if number == 6 and isinstance(value, bytes):
            return Constant(value.decode())
    return Constant(None)


def _ident(data: bytes) -> Tree:
    return Name(_message(data)[1].decode())


def _select(data: bytes) -> Tree:
    found = dict(_fields(data))
    operand, field = found[1], found[2]
    assert isinstance(operand, bytes)  # noqa: S101 - the type of a message's field
    assert isinstance(field, bytes)  # noqa: S101
    return Select(_tree(operand), field.decode(), bool(found.get(3)))


def _call(data: bytes) -> Tree:
    target: list[Tree] = []
    arguments: list[Tree] = []
    function = ""
    for number, value in _fields(data):
        if isinstance(value, bytes):
            if number == 2:
                function = value.decode()
            else:
                (target if number == 1 else arguments).append(_tree(value))
    return Call(function, (*target, *arguments))


def _list(data: bytes) -> Tree:
    items = tuple(_tree(value) for number, value in _fields(data) if number == 1 and isinstance(value, bytes))
    return Collection(items, is_list=True)


def _struct(data: bytes) -> Tree:
    items: list[Tree] = []
    for number, value in _fields(data):
        if number == 2 and isinstance(value, bytes):
            items += [_tree(part) for key, part in _fields(value) if key in {3, 4} and isinstance(part, bytes)]
    return Collection(tuple(items), is_list=False)


def _fold(data: bytes) -> Tree:
    found = _message(data)
    return Fold(
        variable=found[1].decode(),
        range=_tree(found[2]),
        accumulator=found[3].decode(),
        start=_tree(found[4]),
        condition=_tree(found[5]),
        step=_tree(found[6]),
        result=_tree(found[7]),
    )


_READERS: Final = {
    _CONSTANT: _constant,
    _IDENT: _ident,
    _SELECT: _select,
    _CALL: _call,
    _LIST: _list,
    _STRUCT: _struct,
    _FOLD: _fold,
}


def _message(data: bytes) -> dict[int, bytes]:
    return {number: value for number, value in _fields(data) if isinstance(value, bytes)}


def _fields(data: bytes) -> list[tuple[int, int | bytes]]:
    """List the fields of a message: numbers of the varint kind, or the bytes of what has a length.

    Every number of a field is below 16, so that its key is one byte.
    """
    found: list[tuple[int, int | bytes]] = []
    position, end = 0, len(data)
    while position < end:
        key = data[position]
        kind = key & 7
        if kind in _FIXED:
            position += 1 + _FIXED[kind]
            continue
        value = data[position + 1]
        position += 2
        if value & 0x80:
            value, position = _varint(data, position - 1)
        if kind == _VARINT:
            found.append((key >> 3, value))
        else:
            found.append((key >> 3, data[position : position + value]))
            position += value
    return found


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, position
