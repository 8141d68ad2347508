"""An object in; a finding out where it carries the version that some cluster once gave it."""

from __future__ import annotations

from typing import Final

from kservegen.checks.rules.base import Context, Rule
from kservegen.checks.rules.stage import Stage
from kservegen.core.diagnostics import Finding, RuleMeta
from kservegen.core.document import mapping
from kservegen.core.resource import Resource

STAGE: Final = Stage.ADMISSION

META: Final = RuleMeta(
    id="kubernetes/resource-version",
    title="The manifest carries a resourceVersion",
    why="The field is the cluster's. With it the API server refuses to create the object, and refuses updates as "
    "soon as the cluster's object has changed.",
    fix="Remove metadata.resourceVersion, and what else `kubectl get` added.",
    bad='metadata: {name: iris, resourceVersion: "12345"}',
    good="metadata: {name: iris}",
    upstream=("k8s.io/apiserver pkg/registry/generic/registry/store.go",),
)


def check(resource: Resource, _context: Context) -> tuple[Finding, ...]:
    version = mapping(resource.doc.get("metadata")).get("resourceVersion")
    if not version:
        return ()
    path, message = ("metadata", "resourceVersion"), "resourceVersion should not be set on objects to be created"
    return (Finding(rule=META.id, path=path, message=message, hint=META.fix, seen=str(version), at_key=True),)


RULE: Final = Rule(meta=META, check=check)
