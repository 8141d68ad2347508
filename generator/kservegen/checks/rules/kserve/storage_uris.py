"""The storageUris of a component cannot be mounted together.

One init container downloads all that is not a claim, below one directory that they share; the webhook wants absolute
mount paths without '..' that have a directory in common. Two claims need two paths, which it checks only where there
are two other URIs as well.

Fix: Mount them side by side, such as /mnt/models/a and /mnt/models/b.
Bad:
    predictor: {storageUris: [{uri: s3://b/a, mountPath: /mnt/a}, {uri: s3://b/b, mountPath: /data/b}]}
Good:
    predictor: {storageUris: [{uri: s3://b/a, mountPath: /mnt/a}, {uri: s3://b/b, mountPath: /mnt/b}]}
Upstream: ISVC-24; ISVC-25; ISVC-26; ISVC-27; ISVC-28; ISVC-29;
pkg/apis/serving/v1beta1/inference_service_validation.go; pkg/utils/storage.go
"""

from typing import Final

from msgspec import Struct

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.checks.rules.view import components_of
from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonArray, Path

_DEFAULT: Final = "/mnt/models"


class _Mount(Struct, frozen=True):
    path: Path
    uri: str
    place: str


@rule(Stage.ADMISSION, "InferenceService")
def check(resource: Resource, _context: Context) -> Problems:
    for path, _, component in components_of(resource):
        if component.get("storageUris") and path[1] != "canary":
            yield from _component((*path, "storageUris"), sequence(component.get("storageUris")))


def _component(path: Path, items: JsonArray) -> Problems:
    mounts = []
    for index, item in enumerate(items):
        entry = mapping(item)
        place = entry.get("mountPath")
        here = (*path, index)
        mounts.append(_Mount(here, text(entry.get("uri")), _DEFAULT if place is None else text(place)))
    problems = [finding for mount in mounts for finding in _entry(mount)]
    yield from problems or _together(path, mounts)


def _entry(mount: _Mount) -> Problems:
    if not mount.uri:
        yield Problem((*mount.path, "uri"), "storage URI cannot be empty")
    problem = None
    if mount.place == "/":
        problem = "storage path cannot be empty, it is /"
    elif not mount.place.startswith("/"):
        problem = f"storage path must be absolute: {mount.place}"
    elif ".." in mount.place:
        problem = f"storage path cannot contain '..' for security reasons: {mount.place}"
    if problem:
        yield Problem((*mount.path, "mountPath"), problem, seen=mount.place)


def _together(path: Path, mounts: list[_Mount]) -> Problems:
    downloads = [mount for mount in mounts if not mount.uri.startswith("pvc://")]
    if len(downloads) < 2:  # the webhook looks no further
        return
    seen: set[str] = set()
    for mount in mounts:
        if mount.uri.startswith("pvc://"):
            if mount.place in seen:
                message = f"PVC storage paths must be unique: {mount.place} is taken"
                yield Problem((*mount.path, "mountPath"), message, seen=mount.place)
            seen.add(mount.place)
    if len({mount.place.strip("/").partition("/")[0] for mount in downloads}) > 1:
        places = " ".join(mount.place for mount in downloads)
        message = f"storage paths must have a common parent directory: [{places}] have none beyond root"
        yield Problem(path, message, at_key=True)
