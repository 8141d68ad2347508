"""Kubernetes' strategic merge of pod specs and containers: base and overlay in, one document and its origins out.

The law is k8s.io/apimachinery's (pkg/util/strategicpatch) with the merge keys of k8s.io/api/core/v1: maps are merged
key by key, lists with a key item by item, every other list is replaced. Both sides are documents of the API, where an
empty value says nothing, so an overlay can replace and add but never take away.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from kservegen.core.jsontypes import JsonArray, JsonObject, JsonValue, Path
from kservegen.core.resource import Origin, trace
from kservegen.kserve.controllers.made import Traced

_CONTAINER: Final = {
    "env": "name",
    "ports": "containerPort",
    "volumeMounts": "mountPath",
    "volumeDevices": "devicePath",
}
# The key that tells the items of a list apart, by the field that holds the list.
_KEYS: Final = {
    **_CONTAINER,
    "containers": "name",
    "initContainers": "name",
    "ephemeralContainers": "name",
    "volumes": "name",
    "imagePullSecrets": "name",
    "hostAliases": "ip",
    "topologySpreadConstraints": "topologyKey",
    "resourceClaims": "name",
}
# Fields that Go holds by value and leaves out of JSON where they say nothing.
_BY_VALUE: Final = frozenset(
    """
    stdin stdinOnce tty hostNetwork hostPID hostIPC readOnly hostPort initialDelaySeconds timeoutSeconds periodSeconds
    successThreshold failureThreshold
    """.split()
)
# Maps of texts, in which an empty text is a value.
_TEXT_MAPS: Final = frozenset({"labels", "annotations", "nodeSelector", "matchLabels"})


def without_empty(value: JsonObject) -> JsonObject:
    """Drop what Go's JSON leaves out of a pod spec or a container: empty texts, lists, maps and plain zeros."""
    kept: JsonObject = {}
    for key, item in value.items():
        if item is None or item in ("", []) or (key in _BY_VALUE and not item):
            continue
        if isinstance(item, dict):
            if key not in _TEXT_MAPS:
                item = without_empty(item)  # noqa: PLW2901 - the same item, tidied
        elif isinstance(item, list):
            item = [without_empty(each) if isinstance(each, dict) else each for each in item]  # noqa: PLW2901
        kept[key] = item
    return kept


def merge(base: Traced, overlay: Traced) -> Traced:
    """Lay a document over another; neither is changed, and every field of the outcome knows its source."""
    merger = _Merger()
    value = merger.maps(base.value, overlay.value, (), ())
    kept = [origin for origin in base.origins if not any(_is_below(origin.built, at) for at in merger.rearranged)]
    return Traced(value, kept + [origin for taken in merger.taken for origin in _origins(taken, base, overlay)])


class _Taken(Struct, frozen=True):
    """At `built` in the outcome stands what stood at `path` of the overlay or of the base."""

    built: Path
    path: Path
    from_overlay: bool


def _origins(taken: _Taken, base: Traced, overlay: Traced) -> Iterable[Origin]:
    side = overlay.origins if taken.from_overlay else base.origins
    yield Origin(taken.built, trace(taken.path, side))
    size = len(taken.path)
    for built, words in side:
        if len(built) > size and built[:size] == taken.path:
            yield Origin(taken.built + built[size:], words)


def _is_below(path: Path, at: Path) -> bool:
    return len(path) > len(at) and path[: len(at)] == at


class _Merger:
    def __init__(self) -> None:
        self.taken: list[_Taken] = []
        self.rearranged: list[Path] = []

    def maps(self, base: JsonObject, overlay: JsonObject, at: Path, source: Path) -> JsonObject:
        merged = dict(base)
        for key, value in overlay.items():
            below = merged.get(key)
            here, there = (*at, key), (*source, key)
            if value is None:
                merged.pop(key, None)
            elif isinstance(value, dict) and isinstance(below, dict):
                merged[key] = self.maps(below, value, here, there)
            elif isinstance(value, list) and isinstance(below, list) and key in _KEYS:
                merged[key] = self.lists(below, value, here, there)
            else:
                merged[key] = value
                self.taken.append(_Taken(here, there, from_overlay=True))
        return merged

    def lists(self, base: JsonArray, overlay: JsonArray, at: Path, source: Path) -> JsonArray:
        """Merge items by their key, in the order of mergeSlice: the overlay's lead unless the base knows better."""
        key = _KEYS[str(at[-1])]
        self.rearranged.append(at)
        places = {_key(item, key): place for place, item in reversed(list(enumerate(base)))}
        first: dict[JsonValue, int] = {}
        patches: dict[JsonValue, JsonValue] = {}
        for place, item in enumerate(overlay):
            name = _key(item, key)
            twin = patches.get(name)
            first.setdefault(name, place)
            patches[name] = {**twin, **item} if isinstance(twin, dict) and isinstance(item, dict) else item
        merged: JsonArray = []
        for name in _in_order(places, patches, (_key(item, key) for item in base)):
            here = (*at, len(merged))
            if name in places:
                self.taken.append(_Taken(here, (*at, places[name]), from_overlay=False))
            below = base[places[name]] if name in places else None
            patch = patches.get(name)
            if isinstance(patch, dict) and isinstance(below, dict):
                merged.append(self.maps(below, patch, here, (*source, first[name])))
            elif name in patches:
                merged.append(patch)
                self.taken.append(_Taken(here, (*source, first[name]), from_overlay=True))
            else:
                merged.append(below)
        return merged


def _key(item: JsonValue, key: str) -> JsonValue:
    value = item.get(key) if isinstance(item, dict) else item
    return value if isinstance(value, str | int | float | bool) else None


def _in_order(
    places: dict[JsonValue, int], patches: dict[JsonValue, JsonValue], base: Iterable[JsonValue]
) -> Iterable[JsonValue]:
    """Walk two queues: the overlay's items, and the base's that the overlay does not name."""
    ahead = list(patches)
    rest = [name for name in dict.fromkeys(base) if name not in patches]
    while ahead and rest:
        own = places.get(ahead[0])
        yield (rest if own is not None and places[rest[0]] < own else ahead).pop(0)
    yield from ahead
    yield from rest
