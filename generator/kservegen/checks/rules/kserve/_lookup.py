"""Looking for what an object refers to: kind, namespace and name in, what a rule says of its absence out."""

from kservegen.checks.rules.base import Context
from kservegen.core.diagnostics import Severity
from kservegen.core.resource import Resource


def find(context: Context, *, kind: str, namespace: str, name: str) -> Resource | None:
    """Return an object that is rendered, None where there is none."""
    return context.directory.rendered(kind=kind, namespace=namespace, name=name)


def is_available(context: Context, *, kind: str, namespace: str, name: str) -> bool:
    """Whether an object counts as there, on whatever basis."""
    return context.directory.look_up(kind=kind, namespace=namespace, name=name).is_there


def absence(context: Context, severity: Severity, promise: str) -> Severity:
    """Say what it weighs that something, called as a promise would, is neither made nor promised.

    Manifests by themselves need not hold it: there it is taken to be in their cluster.
    """
    if context.environment:
        return severity
    context.directory.assume_absent(promise)
    return Severity.INFO


def known_names(context: Context, *, kind: str, namespace: str) -> list[str]:
    """List what could have been meant."""
    return sorted(context.directory.names(kind=kind, namespace=namespace))
