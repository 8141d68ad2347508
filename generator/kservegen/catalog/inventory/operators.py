"""Operators by the custom resources that they bring: an inventory in, the operators that are there out.

That a custom resource is served says that its operator was installed, not that it runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.catalog.inventory.model import Inventory

# By the name that prerequisites have for an operator: the resources of which one tells that it is there. Device plugins
# bring none.
OPERATOR_DEFINITIONS: Final = {
    "cert-manager": ("certificates.cert-manager.io",),
    "gateway-api": ("httproutes.gateway.networking.k8s.io",),
    "gateway-api-inference-extension": (
        "inferencepools.inference.networking.k8s.io",
        "inferencepools.inference.networking.x-k8s.io",
    ),
    "istio": ("virtualservices.networking.istio.io",),
    "keda": ("scaledobjects.keda.sh",),
    "knative-eventing": ("brokers.eventing.knative.dev",),
    "knative-serving": ("services.serving.knative.dev",),
    "leaderworkerset": ("leaderworkersets.leaderworkerset.x-k8s.io",),
    "modelmesh": ("predictors.serving.kserve.io",),
    "nvidia-gpu-operator": ("clusterpolicies.nvidia.com",),
    "opentelemetry": ("opentelemetrycollectors.opentelemetry.io",),
    "prometheus": ("podmonitors.monitoring.coreos.com",),
    "wva": ("variantautoscalings.llmd.ai",),
}


def installed_operators(inventory: Inventory) -> frozenset[str]:
    """Name the operators whose custom resources a cluster serves."""
    return frozenset(
        name for name, definitions in OPERATOR_DEFINITIONS.items() if any(map(inventory.served, definitions))
    )


def absent_operators(inventory: Inventory) -> Iterator[str]:
    """Name the operators that a cluster does not have, where all its custom resources are known."""
    if inventory.covers("CustomResourceDefinition"):
        yield from sorted(OPERATOR_DEFINITIONS.keys() - installed_operators(inventory))
