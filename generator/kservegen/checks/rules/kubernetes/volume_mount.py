"""An object in; findings out where a container mounts a volume that its pod does not have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Context, Rule
from kservegen.checks.rules.stage import Scope, Stage
from kservegen.checks.rules.view import containers_of, of_kind
from kservegen.core.diagnostics import Finding, RuleMeta
from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject
from kservegen.core.resource import Resource
from kservegen.kserve.workloads import ContainerAt, PodSpecAt, pod_specs

STAGE: Final = Stage.DEPLOYMENT
SCOPE: Final = Scope.ENVIRONMENT

META: Final = RuleMeta(
    id="kubernetes/volume-mount",
    title="A container mounts a volume that the pod does not have",
    why="The Deployment that the controller makes of the object is refused. What runtimes and presets bring along "
    "counts as being there.",
    fix="Add the volume beside the containers, or correct the name.",
    bad="predictor: {containers: [{name: kserve-container, volumeMounts: [{name: cache, mountPath: /cache}]}]}",
    good="predictor: {volumes: [{name: cache, emptyDir: {}}], containers: [{name: kserve-container, volumeMounts: "
    "[{name: cache, mountPath: /cache}]}]}",
    upstream=("kserve rules, section 12", "k8s.io/kubernetes pkg/apis/core/validation/validation.go"),
)

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


def check(resource: Resource, context: Context) -> Iterator[Finding]:
    mounting = [at for at in containers_of(resource) if not _MOUNTS.isdisjoint(at.container)]
    if not mounting:
        return
    for at in mounting:
        if _is_overlaid(resource, at.pod):
            yield from _mounts(at, _own(at.pod.spec) | _BROUGHT_ALONG | _lent(context))
        else:
            yield from _mounts(at, _own(at.pod.spec))


def _is_overlaid(resource: Resource, pod: PodSpecAt) -> bool:
    """Whether KServe merges this pod with one that stands elsewhere: a runtime, a preset, a base."""
    if resource.kind == "InferenceService":
        return pod.role == "worker" or "containers" not in pod.spec or "model" in pod.spec
    return resource.kind == "LLMInferenceService"


def _mounts(at: ContainerAt, volumes: frozenset[str]) -> Iterator[Finding]:
    listed = [(field, sequence(at.container.get(field))) for field in ("volumeMounts", "volumeDevices")]
    for field, index, mount in ((field, index, mount) for field, all_ in listed for index, mount in enumerate(all_)):
        name = text(mapping(mount).get("name"))
        if name and name not in volumes:
            yield Finding(
                rule=META.id,
                path=(*at.path, field, index, "name"),
                message=f"the pod has no volume {name!r} to mount",
                hint=META.fix,
                seen=name,
                allowed=", ".join(sorted(volumes - _BROUGHT_ALONG)) or "no volume is declared",
            )


def _own(spec: JsonObject) -> frozenset[str]:
    return frozenset(text(mapping(volume).get("name")) for volume in sequence(spec.get("volumes")))


def _lent(context: Context) -> frozenset[str]:
    lenders = (lender for kind in _LENDERS for lender in of_kind(context, kind))
    return frozenset(name for lender in lenders for pod in pod_specs(lender) for name in _own(pod.spec))


RULE: Final = Rule(meta=META, check=check, kinds=_KINDS)
