"""The form in which a library states its functions, for the type checker and for the interpreter.

Values of Kubernetes' own types are maps with one tag on their way through the interpreter. Equal values have equal
maps: what stands behind the tag is a normal form.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final, TypeAlias

from msgspec import Struct

# bool, int, uint, double, string, bytes, duration, timestamp, dyn, list<X>, map<X, Y>, or one of OPAQUE.
TypeName: TypeAlias = str


class Function(Struct, frozen=True, kw_only=True):
    """One overload: `a.name(b)` where it is a member, else `name(a, b)`."""

    name: str
    parameters: tuple[TypeName, ...]
    result: TypeName
    call: Callable[..., object]
    member: bool = True


Tagged: TypeAlias = dict[str, object]

CEL_QUANTITY: Final = "kubernetes.Quantity"
SEMVER: Final = "kubernetes.Semver"
URL: Final = "kubernetes.URL"
FORMAT: Final = "kubernetes.NamedFormat"
IP: Final = "net.IP"
CIDR: Final = "net.CIDR"

# Types of Kubernetes: the checker knows them by name, at run time they are maps with one tag.
OPAQUE: Final = frozenset({CEL_QUANTITY, SEMVER, URL, FORMAT, IP, CIDR})


@lru_cache(maxsize=1024)
def tagged(kind: str, text: str) -> Tagged:
    """Make a value of one of the types, one for all that are equal: the interpreter keeps what a function returns."""
    return {kind: text}


def untagged(value: Tagged, kind: str) -> str:
    """Read the normal form of a value; TypeError where it is of another type."""
    text = value.get(kind)
    if not isinstance(text, str):
        raise TypeError(f"no such overload: a value of the type {kind} is wanted")
    return text
