"""Objects on both sides of a change in; the updates that the API server or a controller cannot carry out, out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.changes.impact.model import RefusedUpdate
from kservegen.changes.impact.restarts import RestartChange
from kservegen.checks.runner import Checker
from kservegen.checks.updates import recorded, refused_by_schema
from kservegen.core.resource import ResourceId
from kservegen.formats.jsonschema.store import SchemaStore

# Kinds that are not to be removed while others use them: these are asked then, changed or not.
_HELD: Final = frozenset({"LocalModelCache", "LocalModelNamespaceCache"})
_HOLDERS: Final = frozenset({"InferenceService", "LLMInferenceService"})


def refused_updates(change: RestartChange, checker: Checker, schemas: SchemaStore) -> Iterator[RefusedUpdate]:
    """Say what is refused of a change: by webhooks and by immutable fields, and by CEL rules that read `oldSelf`."""
    before, after = change
    changed = _changed(change)
    removed = [identity for identity in before.side.resources if identity not in after.side.resources]
    if not changed and not removed:
        return
    at_rest = before.context({})
    old = {identity: recorded(before[identity], at_rest) for identity in (*changed, *removed)}
    asked = [*changed, *_holders(change, removed)]
    context = after.context(old)
    for found in checker.updates([after.defaulted(identity) for identity in asked], context):
        yield from (RefusedUpdate(resource, finding) for resource, finding in found)
    for identity in changed:
        new = after.defaulted(identity)
        for finding in refused_by_schema(new, before[identity], schemas, after.side.release.version):
            yield RefusedUpdate(new.resource, finding)


def _changed(change: RestartChange) -> list[ResourceId]:
    before, after = change.before.side.resources, change.after.side.resources
    return [i for i, resource in after.items() if (old := before.get(i)) is not None and old is not resource]


def _holders(change: RestartChange, removed: list[ResourceId]) -> Iterator[ResourceId]:
    if any(identity.kind in _HELD for identity in removed):
        before, after = change.before.side.resources, change.after.side.resources
        for identity, resource in after.items():
            if identity.kind in _HOLDERS and before.get(identity) is resource:
                yield identity
