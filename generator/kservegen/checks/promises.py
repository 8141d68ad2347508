"""What is taken to be in the cluster because somebody says so: promises in, the one that covers an object out."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Final

_WILD: Final = frozenset("*?[")


def promise_of(promises: AbstractSet[str], *, kind: str, namespace: str, name: str) -> str:
    """Return the promise that an object is there: `Kind/name`, `Kind/namespace/name`, or a pattern of either.

    `Kind/name` stands for any namespace. In a pattern `*`, `?` and `[...]` match within one part. Blank where there is
    none.
    """
    if not promises:
        return ""
    for entry in (f"{kind}/{namespace}/{name}", f"{kind}/{name}"):
        if entry in promises:
            return entry
    return next(
        (
            "/".join((wanted, *parts))
            for wanted, *parts in _patterns(frozenset(promises))
            if wanted == kind and fnmatchcase(name, parts[-1]) and (len(parts) == 1 or fnmatchcase(namespace, parts[0]))
        ),
        "",
    )


def promised_names(promises: AbstractSet[str], *, kind: str, namespace: str) -> list[str]:
    """List the names of a kind that are promised in a namespace, without patterns."""
    split = (promise.split("/") for promise in promises if not _WILD.intersection(promise))
    return sorted(
        parts[-1] for parts in split if len(parts) > 1 and parts[0] == kind and parts[1:-1] in ([], [namespace])
    )


@lru_cache(maxsize=8)
def _patterns(promises: frozenset[str]) -> tuple[tuple[str, ...], ...]:
    found = (tuple(promise.split("/")) for promise in sorted(promises) if _WILD.intersection(promise))
    return tuple(parts for parts in found if len(parts) in {2, 3})
