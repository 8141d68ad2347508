"""Files that Kubernetes puts into volumes: items and projections in, what the API server refuses in them out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.core.document import integer, mapping, text
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.problem import Problem
from kservegen.core.values import local_path_error, mode_error
from kservegen.kubernetes.downward import VOLUME_FIELDS, field_reference, resource_reference
from kservegen.kubernetes.fields import maps, needed, numbered, required

_KEYED: Final = ("secret", "configMap")
# Projections that only some clusters know are counted, and not checked further.
_PROJECTIONS: Final = (*_KEYED, "downwardAPI", "serviceAccountToken", "clusterTrustBundle", "podCertificate")
_SHORTEST_TOKEN: Final = 600
_LONGEST_TOKEN: Final = 2**32


def mode_of(owner: JsonObject, field: str, path: Path) -> Iterator[Problem]:
    """Check the permissions of files."""
    yield from numbered(owner, field, path, mode_error)


def file_items(value: JsonValue, path: Path) -> Iterator[Problem]:
    """Check which keys become which files."""
    for item, at in maps(value, path):
        yield from required(item, "key", at)
        yield from needed(item, "path", at, local_path_error)
        yield from mode_of(item, "mode", at)


def pod_files(value: JsonValue, path: Path) -> Iterator[Problem]:
    """Check which facts of the pod become which files."""
    for item, at in maps(value, path):
        yield from needed(item, "path", at, local_path_error)
        yield from mode_of(item, "mode", at)
        given = [field for field in ("fieldRef", "resourceFieldRef") if item.get(field) is not None]
        if len(given) != 1:
            yield Problem(at, "one of fieldRef and resourceFieldRef is required", " ".join(given))
        yield from field_reference(item.get("fieldRef"), (*at, "fieldRef"), VOLUME_FIELDS)
        if "fieldRef" not in given:
            yield from resource_reference(item.get("resourceFieldRef"), (*at, "resourceFieldRef"), of_volume=True)


def projected(source: JsonObject, path: Path) -> Iterator[Problem]:
    """Check a volume that is put together from several sources."""
    yield from mode_of(source, "defaultMode", path)
    taken: set[str] = set()
    for projection, at in maps(source.get("sources"), (*path, "sources")):
        given = [field for field in _PROJECTIONS if projection.get(field) is not None]
        if len(given) > 1:
            message = "may not specify more than 1 volume type per source"
            yield Problem((*at, given[1]), message, " ".join(given), at_key=True)
        for field in given:
            yield from _projection(field, mapping(projection.get(field)), (*at, field), taken)


def _projection(field: str, source: JsonObject, path: Path, taken: set[str]) -> Iterator[Problem]:
    if field in _KEYED:
        yield from required(source, "name", path)
        yield from file_items(source.get("items"), (*path, "items"))
    elif field == "downwardAPI":
        yield from pod_files(source.get("items"), (*path, "items"))
    elif field == "serviceAccountToken":
        yield from _token(source, path)
    for item, at in maps(source.get("items"), (*path, "items")):
        place = text(item.get("path"))
        if place and place in taken:
            yield Problem((*at, "path"), f"conflicting duplicate paths: {place}", place)
        taken.add(place)


def _token(source: JsonObject, path: Path) -> Iterator[Problem]:
    yield from needed(source, "path", path, local_path_error)
    seconds = integer(source.get("expirationSeconds"))
    if seconds is not None and not _SHORTEST_TOKEN <= seconds <= _LONGEST_TOKEN:
        message = "may not specify a duration less than 10 minutes or larger than 2^32 seconds"
        yield Problem((*path, "expirationSeconds"), message, str(seconds), f"{_SHORTEST_TOKEN} to {_LONGEST_TOKEN}")
