"""An amount is not a Kubernetes quantity.

The API server reads amounts as a number with one of its own suffixes and refuses the whole object otherwise.

Fix: Write a number and a suffix, such as 500m, 2, 6Gi or 500M.
Bad:
    resources: {limits: {memory: 6GiB}}
Good:
    resources: {limits: {memory: 6Gi}}
Upstream: k8s.io/apimachinery pkg/api/resource/quantity.go
"""

from typing import Final

from kservegen.checks.rules.base import Context, Problems, Resource, Stage, rule
from kservegen.checks.rules.view import amounts_of
from kservegen.core.document import value_at
from kservegen.core.jsontypes import Path
from kservegen.kubernetes.fields import unreadable
from kservegen.kubernetes.resources import unreadable_amounts

# Single amounts outside of containers, by kind.
_FIELDS: Final[dict[str, Path]] = {
    "TrainedModel": ("spec", "model", "memory"),
    "LocalModelCache": ("spec", "modelSize"),
    "LocalModelNamespaceCache": ("spec", "modelSize"),
    "LocalModelNodeGroup": ("spec", "storageLimit"),
}


@rule(Stage.ADMISSION)
def check(resource: Resource, _context: Context) -> Problems:
    yield from unreadable_amounts(amounts_of(resource))
    path = _FIELDS.get(resource.kind)
    if path:
        yield from unreadable(path, str(path[-1]), value_at(resource.doc, path))
