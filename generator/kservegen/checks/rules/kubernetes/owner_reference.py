"""An owner reference lacks what it needs, or two owners control the object.

An owner is named by apiVersion, kind, name and uid, an Event owns nothing, and one owner at most is the controller.

Fix: Remove ownerReferences: an owner's uid is known to no file.
Bad:
    metadata: {ownerReferences: [{apiVersion: v1, kind: ConfigMap, name: parent}]}
Good:
    metadata: {ownerReferences: []}
Upstream: k8s.io/apimachinery pkg/api/validation/objectmeta.go
"""

from __future__ import annotations

from kservegen.checks.rules.base import Context, Problems, Resource, Stage, rule
from kservegen.core.document import mapping
from kservegen.kubernetes.metadata import owner_references


@rule(Stage.ADMISSION)
def check(resource: Resource, _context: Context) -> Problems:
    metadata = mapping(resource.doc.get("metadata"))
    if "ownerReferences" in metadata:
        yield from owner_references(metadata["ownerReferences"], ("metadata", "ownerReferences"))
