"""An annotation's key or the size of all annotations is not one that the API server takes.

Keys follow the law of label keys, and all annotations of an object share 256 KiB.

Fix: Use a key such as example.com/purpose, and keep large texts in a ConfigMap.
Bad:
    metadata: {annotations: {"a b": x}}
Good:
    metadata: {annotations: {example.com/a-b: x}}
Upstream: k8s.io/apimachinery pkg/api/validation/objectmeta.go
"""

from __future__ import annotations

from kservegen.checks.rules.base import Context, Problems, Resource, Stage, rule
from kservegen.core.document import mapping
from kservegen.kubernetes.metadata import annotation_map


@rule(Stage.ADMISSION)
def check(resource: Resource, _context: Context) -> Problems:
    metadata = mapping(resource.doc.get("metadata"))
    if "annotations" in metadata:
        yield from annotation_map(metadata["annotations"], ("metadata", "annotations"))
