"""Which place a `storage` block may point at, for the fields whose webhook looks: a container in, a finding out."""

from typing import Final

from kservegen.checks.rules.base import Problem, Problems
from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import JsonObject, Path

_SCHEMES: Final = ("s3://", "hdfs://", "webhdfs://")
_ALLOWED: Final = ", ".join(_SCHEMES)


def storage_problems(path: Path, container: JsonObject) -> Problems:
    """Validate the `storage` of a container beside its storageUri or, without one, by its own type."""
    storage = container.get("storage")
    if not isinstance(storage, dict):
        return
    uri = container.get("storageUri")
    hint = "Keep the credentials of storage for s3, hdfs or webhdfs, and leave storage out elsewhere."
    if isinstance(uri, str) and (uri or path[-1] != "art"):
        if uri.startswith(_SCHEMES):
            return
        message = f"beside storage, storageUri must be one of {_ALLOWED}: {uri!r} is not supported"
        yield Problem((*path, "storageUri"), message, seen=uri, allowed=_ALLOWED, hint=hint)
        return
    kind = mapping(storage.get("parameters")).get("type")
    if kind is None or f"{text(kind)}://".startswith(_SCHEMES):
        return
    message = f"storage.spec.type, must be one of {_ALLOWED}: {kind!r} is not supported"
    place = (*path, "storage", "parameters", "type")
    yield Problem(place, message, seen=text(kind), allowed="s3, hdfs, webhdfs", hint=hint)
