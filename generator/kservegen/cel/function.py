"""The form in which a library states its functions, for the type checker and for the interpreter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

# bool, int, uint, double, string, bytes, duration, timestamp, dyn, list<X>, map<X, Y>, or one of OPAQUE.
TypeName: TypeAlias = str

# Types of Kubernetes: the checker knows them by name, at run time they are maps with one tag.
OPAQUE = frozenset({"kubernetes.Quantity"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """One overload: `a.name(b)` where it is a member, else `name(a, b)`."""

    name: str
    parameters: tuple[TypeName, ...]
    result: TypeName
    call: Callable[..., object]
    member: bool = True

    @property
    def id(self) -> str:
        """The overload's own name, unique over all functions."""
        return f"{self.name}({', '.join(self.parameters)})"
