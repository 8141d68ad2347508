"""A finalizer has no name that the API server takes.

Finalizers are qualified names, and orphan and foregroundDeletion exclude each other.

Fix: Remove the finalizer, or write a name such as example.com/keep.
Bad:
    metadata: {finalizers: ["keep this"]}
Good:
    metadata: {finalizers: [example.com/keep]}
Upstream: k8s.io/apimachinery pkg/api/validation/objectmeta.go
"""

from __future__ import annotations

from kservegen.checks.rules.base import Context, Problems, Resource, Stage, rule
from kservegen.core.document import mapping
from kservegen.kubernetes.metadata import finalizers


@rule(Stage.ADMISSION)
def check(resource: Resource, _context: Context) -> Problems:
    metadata = mapping(resource.doc.get("metadata"))
    if "finalizers" in metadata:
        yield from finalizers(metadata["finalizers"], ("metadata", "finalizers"))
