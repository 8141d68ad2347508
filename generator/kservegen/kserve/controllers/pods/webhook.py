"""The pod webhook in its own order, then what the API server itself says of the pod.

Source: pkg/webhook/admission/pod/mutator.go at v0.19.0 and v0.20.0; plugins Priority, RuntimeClass of Kubernetes.
"""

from __future__ import annotations

import json
from typing import Final

from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, format_path
from kservegen.core.resource import Origin
from kservegen.core.values import signed_number
from kservegen.kserve.controllers.components import SERVICE_LABEL
from kservegen.kserve.controllers.control_plane import ControlPlane
from kservegen.kserve.controllers.made import CONFIG_MAP, LEFT_ALONE, MadeObject, MadePod, inside, source_to_edit
from kservegen.kserve.controllers.parts import POD_FIELDS, append, env_list, own_containers, pick
from kservegen.kserve.controllers.pods.agent import inject_agent
from kservegen.kserve.controllers.pods.draft import MutatedPod, PodLacksError, PodRefusedError
from kservegen.kserve.controllers.pods.initializer import INIT_NAME, inject_initializer
from kservegen.kserve.controllers.pods.oci import inject_oci
from kservegen.kubernetes.bare_pods import fill_pod
from kservegen.kubernetes.templates import validate_pod

