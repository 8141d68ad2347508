"""A label, annotation or finalizer belongs to KServe itself.

KServe sets and removes these by what it finds in the cluster. Written down, they come and go against Git, and a
finalizer without its controller keeps an object from ever being deleted.

Fix: Remove it; KServe writes it where it is needed.
Severity: warning
Bad:
    metadata: {finalizers: [inferenceservice.finalizers]}
Good:
    metadata: {name: iris}
Upstream: gitops 2.3; pkg/constants/constants.go
"""

from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.core.document import mapping, sequence
from kservegen.kserve.workloads import KSERVE_FINALIZERS

_PREFIX: Final = "internal.serving.kserve.io/"


@rule(Stage.ADVICE)
def check(resource: Resource, _context: Context) -> Problems:
    metadata = mapping(resource.doc.get("metadata"))
    for field in ("labels", "annotations"):
        keys = metadata.get(field)
        if isinstance(keys, dict):
            for key in keys:
                if key.startswith(_PREFIX):
                    yield Problem(("metadata", field, key), f"{key} is KServe's own {field[:-1]}", at_key=True)
    for index, finalizer in enumerate(sequence(metadata.get("finalizers"))):
        if isinstance(finalizer, str) and finalizer in KSERVE_FINALIZERS:
            yield Problem(("metadata", "finalizers", index), f"{finalizer} is KServe's own finalizer", seen=finalizer)
