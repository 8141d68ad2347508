"""Objects on both sides of a change in; the updates that the API server or a controller cannot carry out, out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from kservegen.changes.impact.effective import ImpactScene
from kservegen.changes.impact.model import RefusedUpdate
from kservegen.changes.impact.restarts import RestartChange
from kservegen.checks.runner import Checker
from kservegen.core.document import text
from kservegen.core.resource import Resource, ResourceId
from kservegen.formats.jsonschema.store import SchemaStore
from kservegen.kserve.defaulting import Defaulted

_MODE: Final = "serving.kserve.io/deploymentMode"
# Kinds that are not to be removed while others use them: these are asked then, changed or not.
_HELD: Final = frozenset({"LocalModelCache", "LocalModelNamespaceCache"})
_HOLDERS: Final = frozenset({"InferenceService", "LLMInferenceService"})
_VALIDATED: Final = "serving.kserve.io/"


def refused_updates(change: RestartChange, checker: Checker, schemas: SchemaStore) -> Iterator[RefusedUpdate]:
    """Say what is refused of a change: by webhooks and by immutable fields, and by CEL rules that read `oldSelf`."""
    before, after = change
    changed = _changed(change)
    removed = [identity for identity in before.side.resources if identity not in after.side.resources]
    if not changed and not removed:
        return
    old = {identity: _recorded(before, identity) for identity in (*changed, *removed)}
    asked = [*changed, *_holders(change, removed)]
    context = after.context(old)
    for found in checker.updates([after.defaulted(identity) for identity in asked], context):
        yield from (RefusedUpdate(resource, finding) for resource, finding in found)
    for identity in changed:
        yield from _by_schema(before.defaulted(identity), after.defaulted(identity), schemas, after)


def _changed(change: RestartChange) -> list[ResourceId]:
    before, after = change.before.side.resources, change.after.side.resources
    return [i for i, resource in after.items() if (old := before.get(i)) is not None and old is not resource]


def _holders(change: RestartChange, removed: list[ResourceId]) -> Iterator[ResourceId]:
    if any(identity.kind in _HELD for identity in removed):
        before, after = change.before.side.resources, change.after.side.resources
        for identity, resource in after.items():
            if identity.kind in _HOLDERS and before.get(identity) is resource:
                yield identity


def _recorded(scene: ImpactScene, identity: ResourceId) -> Resource:
    """Return an object as the cluster has it: with the mode in its status, which KServe's webhook goes by."""
    resource = scene[identity]
    if identity.kind != "InferenceService" or "status" in resource.doc:
        return resource
    annotations = resource.annotations
    mode = text(annotations.get(_MODE)) or scene.side.deployment_mode
    return replace(resource, doc={**resource.doc, "status": {"deploymentMode": mode}})


def _by_schema(old: Defaulted, new: Defaulted, schemas: SchemaStore, after: ImpactScene) -> Iterator[RefusedUpdate]:
    kind = (new.written.api_version, new.written.kind)
    version = after.side.release.version
    if not kind[0].startswith(_VALIDATED) or not schemas.has(*kind, kserve_version=version):
        return
    validator = schemas.validator(*kind, kserve_version=version)
    for finding in validator.changed(new.resource.doc, old.resource.doc):
        yield RefusedUpdate(new.resource, finding)
