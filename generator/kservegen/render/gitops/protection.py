"""What keeps a Namespace when it leaves Git: an annotation that the engine obeys.

Argo CD asks the live object, not the Application, whether it may be removed; Flux likewise. Only Namespaces carry such
an annotation: on a model it would be copied to the pods.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kservegen.catalog.resolve import ResolvedEnvironment

_KEEP: Final[Mapping[str, Mapping[str, str]]] = {
    "argocd": {"argocd.argoproj.io/sync-options": "Prune=false,Delete=false"},
    "flux": {"kustomize.toolkit.fluxcd.io/prune": "disabled"},
}
_NONE: Final[Mapping[str, str]] = {}


def namespace_annotations(environment: ResolvedEnvironment) -> Mapping[str, str]:
    """Return the annotations that every Namespace of an environment has, under what the environment says itself."""
    return _KEEP.get(environment.text("gitops", "engine"), _NONE)
