"""An object in; findings out where the API server refuses its name or namespace."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from kservegen.checks.rules.base import Context, Rule
from kservegen.checks.rules.stage import Stage
from kservegen.core.diagnostics import Finding, RuleMeta
from kservegen.core.document import mapping
from kservegen.core.names import label_error, path_segment_error, subdomain_error
from kservegen.core.resource import Resource

STAGE: Final = Stage.ADMISSION

META: Final = RuleMeta(
    id="kubernetes/object-name",
    title="The object's name or namespace is not one that the API server takes",
    why="Most names become part of DNS names, so the API server refuses anything else. Namespaces are DNS labels.",
    fix="Use lower-case letters, digits and '-', with a letter or digit at both ends.",
    bad="metadata: {name: My_Model}",
    good="metadata: {name: my-model}",
    upstream=("k8s.io/apimachinery pkg/api/validation/objectmeta.go",),
)

_RBAC: Final = ("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding")
_NAME_LAWS: Final[dict[str, Callable[[str], str | None]]] = {
    "Namespace": label_error,
    "Service": label_error,
    **dict.fromkeys(_RBAC, path_segment_error),
}
_CLUSTER_SCOPED: Final = frozenset(
    {
        "ClusterRole",
        "ClusterRoleBinding",
        "ClusterServingRuntime",
        "ClusterStorageContainer",
        "LocalModelCache",
        "LocalModelNodeGroup",
        "Namespace",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
    }
)


def check(resource: Resource, _context: Context) -> Iterator[Finding]:
    metadata = mapping(resource.doc.get("metadata"))
    name = metadata.get("name")
    prefix = metadata.get("generateName")
    if isinstance(prefix, str) and prefix:
        yield from _prefix(resource.kind, prefix)
    if name or not prefix:
        yield from _name(resource.kind, name if isinstance(name, str) else "", at_key=name is None)
    namespace = metadata.get("namespace")
    if isinstance(namespace, str) and namespace:
        yield from _namespace(resource.kind, namespace)


def _name(kind: str, name: str, *, at_key: bool) -> Iterator[Finding]:
    reason = _NAME_LAWS.get(kind, subdomain_error)(name)
    if reason:
        yield Finding(
            rule=META.id,
            path=("metadata", "name"),
            message=f"the name of this {kind} is refused: {reason}",
            hint=META.fix,
            seen=name,
            at_key=at_key,
        )


def _prefix(kind: str, prefix: str) -> Iterator[Finding]:
    # What the server appends begins and ends with letters or digits, so a hyphen may stand at the end.
    reason = _NAME_LAWS.get(kind, subdomain_error)(re.sub("-$", "a", prefix))
    if reason:
        message = f"the generateName of this {kind} is refused: {reason}"
        yield Finding(rule=META.id, path=("metadata", "generateName"), message=message, hint=META.fix, seen=prefix)


def _namespace(kind: str, namespace: str) -> Iterator[Finding]:
    if kind in _CLUSTER_SCOPED:
        # The server overlooks `default`, which clients fill in by themselves.
        reason = f"a {kind} belongs to no namespace" if namespace != "default" else None
    else:
        reason = label_error(namespace)
    if reason:
        yield Finding(
            rule=META.id,
            path=("metadata", "namespace"),
            message=f"the namespace is refused: {reason}",
            hint="Leave the namespace out." if kind in _CLUSTER_SCOPED else META.fix,
            seen=namespace,
        )


RULE: Final = Rule(meta=META, check=check)
