"""An object in; findings out where the API server refuses its annotations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Context, Rule
from kservegen.checks.rules.stage import Stage
from kservegen.core.diagnostics import Finding, RuleMeta
from kservegen.core.document import mapping
from kservegen.core.names import annotations_error, qualified_name_error
from kservegen.core.resource import Resource

STAGE: Final = Stage.ADMISSION

META: Final = RuleMeta(
    id="kubernetes/annotation",
    title="An annotation's key or the size of all annotations is not one that the API server takes",
    why="Keys follow the law of label keys, and all annotations of an object share 256 KiB.",
    fix="Use a key such as example.com/purpose, and keep large texts in a ConfigMap.",
    bad='metadata: {annotations: {"a b": x}}',
    good="metadata: {annotations: {example.com/a-b: x}}",
    upstream=("k8s.io/apimachinery pkg/api/validation/objectmeta.go",),
)


def check(resource: Resource, _context: Context) -> Iterator[Finding]:
    annotations = mapping(resource.doc.get("metadata")).get("annotations")
    if not isinstance(annotations, dict):
        return
    for key in annotations:
        # Upper case is allowed even in the prefix of an annotation: it is judged in lower case.
        if reason := qualified_name_error(key.lower()):
            yield Finding(
                rule=META.id,
                path=("metadata", "annotations", key),
                message=f"the annotation key {key!r} is refused: {reason}",
                hint=META.fix,
                seen=key,
                at_key=True,
            )
    if reason := annotations_error(annotations):
        yield Finding(rule=META.id, path=("metadata", "annotations"), message=reason, hint=META.fix, at_key=True)


RULE: Final = Rule(meta=META, check=check)
