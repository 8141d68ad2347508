"""The kinds that commonly stand beside models, which an engine may sync as soon as anything does.

What an engine may create it may also remove, and the last object of a kind leaves Git in the change that prunes it: a
right that went with the object would keep it in the cluster. So a table, which only grows. Not in it is what runs code
or gives rights (Deployments, Jobs, Roles): those are permitted where they are rendered, and as long as they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from kservegen.render.gitops.layers import SyncLayer

# API group and kind.
GroupKind = tuple[str, str]

_BY_GROUP: Final = {
    "": "ConfigMap LimitRange PersistentVolumeClaim ResourceQuota Secret Service ServiceAccount",
    "autoscaling": "HorizontalPodAutoscaler",
    "bitnami.com": "SealedSecret",
    "cert-manager.io": "Certificate Issuer",
    "external-secrets.io": "ExternalSecret PushSecret SecretStore",
    "gateway.networking.k8s.io": "BackendTLSPolicy GRPCRoute Gateway HTTPRoute ReferenceGrant TLSRoute",
    "keda.sh": "ScaledObject TriggerAuthentication",
    "kueue.x-k8s.io": "LocalQueue",
    "monitoring.coreos.com": "PodMonitor Probe PrometheusRule ServiceMonitor",
    "networking.k8s.io": "Ingress NetworkPolicy",
    "policy": "PodDisruptionBudget",
    "resource.k8s.io": "ResourceClaim ResourceClaimTemplate",
}
COMMON_KINDS: Final[tuple[GroupKind, ...]] = tuple(
    (group, kind) for group, kinds in _BY_GROUP.items() for kind in kinds.split()
)


def rendered_kinds(layers: Iterable[SyncLayer]) -> set[GroupKind]:
    """Return the groups and kinds of what layers hold."""
    return {(resource.group, resource.kind) for layer in layers for resource in layer.resources}
