"""A Pod Security label of the namespace says what it may not.

The API server refuses a namespace whose level is none of the three, or whose version is no version of Kubernetes.

Fix: Write privileged, baseline or restricted; as a version latest or one like v1.34.
Bad:
    metadata: {name: ml, labels: {pod-security.kubernetes.io/enforce: strict}}
Good:
    metadata: {name: ml, labels: {pod-security.kubernetes.io/enforce: restricted}}
Upstream: k8s.io/pod-security-admission api/helpers.go
"""

from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.core.document import mapping, text
from kservegen.core.patterns import lazy_pattern
from kservegen.kubernetes.pod_security import SecurityLevel

_LEVELS: Final = tuple(level.name.lower() for level in SecurityLevel)
_LABEL: Final = lazy_pattern(r"pod-security\.kubernetes\.io/(?:enforce|audit|warn)(-version)?")
_VERSION: Final = lazy_pattern(r"latest|v1\.(0|[1-9][0-9]*)")


@rule(Stage.ADMISSION, "Namespace")
def check(resource: Resource, _context: Context) -> Problems:
    for key, value in mapping(mapping(resource.doc.get("metadata")).get("labels")).items():
        known, said = _LABEL.fullmatch(key), text(value)
        if known is None:
            continue
        path = ("metadata", "labels", key)
        if known[1] and not _VERSION.fullmatch(said):
            yield Problem(path, f"{key} is no version of Kubernetes", said, "latest, or one like v1.34")
        elif not known[1] and said not in _LEVELS:
            yield Problem(path, f"{key} is no Pod Security level", said, ", ".join(_LEVELS))
