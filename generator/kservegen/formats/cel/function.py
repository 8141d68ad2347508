"""The form in which a library states its functions, for the type checker and for the interpreter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

# bool, int, uint, double, string, bytes, duration, timestamp, dyn, list<X>, map<X, Y>, or one of `opaque.OPAQUE`.
TypeName: TypeAlias = str


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """One overload: `a.name(b)` where it is a member, else `name(a, b)`."""

    name: str
    parameters: tuple[TypeName, ...]
    result: TypeName
    call: Callable[..., object]
    member: bool = True