_GKE: Final = "serving.kserve.io/gke-accelerator"
_AGGREGATION: Final = "serving.kserve.io/enable-metric-aggregation"
_SCRAPING: Final = "serving.kserve.io/enable-prometheus-scraping"
_UID: Final = "serving.kserve.io/storage-initializer-uid"
_ISTIO_USER: Final = 1337
_UNNAMED: Final = "user-container"  # what Knative calls a container without a name
_PREEMPTION: Final = "PreemptLowerPriority"
_SYSTEM: Final = {"system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000}


def make_pod(workload: MadeObject, plane: ControlPlane) -> MadePod:
    """Send the pod of a workload through the webhook, as one called after it, and through the API server."""
    template = mapping(mapping(workload.doc.get("spec")).get("template"))
    metadata = mapping(workload.doc.get("metadata"))
    stated, spec = mapping(template.get("metadata")), mapping(template.get("spec"))
    containers, inits = own_containers(spec), own_containers(spec, "initContainers")
    for container in map(mapping, containers):
        container["name"] = container.get("name") or _UNNAMED
    own: JsonObject = {
        "metadata": {
            "labels": dict(mapping(stated.get("labels"))),
            "annotations": dict(mapping(stated.get("annotations"))),
        },
        "spec": {**pick(spec, POD_FIELDS), "containers": containers, **({"initContainers": inits} if inits else {})},
    }
    namespace, images = text(metadata.get("namespace")), plane.image_volumes
    pod = fill_pod(own, namespace, image_volumes=images)
    draft = MutatedPod(pod, inside(("spec", "template"), workload.origins))
    try:
        if SERVICE_LABEL in draft.labels and not _is_left_alone(namespace, plane):
            _mutate(draft, plane, f"{text(metadata.get('name'))}-pod")
        _prioritise(draft, spec)
        # The API server has taken the template of a Deployment; those of other kinds it does not look at.
        stored = _admit(draft, plane, spec if workload.doc.get("kind") == "Deployment" else {})
    except PodRefusedError as refusal:
        return MadePod(
            of=workload.label,
            pod=None,
            refused=str(refusal),
            missing=isinstance(refusal, PodLacksError),
            source=source_to_edit(refusal.at, draft.origins) if refusal.at else (),
        )
    return MadePod(of=workload.label, pod=stored, origins=tuple(draft.origins))


def _is_left_alone(namespace: str, plane: ControlPlane) -> bool:
    """Whether the webhook's own selector leaves the pods of a namespace out (config/webhook/manifests.yaml)."""
    found = plane.beside.find("Namespace", "", namespace)
    return LEFT_ALONE in mapping(mapping(mapping(found).get("metadata")).get("labels"))


def _mutate(draft: MutatedPod, plane: ControlPlane, pod_name: str) -> None:
    _select_accelerator(draft)
    inject_initializer(draft, plane)
    _set_initializer_user(draft)
    inject_agent(draft, plane, pod_name)
    _ask_for_metrics(draft, plane)
    inject_oci(draft, plane)


def _select_accelerator(draft: MutatedPod) -> None:
    accelerator = draft.annotation(_GKE)
    limits = (mapping(mapping(item.get("resources")).get("limits")) for item in draft.containers())
    if accelerator and any("nvidia.com/gpu" in stated for stated in limits):
        selector = {**mapping(draft.spec.get("nodeSelector")), "cloud.google.com/gke-accelerator": accelerator}
        draft.spec["nodeSelector"] = selector


def _set_initializer_user(draft: MutatedPod) -> None:
    inits = (mapping(item) for item in sequence(draft.spec.get("initContainers")))
    init = next((item for item in inits if item.get("name") == INIT_NAME), None)
    if init is None:
        return
    user = _stated_user(draft)
    if user is not None:
        init["securityContext"] = {**mapping(init.get("securityContext")), "runAsUser": user}


def _stated_user(draft: MutatedPod) -> int | None:
    if stated := draft.annotation(_UID):
        return signed_number(stated)
    if draft.has_init("istio-init") or draft.annotation("sidecar.istio.io/interceptionMode") != "REDIRECT":
        return None
    try:
        names = sequence(mapping(json.loads(draft.annotation("sidecar.istio.io/status") or "{}")).get("containers"))
    except (ValueError, RecursionError):
        return None
    proxy = draft.container(*(text(name) for name in names)) if names else None
    if proxy is None:
        return None
    own = mapping(proxy.get("securityContext")).get("runAsUser")
    return own if isinstance(own, int) else _ISTIO_USER


def _ask_for_metrics(draft: MutatedPod, plane: ControlPlane) -> None:
    section = plane.settings.section("metricsAggregator")
    for key, field in ((_AGGREGATION, "enableMetricAggregation"), (_SCRAPING, "enablePrometheusScraping")):
        if key not in draft.annotations:
            draft.annotations[key] = text(section.get(field))
            draft.origins.append(Origin(("metadata", "annotations", key), (CONFIG_MAP, "metricsAggregator", field)))
    aggregated = draft.annotations[_AGGREGATION] == "true"
    proxy = draft.container("queue-proxy")
    if aggregated and proxy is not None:
        _aggregate(draft, proxy)
    if draft.annotations[_SCRAPING] == "true":
        draft.annotations["prometheus.io/port"] = "9088" if aggregated else "9091"
        draft.annotations["prometheus.io/path"] = "/metrics"


def _aggregate(draft: MutatedPod, proxy: JsonObject) -> None:
    port = draft.annotation("prometheus.kserve.io/port") or "8080"
    path = draft.annotation("prometheus.kserve.io/path") or "/metrics"
    variables = {
        "AGGREGATE_PROMETHEUS_METRICS_PORT": "9088",
        "KSERVE_CONTAINER_PROMETHEUS_METRICS_PORT": port,
        "KSERVE_CONTAINER_PROMETHEUS_METRICS_PATH": path,
    }
    append(proxy, "env", *env_list(variables))
    aggregated: JsonObject = {"name": "aggr-metric", "containerPort": 9088, "protocol": "TCP"}
    append(proxy, "ports", aggregated)


def _admit(draft: MutatedPod, plane: ControlPlane, lawful: JsonObject) -> JsonObject:
    """Fill in and check the pod as the API server does; what is cluster-wide and not there is missing.

    `lawful` is the spec of the template that it is made from, where that was checked.
    """
    for field, kind in (("priorityClassName", "PriorityClass"), ("runtimeClassName", "RuntimeClass")):
        name = text(draft.spec.get(field))
        if name and name not in _SYSTEM and plane.beside.find(kind, "", name) is None:
            raise PodLacksError(f"no {kind} with name {name} was found", ("spec", field))
    if draft.spec.get("overhead") and not draft.spec.get("runtimeClassName"):
        raise PodRefusedError("overhead must not be set without the RuntimeClass that has it", ("spec", "overhead"))
    filled = fill_pod(draft.pod, draft.namespace, image_volumes=plane.image_volumes)
    known: JsonObject = {**lawful, "initContainers": [*sequence(lawful.get("initContainers")), *draft.lawful_inits]}
    broken = next(iter(validate_pod(filled, known)), None)
    if broken is not None:
        problem = broken.problem
        raise PodRefusedError(f"{format_path(problem.path)}: {problem.sentence}", problem.path)
    return filled


def _prioritise(draft: MutatedPod, stated: JsonObject) -> None:
    """Give the pod the priority of its class; what its template states must be the same."""
    name = text(stated.get("priorityClassName"))
    if name and name not in _SYSTEM:
        return
    for field, computed in (("preemptionPolicy", _PREEMPTION), ("priority", _SYSTEM.get(name, 0))):
        if stated.get(field) not in (None, computed):
            raise PodRefusedError(
                f"{field} must not be provided: the admission controller computed {computed}", ("spec", field)
            )
    draft.spec["priority"] = _SYSTEM.get(name, 0)
