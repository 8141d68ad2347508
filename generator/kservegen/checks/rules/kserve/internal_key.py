"""An object in; findings out where it carries labels, annotations or finalizers that KServe writes itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Context, Rule
from kservegen.checks.rules.stage import Stage
from kservegen.core.diagnostics import Finding, RuleMeta, Severity
from kservegen.core.document import mapping, sequence
from kservegen.core.resource import Resource

STAGE: Final = Stage.ADVICE

META: Final = RuleMeta(
    id="kserve/internal-key",
    title="A label, annotation or finalizer belongs to KServe itself",
    why="KServe sets and removes these by what it finds in the cluster. Written down, they come and go against Git, "
    "and a finalizer without its controller keeps an object from ever being deleted.",
    fix="Remove it; KServe writes it where it is needed.",
    bad="metadata: {finalizers: [inferenceservice.finalizers]}",
    good="metadata: {name: iris}",
    severity=Severity.WARNING,
    upstream=("gitops 2.3", "pkg/constants/constants.go"),
)

_PREFIX: Final = "internal.serving.kserve.io/"
_FINALIZERS: Final = frozenset(
    {
        "inferenceservice.finalizers",
        "trainedmodel.finalizer",
        "serving.kserve.io/llmisvc-finalizer",
    }
)


def check(resource: Resource, _context: Context) -> Iterator[Finding]:
    metadata = mapping(resource.doc.get("metadata"))
    for field in ("labels", "annotations"):
        keys = metadata.get(field)
        if isinstance(keys, dict):
            for key in keys:
                if key.startswith(_PREFIX):
                    message = f"{key} is KServe's own {field[:-1]}"
                    yield Finding(
                        rule=META.id, path=("metadata", field, key), message=message, hint=META.fix, at_key=True
                    )
    for index, finalizer in enumerate(sequence(metadata.get("finalizers"))):
        if isinstance(finalizer, str) and finalizer in _FINALIZERS:
            message = f"{finalizer} is KServe's own finalizer"
            path = ("metadata", "finalizers", index)
            yield Finding(rule=META.id, path=path, message=message, hint=META.fix, seen=finalizer)


RULE: Final = Rule(meta=META, check=check)
