"""A violation in; the part of the object that is to blame, found by leaving parts out, out.

A policy that looks at every pod of an object says that one of them is wrong, not which. Without the culprit the check
passes, without any other part it does not: so parts are left out, one at a time, down to a container. Where no single
part is to blame (two are, or something is missing), the policy's own `kservegen.io/path` has the word.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from kservegen.checks.policy.field_path import best
from kservegen.core.document import mapping
from kservegen.core.jsontypes import JsonObject, JsonValue, Path

# Whether the check holds for a document.
Holds = Callable[[JsonObject], bool]

# Parts of a spec that hold containers, and the lists and fields that are containers.
_HOLDERS: Final = frozenset(
    "predictor transformer explainer canary template worker workerSpec prefill router scheduler".split()
)
_CONTAINERS: Final = frozenset({"containers", "initContainers"})
_CONTAINER: Final = frozenset({"model", "art"})


def blame(doc: JsonObject, places: Sequence[Path], holds: Holds) -> Path:
    """Return the best of the policy's places, or one like it below the part that is to blame."""
    first = best(places, doc)
    parts = list(_parts(doc))
    around = max((part for part in parts if first[: len(part)] == part), key=len, default=())
    leaves = [part for part in parts if not any(other != part and other[: len(part)] == part for other in parts)]
    if not parts or leaves == [around]:
        return first  # one container, and it is named: nobody else to blame
    guilty = [part for part in parts if holds(mapping(_without(doc, part)))]
    if not guilty or (around in guilty and len(first) > len(around)):
        return first
    culprit = max(guilty, key=len)
    if not around and culprit[: len(first)] != first:
        return first  # a field beside the parts, such as replicas
    return best([culprit + place for place in _below(places)] or [culprit], doc) or first


def _parts(doc: JsonObject) -> Iterator[Path]:
    """List the components and containers of an object, those that hold others before these."""
    yield from _holders(mapping(doc.get("spec")), ("spec",))


def _holders(value: JsonObject, at: Path) -> Iterator[Path]:
    for name, item in value.items():
        here = (*at, name)
        if name in _CONTAINER and isinstance(item, dict) and len(at) > 1:
            yield here
        elif isinstance(item, list) and (name in _CONTAINERS or name in _HOLDERS):
            for index, one in enumerate(item):
                yield (*here, index)
                if name in _HOLDERS and isinstance(one, dict):
                    yield from _holders(one, (*here, index))
        elif name in _HOLDERS and isinstance(item, dict):
            yield here
            yield from _holders(item, here)


def _without(value: JsonValue, path: Path) -> JsonValue:
    """Copy a document without the part at a path."""
    step, rest = path[0], path[1:]
    if isinstance(value, dict):
        if not rest:
            return {name: item for name, item in value.items() if name != step}
        return {name: _without(item, rest) if name == step else item for name, item in value.items()}
    if isinstance(value, list):
        if not rest:
            return [item for index, item in enumerate(value) if index != step]
        return [_without(item, rest) if index == step else item for index, item in enumerate(value)]
    return value


def _below(places: Sequence[Path]) -> list[Path]:
    """Return what the places name below a container or component: `resources`, `image`, `minReplicas`."""
    found: list[Path] = []
    for place in places:
        cuts = [i for i, step in enumerate(place) if step in _HOLDERS or step in _CONTAINER or step in _CONTAINERS]
        if cuts:
            last = cuts[-1] + (2 if place[cuts[-1]] in _CONTAINERS else 1)
            if place[last:] and place[last:] not in found:
                found.append(place[last:])
    return found
