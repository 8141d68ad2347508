"""The manifest carries a resourceVersion.

The field is the cluster's. With it the API server refuses to create the object, and refuses updates as soon as the
cluster's object has changed.

Fix: Remove metadata.resourceVersion, and what else `kubectl get` added.
Bad:
    metadata: {name: iris, resourceVersion: "12345"}
Good:
    metadata: {name: iris}
Upstream: k8s.io/apiserver pkg/registry/generic/registry/store.go
"""

from kservegen.checks.rules.base import Context, Problems, Resource, Stage, rule
from kservegen.core.document import mapping
from kservegen.kubernetes.metadata import resource_version


@rule(Stage.ADMISSION)
def check(resource: Resource, _context: Context) -> Problems:
    return resource_version(mapping(resource.doc.get("metadata")), ("metadata",))
