"""A finalizer has no name that the API server takes.

Finalizers are qualified names, and orphan and foregroundDeletion exclude each other.

Fix: Remove the finalizer, or write a name such as example.com/keep.
Bad:
    metadata: {finalizers: ["keep this"]}
Good:
    metadata: {finalizers: [example.com/keep]}
Upstream: k8s.io/apimachinery pkg/api/validation/objectmeta.go
"""

from kservegen.checks.rules.kubernetes._laws import metadata_rule
from kservegen.kubernetes.metadata import finalizers

RULE = metadata_rule("finalizers", finalizers)
