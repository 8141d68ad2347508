"""Looking for what an object refers to: kind, namespace and name in, the object or a promise of it out."""

from kservegen.checks.promises import promises_object
from kservegen.checks.rules.base import Context
from kservegen.checks.rules.view import names_of_kind
from kservegen.core.diagnostics import Severity
from kservegen.core.resource import Resource, ResourceId


def find(context: Context, *, kind: str, namespace: str, name: str) -> Resource | None:
    """Find an object; one without a namespace of its own and one in `default` are in the same place."""
    found = context.resources.get(ResourceId(kind, namespace, name))
    if found is None and namespace == "default":
        found = context.resources.get(ResourceId(kind, "", name))
    return found


def is_promised(context: Context, *, kind: str, namespace: str, name: str) -> bool:
    """Whether the environment promises the object, as `Kind/name` or `Kind/namespace/name`, or by a pattern."""
    return promises_object(context.prerequisites, kind=kind, namespace=namespace, name=name)


def absence(context: Context, severity: Severity) -> Severity:
    """Say what it weighs that something is neither made nor promised: manifests by themselves need not hold it."""
    return severity if context.environment else Severity.INFO


def is_available(context: Context, *, kind: str, namespace: str, name: str) -> bool:
    """Whether the environment has the object, or promises it."""
    found = find(context, kind=kind, namespace=namespace, name=name)
    return found is not None or is_promised(context, kind=kind, namespace=namespace, name=name)


def promises_any(context: Context, *kinds: str) -> bool:
    """Whether the environment promises any object of the kinds."""
    return any(promise.startswith(tuple(f"{kind}/" for kind in kinds)) for promise in context.prerequisites)


def known_names(context: Context, *, kind: str, namespace: str) -> list[str]:
    """List what could have been meant."""
    return [found.name for found in names_of_kind(context, kind) if (found.namespace or "default") == namespace]
