"""Which place a `storage` block may point at, for the fields whose webhook looks: a container in, a finding out."""

from __future__ import annotations

from typing import Final

from kservegen.core.diagnostics import Finding
from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import JsonObject, Path

_SCHEMES: Final = ("s3://", "hdfs://", "webhdfs://")
ALLOWED: Final = ", ".join(_SCHEMES)


def storage_finding(rule: str, path: Path, container: JsonObject) -> Finding | None:
    """Judge the `storage` of a container beside its storageUri or, without one, by its own type."""
    storage = container.get("storage")
    if not isinstance(storage, dict):
        return None
    uri = container.get("storageUri")
    hint = "Keep the credentials of storage for s3, hdfs or webhdfs, and leave storage out elsewhere."
    if isinstance(uri, str) and (uri or path[-1] != "art"):
        if uri.startswith(_SCHEMES):
            return None
        message = f"beside storage, storageUri must be one of {ALLOWED}: {uri!r} is not supported"
        return Finding(rule=rule, path=(*path, "storageUri"), message=message, hint=hint, seen=uri, allowed=ALLOWED)
    kind = mapping(storage.get("parameters")).get("type")
    if kind is None or f"{text(kind)}://".startswith(_SCHEMES):
        return None
    return Finding(
        rule=rule,
        path=(*path, "storage", "parameters", "type"),
        message=f"storage.spec.type, must be one of {ALLOWED}: {kind!r} is not supported",
        hint=hint,
        seen=text(kind),
        allowed="s3, hdfs, webhdfs",
    )
