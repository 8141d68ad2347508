"""The kinds that an inventory lists: where an API server has them, and whose facts count beside their names."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

EVERYWHERE: Final = "*"


class ListedKind(Struct, frozen=True):
    """A kind of the Kubernetes API; a blank group is the core one.

    `names_only` tells that metadata is all that is asked for. `in_kserve` tells that KServe's own namespace has some
    that count; `across` that models refer to those of any namespace.
    """

    kind: str
    group: str
    plural: str
    namespaced: bool = False
    names_only: bool = True
    in_kserve: bool = False
    across: bool = False


_SERVING: Final = "serving.kserve.io"
_KUEUE: Final = "kueue.x-k8s.io"
_GATEWAYS: Final = "gateway.networking.k8s.io"
_DEVICES: Final = "resource.k8s.io"

SECRET: Final = ListedKind("Secret", "", "secrets", namespaced=True, names_only=False)
_CONFIG_MAP: Final = ListedKind("ConfigMap", "", "configmaps", namespaced=True, names_only=False, in_kserve=True)
NODE: Final = ListedKind("Node", "", "nodes", names_only=False)
CONTROLLER: Final = ListedKind("Deployment", "apps", "deployments", namespaced=True, names_only=False, in_kserve=True)
DEFINITION: Final = ListedKind(
    "CustomResourceDefinition", "apiextensions.k8s.io", "customresourcedefinitions", names_only=False
)
LISTED: Final = (
    SECRET,
    _CONFIG_MAP,
    NODE,
    DEFINITION,
    ListedKind("Namespace", "", "namespaces"),
    ListedKind("ServiceAccount", "", "serviceaccounts", namespaced=True),
    ListedKind("PersistentVolumeClaim", "", "persistentvolumeclaims", namespaced=True),
    ListedKind("StorageClass", "storage.k8s.io", "storageclasses"),
    ListedKind("PriorityClass", "scheduling.k8s.io", "priorityclasses"),
    ListedKind("RuntimeClass", "node.k8s.io", "runtimeclasses"),
    ListedKind("IngressClass", "networking.k8s.io", "ingressclasses"),
    ListedKind("DeviceClass", _DEVICES, "deviceclasses"),
    ListedKind("ResourceClaim", _DEVICES, "resourceclaims", namespaced=True),
    ListedKind("ResourceClaimTemplate", _DEVICES, "resourceclaimtemplates", namespaced=True),
    ListedKind("GatewayClass", _GATEWAYS, "gatewayclasses"),
    ListedKind("Gateway", _GATEWAYS, "gateways", namespaced=True, names_only=False, across=True),
    ListedKind("HTTPRoute", _GATEWAYS, "httproutes", namespaced=True),
    ListedKind("ClusterQueue", _KUEUE, "clusterqueues", names_only=False),
    ListedKind("Cohort", _KUEUE, "cohorts", names_only=False),
    ListedKind("ResourceFlavor", _KUEUE, "resourceflavors", names_only=False),
    ListedKind("LocalQueue", _KUEUE, "localqueues", namespaced=True, names_only=False),
    ListedKind("ClusterServingRuntime", _SERVING, "clusterservingruntimes", names_only=False),
    ListedKind("ServingRuntime", _SERVING, "servingruntimes", namespaced=True, names_only=False),
    ListedKind("ClusterStorageContainer", _SERVING, "clusterstoragecontainers", names_only=False),
    ListedKind("LocalModelNodeGroup", _SERVING, "localmodelnodegroups", names_only=False),
    ListedKind(
        "LLMInferenceServiceConfig",
        _SERVING,
        "llminferenceserviceconfigs",
        namespaced=True,
        names_only=False,
        in_kserve=True,
    ),
)
# Groups of kube-apiserver itself (pkg/controlplane/instance.go): all others come from CustomResourceDefinitions or from
# servers of their own.
BUILT_IN_GROUPS: Final = frozenset(
    """
    admissionregistration.k8s.io apiextensions.k8s.io apiregistration.k8s.io apps authentication.k8s.io
    authorization.k8s.io autoscaling batch certificates.k8s.io coordination.k8s.io discovery.k8s.io events.k8s.io
    flowcontrol.apiserver.k8s.io internal.apiserver.k8s.io networking.k8s.io node.k8s.io policy
    rbac.authorization.k8s.io resource.k8s.io scheduling.k8s.io storage.k8s.io storagemigration.k8s.io
    """.split()
)
BY_GROUP_KIND: Final = {(listed.group, listed.kind): listed for listed in (*LISTED, CONTROLLER)}
BY_KIND: Final = {listed.kind: listed for listed in LISTED}


def listed_kind(api_version: str, kind: str) -> ListedKind | None:
    """Return the kind of an object by its apiVersion; None for one that no inventory lists."""
    group, _, version = api_version.rpartition("/")
    return BY_GROUP_KIND.get((group if version else "", kind))
