"""A container mounts a volume that the pod does not have.

The Deployment that the controller makes of the object is refused. What runtimes and presets bring along counts as being
there.

Fix: Add the volume beside the containers, or correct the name.
Bad:
    predictor: {containers: [{name: kserve-container, volumeMounts: [{name: cache, mountPath: /cache}]}]}
Good:
    predictor: {volumes: [{name: cache, emptyDir: {}}], containers: [{name: kserve-container, volumeMounts: [{name: cache, mountPath: /cache}]}]}
Upstream: kserve rules, section 12; k8s.io/kubernetes pkg/apis/core/validation/validation.go
"""  # noqa: E501 - a sample

from typing import Final

from kservegen.checks.rules._cached import cached_by_object
from kservegen.checks.rules.base import Context, Problems, Resource, Scope, Stage, rule
from kservegen.checks.rules.view import containers_of, of_kind
from kservegen.kserve.workloads import ContainerAt, PodSpecAt, pod_specs
from kservegen.kubernetes.containers import undeclared_volumes, volumes_of

# Not the runtimes themselves: whoever uses one may bring the volume.
_KINDS: Final = frozenset({"InferenceService", "LLMInferenceService"})
# Volumes of the charts' runtimes and presets, and what KServe itself adds before the Deployment is made.
_BROUGHT_ALONG: Final = frozenset(
    {
        "devshm",
        "dshm",
        "home",
        "kserve-pvc-source",
        "kserve-provision-location",
        "model-cache",
        "modelcar",
        "shm",
        "tls-certs",
        "tmp",
        "tokenizers",
    }
)
_MOUNTS: Final = frozenset({"volumeMounts", "volumeDevices"})
_LENDERS: Final = ("ServingRuntime", "ClusterServingRuntime", "LLMInferenceServiceConfig")


@rule(Stage.DEPLOYMENT, *_KINDS, scope=Scope.ENVIRONMENT)
def check(resource: Resource, context: Context) -> Problems:
    for at in _mounting(resource):
        volumes, implied = volumes_of(at.pod.spec), frozenset[str]()
        if _is_overlaid(resource, at.pod):
            volumes, implied = volumes | _lent(context), _BROUGHT_ALONG
        yield from undeclared_volumes(at, volumes, implied)


@cached_by_object
def _mounting(resource: Resource) -> tuple[ContainerAt, ...]:
    return tuple(at for at in containers_of(resource) if not _MOUNTS.isdisjoint(at.container))


def _is_overlaid(resource: Resource, pod: PodSpecAt) -> bool:
    """Whether KServe merges this pod with one that stands elsewhere: a runtime, a preset, a base."""
    if resource.kind == "InferenceService":
        return pod.role == "worker" or "containers" not in pod.spec or "model" in pod.spec
    return resource.kind == "LLMInferenceService"


def _lent(context: Context) -> frozenset[str]:
    lenders = (lender for kind in _LENDERS for lender in of_kind(context, kind))
    return frozenset(name for lender in lenders for pod in pod_specs(lender) for name in volumes_of(pod.spec))
