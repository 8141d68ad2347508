"""The object's name or namespace is not one that the API server takes.

Most names become part of DNS names, so the API server refuses anything else. Namespaces are DNS labels.

Fix: Use lower-case letters, digits and '-', with a letter or digit at both ends.
Bad:
    metadata: {name: My_Model}
Good:
    metadata: {name: my-model}
Upstream: k8s.io/apimachinery pkg/api/validation/objectmeta.go
"""

from kservegen.checks.rules.base import Context, Problems, Resource, Stage, rule
from kservegen.core.document import mapping
from kservegen.kubernetes.metadata import CLUSTER_SCOPED, namespace_name, object_name


@rule(Stage.ADMISSION)
def check(resource: Resource, _context: Context) -> Problems:
    kind, metadata, path = resource.kind, mapping(resource.doc.get("metadata")), ("metadata",)
    yield from object_name(kind, metadata, path)
    namespaced = kind not in CLUSTER_SCOPED
    for problem in namespace_name(kind, metadata, path, namespaced=namespaced):
        yield problem if namespaced else problem._replace(hint="Leave the namespace out.")
