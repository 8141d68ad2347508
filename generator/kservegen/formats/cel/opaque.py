"""Values of Kubernetes' own types: maps with one tag on their way through the interpreter, told apart by it.

Equal values have equal maps: what stands behind the tag is a normal form.
"""

from __future__ import annotations

from typing import Final, TypeAlias

Tagged: TypeAlias = dict[str, object]

QUANTITY: Final = "kubernetes.Quantity"
SEMVER: Final = "kubernetes.Semver"
URL: Final = "kubernetes.URL"
FORMAT: Final = "kubernetes.NamedFormat"
IP: Final = "net.IP"
CIDR: Final = "net.CIDR"

# Types of Kubernetes: the checker knows them by name, at run time they are maps with one tag.
OPAQUE: Final = frozenset({QUANTITY, SEMVER, URL, FORMAT, IP, CIDR})


def tagged(kind: str, text: str) -> Tagged:
    """Make a value of one of the types."""
    return {kind: text}


def untagged(value: Tagged, kind: str) -> str:
    """Read the normal form of a value; TypeError where it is of another type."""
    text = value.get(kind)
    if not isinstance(text, str):
        raise TypeError(f"no such overload: a value of the type {kind} is wanted")
    return text
