"""All functions in, their declarations for the type checker or for the interpreter out.

At run time only kinds are told apart: a value of Kubernetes' own type is a map, a list is a list of anything, and what
takes anything is declared once for every kind. Where that makes one of two overloads, the tags of the values decide.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import product
from typing import TYPE_CHECKING, Final

from kservegen.formats.cel import addresses, formats, lists, quantities, regexes, semvers, urls
from kservegen.formats.cel.function import OPAQUE, Function, TypeName

if TYPE_CHECKING:
    from cel_expr_python.cel import FunctionDecl, Overload, Type

_FUNCTIONS: Final = (
    *quantities.FUNCTIONS,
    *lists.FUNCTIONS,
    *regexes.FUNCTIONS,
    *addresses.FUNCTIONS,
    *urls.FUNCTIONS,
    *semvers.FUNCTIONS,
    *formats.FUNCTIONS,
)
_MAP: Final = "map<dyn, dyn>"
_LIST: Final = "list<dyn>"
_KINDS: Final = ("int", "uint", "double", "string", "bool", "bytes", "timestamp", "duration", "null", _LIST, _MAP)


@cache
def checked() -> list[FunctionDecl]:
    """Declare functions with the exact types of their parameters and results."""
    return _declared(((function, function.parameters) for function in _FUNCTIONS), result=lambda found: found.result)


@cache
def running() -> list[FunctionDecl]:
    """Declare functions by the kinds of their parameters."""
    functions = ((found, kinds) for found in _FUNCTIONS for kinds in product(*map(_kinds, found.parameters)))
    return _declared(functions, result=lambda _: "dyn")


def _declared(
    functions: Iterator[tuple[Function, tuple[TypeName, ...]]], *, result: Callable[[Function], TypeName]
) -> list[FunctionDecl]:
    from cel_expr_python import cel  # noqa: PLC0415

    named: dict[str, dict[tuple[bool, tuple[TypeName, ...]], list[Function]]] = {}
    for function, parameters in functions:
        named.setdefault(function.name, {}).setdefault((function.member, parameters), []).append(function)
    return [
        cel.FunctionDecl(name, [_overload(same, kinds, result(same[0])) for (_, kinds), same in overloads.items()])
        for name, overloads in named.items()
    ]


def _overload(functions: Sequence[Function], parameters: tuple[TypeName, ...], result: TypeName) -> Overload:
    from cel_expr_python import cel  # noqa: PLC0415

    first = functions[0]
    return cel.Overload(
        f"{'.' if first.member else ''}{first.name}({', '.join(parameters)})",
        return_type=_type(result),
        parameters=[_type(parameter) for parameter in parameters],
        is_member=first.member,
        impl=_by_tag(functions),
    )


def _by_tag(functions: Sequence[Function]) -> Callable[..., object]:
    """Call the function that takes values with these tags; functions of plain values are one and the same."""
    tagged = [function for function in functions if OPAQUE.intersection(function.parameters)]
    if not tagged:
        return functions[0].call

    def call(*values: object) -> object:
        function = tagged[0]
        if len(tagged) > 1:
            fitting = (each for each in tagged if _takes(each, values))
            function = next(fitting, _NO_OVERLOAD)
        try:
            return function.call(*values)
        finally:
            # The interpreter (cel-expr-python 0.1.3) never lets go of what it hands to a function, a map that it makes
            # for each call: what is in it is let go of here. No function returns or keeps a map that it was handed.
            for value in values:
                if isinstance(value, dict):
                    value.clear()

    return call


def _takes(function: Function, values: Sequence[object]) -> bool:
    pairs = zip(function.parameters, values, strict=True)
    return all(isinstance(value, dict) and kind in value for kind, value in pairs if kind in OPAQUE)


def _refuse(*_values: object) -> object:
    raise TypeError("no such overload")


_NO_OVERLOAD: Final = Function(name="", parameters=(), result="dyn", call=_refuse)


def _kinds(name: TypeName) -> tuple[TypeName, ...]:
    if name == "dyn":
        return _KINDS
    if name in OPAQUE or name.startswith("map<"):
        return (_MAP,)
    return (_LIST,) if name.startswith("list<") else (name,)


@cache
def _type(name: TypeName) -> Type:
    from cel_expr_python import cel  # noqa: PLC0415

    if name in OPAQUE:
        return cel.Type.AbstractType(name)
    if name.startswith("list<"):
        return cel.Type.List(_type(name[5:-1]))
    if name.startswith("map<"):
        key, _, value = name[4:-1].partition(", ")
        return cel.Type.Map(_type(key), _type(value))
    found: Type = getattr(cel.Type, name.upper())
    return found
