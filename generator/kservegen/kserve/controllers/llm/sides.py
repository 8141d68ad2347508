"""The two sides of a service, main and prefill: names, labels and pods of each, as Deployments and LeaderWorkerSets.

Source: workload_single_node.go, workload_multi_node.go; the pods' labels and a Deployment's selector are one map there.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from kservegen.core.document import integer, mapping, sequence, text, value_at
from kservegen.core.jsontypes import JsonObject, Path
from kservegen.core.resource import Origin, trace
from kservegen.kserve.controllers.llm.device_claims import claim_devices
from kservegen.kserve.controllers.llm.kv_cache import attach_kv_cache
from kservegen.kserve.controllers.llm.pods import LlmPod, stored_source
from kservegen.kserve.controllers.llm.service import WORKLOAD, LlmService
from kservegen.kserve.controllers.llm.storage import StorageTarget, attach_model
from kservegen.kserve.controllers.llm.tracing import trace_server
from kservegen.kserve.controllers.made import STORED, MadeObject, below

SIDECAR: Final = "llm-d-routing-sidecar"
DEPLOYMENT: Final = ("apps/v1", "Deployment")
WORKER_SET: Final = ("leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet")
_POD: Final = ("spec", "template", "spec")
_LABELS: Final = ("kueue.x-k8s.io", "internal.serving.kserve.io/localmodel")
_ANNOTATIONS: Final = (
    "k8s.v1.cni.cncf.io",
    "kueue.x-k8s.io",
    "prometheus.io",
    "internal.serving.kserve.io/localmodel",
)
_WORKER_ANNOTATIONS: Final = (*_ANNOTATIONS, "leaderworkerset.sigs.k8s.io")
_ROUTING: Final = "serving.kserve.io/model-based-routing-enabled"


class LlmSide:
    """One side: `path` leads to its fields in the spec."""

    def __init__(self, service: LlmService, *, prefill: bool) -> None:
        self.service = service
        self.is_prefill = prefill
        self.path: tuple[str, ...] = ("prefill",) if prefill else ()
        self.ending = "-prefill" if prefill else ""

    @property
    def fields(self) -> JsonObject:
        """The side's fields."""
        return mapping(value_at(self.service.spec.value, self.path))

    @property
    def has_workers(self) -> bool:
        """Whether its pods come in groups."""
        return self.fields.get("worker") is not None

    @property
    def deployment(self) -> str:
        """The name of its Deployment."""
        return self.service.child(f"-kserve{self.ending}")

    @property
    def worker_set(self) -> str:
        """The name of its LeaderWorkerSet."""
        return self.service.child(f"-kserve-mn{self.ending}")

    @property
    def target(self) -> tuple[str, str, str]:
        """What scales: API version, kind and name."""
        kind, name = (WORKER_SET, self.worker_set) if self.has_workers else (DEPLOYMENT, self.deployment)
        return (*kind, name)

    @property
    def role(self) -> str:
        """What its pods do of a request."""
        if self.is_prefill:
            return "prefill"
        return "decode" if self.service.has_prefill else "both"

    def named_account(self, *parts: str) -> str:
        """Return the ServiceAccount that the first of some pod specs names; blank where none does."""
        names = (text(value_at(self.fields, (part, "serviceAccountName"))) for part in parts)
        return next(filter(None, names), "")

    def has_sidecar(self, *parts: str) -> bool:
        """Whether the routing sidecar stands in one of some pod specs."""
        found = (sequence(value_at(self.fields, (part, "initContainers"))) for part in parts)
        return any(mapping(container).get("name") == SIDECAR for containers in found for container in containers)

    def make_deployment(self, account: JsonObject | None) -> MadeObject:
        """Make the side's Deployment; `account` is the ServiceAccount of its pods, None for the default one."""
        service = self.service
        pod = LlmPod(service.part(*self.path, "template"))
        if self.has_sidecar("template") and not self.is_prefill and account is not None:
            self.put_account(pod, account)
            self.name_pool(pod)
        claim_devices(pod, service)
        self.finish(pod, account)
        labels: JsonObject = {**service.base_labels(WORKLOAD + self.ending), **self.role_labels()}
        labels.update(self.handed_labels())
        metadata: JsonObject = {"labels": labels}
        own = service.annotations_of_metadata(_ANNOTATIONS)
        if annotations := {**own, **self.handed_annotations()}:
            metadata["annotations"] = annotations
        spec: JsonObject = {
            "selector": {"matchLabels": labels},
            "template": {"metadata": metadata, "spec": pod.spec},
        }
        at: Path = ("spec", "template", "metadata")
        origins = [*below(_POD, pod.origins), *self.label_origins((*at, "labels"))]
        origins += self.annotation_origins((*at, "annotations"), own)
        if isinstance(rollout := self.fields.get("rolloutStrategy"), dict) and rollout:
            spec["strategy"] = {"type": "RollingUpdate", "rollingUpdate": dict(rollout)}
            origins.append(Origin(("spec", "strategy"), stored_source(*self.path, "rolloutStrategy")))
        if "scaling" not in self.fields and self.fields.get("replicas") is not None:
            spec["replicas"] = self.fields["replicas"]
            part = service.part(*self.path)
            origins.append(Origin(("spec", "replicas"), trace(("replicas",), part.origins)))
        return service.make(
            DEPLOYMENT,
            self.deployment,
            WORKLOAD,
            {"spec": spec},
            origins=tuple(origins),
            labels=labels,
            annotations=own,
        )

    def role_labels(self) -> JsonObject:
        return {"kserve.io/component": "workload", "llm-d.ai/role": self.role}

    def handed_labels(self) -> JsonObject:
        """Return the labels that pods get from the service."""
        service, shared = self.service, self.service.plane.release.capabilities.spec_labels_reach_prefill
        labels = service.labels_of_metadata(_LABELS)
        if shared or not self.is_prefill:
            labels.update(mapping(service.spec.value.get("labels")))
        return {**labels, **mapping(self.fields.get("labels"))}

    def handed_annotations(self) -> JsonObject:
        """Return the annotations that pods get from the spec."""
        service, capabilities = self.service, self.service.plane.release.capabilities
        annotations: JsonObject = {}
        if capabilities.spec_labels_reach_prefill or not self.is_prefill:
            annotations.update(mapping(service.spec.value.get("annotations")))
        annotations.update(mapping(self.fields.get("annotations")))
        return without_routing(annotations, keep=capabilities.routing_annotation_reaches_pods)

    def label_origins(self, at: Path) -> list[Origin]:
        found = [
            Origin((*at, key), (STORED, "metadata", "labels", key)) for key in self.service.labels_of_metadata(_LABELS)
        ]
        part = self.service.part(*self.path, "labels")
        return found + [Origin((*at, key), trace((key,), part.origins)) for key in part.value]

    def annotation_origins(self, at: Path, own: Iterable[str]) -> list[Origin]:
        found = [Origin((*at, key), (STORED, "metadata", "annotations", key)) for key in own]
        for path in dict.fromkeys(((), self.path)):
            part = self.service.part(*path, "annotations")
            found += [Origin((*at, key), trace((key,), part.origins)) for key in part.value]
        return found

    def name_pool(self, pod: LlmPod) -> None:
        """Tell the sidecar which pool its requests may go to."""
        sidecar = pod.container(SIDECAR, "initContainers")
        if sidecar is not None and self.service.spec.value.get("router") is not None:
            pod.add_to(sidecar, "env", {"name": "INFERENCE_POOL_NAME", "value": self.service.pool})

    def put_account(self, pod: LlmPod, account: JsonObject) -> None:
        name = mapping(account.get("metadata")).get("name")
        if pod.spec.get("serviceAccountName") != name:
            pod.set("serviceAccountName", name)

    def finish(self, pod: LlmPod, account: JsonObject | None) -> None:
        """Do what every pod gets: the model, cache tiers, tracing."""
        attach_model(pod, self.service, StorageTarget(account=account))
        attach_kv_cache(
            pod, mapping(self.fields.get("kvCacheOffloading")), stored_source(*self.path, "kvCacheOffloading")
        )
        trace_server(pod, self.service, "prefill" if self.is_prefill else "decode")

    def make_worker_set(self, account: JsonObject) -> MadeObject:
        """Make the side's LeaderWorkerSet; `account` is the ServiceAccount of all its pods."""
        service = self.service
        leader_labels: JsonObject = {**service.base_labels(f"{WORKLOAD}-leader{self.ending}"), **self.role_labels()}
        labels: JsonObject = service.base_labels(f"{WORKLOAD}-worker{self.ending}")
        has_leader = isinstance(self.fields.get("template"), dict)
        if not has_leader:
            labels.update(self.role_labels())
        handed = self.handed_labels()
        own = service.annotations_of_metadata(_WORKER_ANNOTATIONS)
        annotations = {**own, **self.handed_annotations()}
        templates: JsonObject = {}
        origins: list[Origin] = []
        for field, part, set_labels in (
            ("leaderTemplate", "template", leader_labels),
            ("workerTemplate", "worker", labels),
        ):
            if not isinstance(self.fields.get(part), dict):
                continue
            pod = LlmPod(service.part(*self.path, part))
            self.put_account(pod, account)
            if not self.is_prefill:
                self.name_pool(pod)
            claim_devices(pod, service)
            self.finish(pod, account)
            set_labels.update(handed)
            metadata: JsonObject = {"labels": set_labels}
            if annotations:
                metadata["annotations"] = annotations
            templates[field] = {"metadata": metadata, "spec": pod.spec}
            at = ("spec", "leaderWorkerTemplate", field)
            origins += [*below((*at, "spec"), pod.origins), *self.label_origins((*at, "metadata", "labels"))]
            origins += self.annotation_origins((*at, "metadata", "annotations"), own)
        group: JsonObject = {**templates, "restartPolicy": "RecreateGroupOnPodRestart", "size": self.size()}
        if self.is_prefill and self.is_data_parallel:
            group["subGroupPolicy"] = {"subGroupPolicyType": "LeaderWorker", "subGroupSize": self.size()}
        replicas = self.fields.get("replicas") if "scaling" not in self.fields else None
        spec: JsonObject = {
            "replicas": 1 if replicas is None else replicas,
            "rolloutStrategy": self.rollout(),
            "startupPolicy": "LeaderCreated",
            "leaderWorkerTemplate": group,
        }
        return service.make(
            WORKER_SET,
            self.worker_set,
            WORKLOAD,
            {"spec": spec},
            origins=tuple(origins),
            labels=labels,
            annotations=own,
        )

    def rollout(self) -> JsonObject:
        """Return how groups of pods are replaced; what is not stated has defaults of KServe's own."""
        rollout = self.fields.get("rolloutStrategy")
        if not isinstance(rollout, dict) or not rollout:
            return {"type": "RollingUpdate"}
        bounds: JsonObject = {"maxUnavailable": 1, "maxSurge": 0, **rollout}
        return {"type": "RollingUpdate", "rollingUpdateConfiguration": bounds}

    @property
    def is_data_parallel(self) -> bool:
        sizes = mapping(self.fields.get("parallelism"))
        return bool(sizes.get("data") or sizes.get("dataLocal"))

    def size(self) -> int:
        """Say of how many pods a group is."""
        sizes = mapping(self.fields.get("parallelism"))
        if self.is_data_parallel:
            return max(1, max(integer(sizes.get("data")) or 1, 1) // max(integer(sizes.get("dataLocal")) or 1, 1))
        return integer(sizes.get("pipeline")) or 1


def without_routing(annotations: JsonObject, *, keep: bool) -> JsonObject:
    """Take away the annotation that only the controller reads, where the release does."""
    return annotations if keep else {key: value for key, value in annotations.items() if key != _ROUTING}
