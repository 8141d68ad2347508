"""Deployments and Services of a component: its names, metadata and pod in, the objects as KServe writes them out.

Source: pkg/controller/v1beta1/inferenceservice/reconcilers/deployment and /service at v0.19.0 and v0.20.0.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct, field

from kservegen.core.document import integer, mapping, sequence, text
from kservegen.core.jsontypes import JsonArray, JsonObject, JsonValue, Path
from kservegen.core.resource import Origin
from kservegen.kserve.controllers.made import CONFIG_MAP, STORED, Traced, below
from kservegen.kserve.controllers.parts import SourcedMap, pod_containers
from kservegen.kserve.controllers.settings import ControllerSettings
from kservegen.kserve.workloads import SERVING_CONTAINER, TRANSFORMER_CONTAINER

AUTOSCALER_CLASS: Final = "serving.kserve.io/autoscalerClass"
DEFAULT_PORT: Final = 8080
AGENT_PORT: Final = 9081
_SERVICE_PORT: Final = 80
_ROLLING: Final[JsonObject] = {"maxUnavailable": "25%", "maxSurge": "25%"}


class ComponentDraft(Struct, kw_only=True, eq=False):
    """A predictor, transformer or explainer on its way to objects.

    `spec` is the component's own part of the stored object, which stands at `path`; `name` is that of its objects.
    """

    role: str
    name: str
    namespace: str
    spec: JsonObject
    path: Path
    annotations: SourcedMap
    labels: SourcedMap
    pod: Traced
    own_annotations: SourcedMap = field(default_factory=SourcedMap)  # without what a runtime brings
    own_labels: SourcedMap = field(default_factory=SourcedMap)
    selector: str = ""  # what the pods are found by, where it is not the name
    is_canary: bool = False

    @property
    def metadata(self) -> JsonObject:
        """Return the metadata that all objects of the component share."""
        return {
            "name": self.name,
            "namespace": self.namespace,
            "labels": dict(self.labels.values),
            "annotations": dict(self.annotations.values),
        }

    def metadata_origins(self, prefix: Path = ("metadata",)) -> list[Origin]:
        """Say where labels and annotations came from, for metadata that stands at `prefix`."""
        return [*self.labels.origins((*prefix, "labels")), *self.annotations.origins((*prefix, "annotations"))]


def component_deployment(component: ComponentDraft, settings: ControllerSettings) -> tuple[JsonObject, list[Origin]]:
    """Make the component's Deployment."""
    app = app_label(component.selector or component.name)
    spec: JsonObject = {"selector": {"matchLabels": {"app": app}}}
    origins = component.metadata_origins()
    least = component.spec.get("minReplicas")
    if least is not None and (component.selector or component.annotations.values.get(AUTOSCALER_CLASS) == "none"):
        spec["replicas"] = least
        origins.append(Origin(("spec", "replicas"), (STORED, *component.path, "minReplicas")))
    spec.update(_strategy(component, settings, origins))
    if component.selector:
        _roll_together(mapping(spec["strategy"]))
    template = ("spec", "template")
    spec["template"] = {"metadata": component.metadata, "spec": pod_defaults(component.pod.value)}
    origins += component.metadata_origins((*template, "metadata"))
    origins += below((*template, "spec"), component.pod.origins)
    doc: JsonObject = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": component.metadata, "spec": spec}
    return doc, origins


def _roll_together(strategy: JsonObject) -> None:
    """Have workers replaced all at once."""
    if strategy.get("type") == "RollingUpdate":
        strategy["rollingUpdate"] = {"maxUnavailable": "0%", "maxSurge": "100%"}


def app_label(name: str) -> str:
    """Return the label by which a Deployment finds its pods."""
    return f"isvc.{name}"


def _strategy(component: ComponentDraft, settings: ControllerSettings, origins: list[Origin]) -> JsonObject:
    given = component.spec.get("deploymentStrategy")
    if isinstance(given, dict):
        origins.append(Origin(("spec", "strategy"), (STORED, *component.path, "deploymentStrategy")))
        return {"strategy": dict(given)}
    steps = dict(_ROLLING)
    rollout = mapping(mapping(settings.section("deploy").get("deploymentRolloutStrategy")).get("defaultRollout"))
    if rollout and settings.deployment_mode == "Standard":
        for field in _ROLLING:
            if text(rollout.get(field)):
                steps[field] = rollout[field]
                words = (CONFIG_MAP, "deploy", "deploymentRolloutStrategy", "defaultRollout", field)
                origins.append(Origin(("spec", "strategy", "rollingUpdate", field), words))
    strategy: JsonObject = {"type": "RollingUpdate", "rollingUpdate": steps}
    return {"strategy": strategy, "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600}


def pod_defaults(pod: JsonObject) -> JsonObject:
    """Fill in what KServe itself does before the API server gets to see the pod."""
    filled = dict(pod)
    filled["containers"] = [_with_defaults(container) for container in pod_containers(pod)]
    return filled


def _with_defaults(container: JsonObject) -> JsonObject:
    filled = {**container, "imagePullPolicy": container.get("imagePullPolicy") or "IfNotPresent"}
    if filled.get("name") in (SERVING_CONTAINER, TRANSFORMER_CONTAINER) and not filled.get("readinessProbe"):
        port = integer(mapping(next(iter(sequence(filled.get("ports"))), {})).get("containerPort"))
        filled["readinessProbe"] = {
            "tcpSocket": {"port": DEFAULT_PORT if port is None else port},
            "timeoutSeconds": 1,
            "periodSeconds": 10,
            "successThreshold": 1,
            "failureThreshold": 3,
        }
    return filled


def component_service(component: ComponentDraft, settings: ControllerSettings) -> tuple[JsonObject, list[Origin]]:
    """Make the component's Service."""
    listed = pod_containers(component.pod.value)
    at = next((i for i, item in enumerate(listed) if item.get("name") == TRANSFORMER_CONTAINER), 0)
    container = listed[at] if listed else {}
    origins = component.metadata_origins()
    ports: JsonArray = [_port(mapping(port), number) for number, port in enumerate(sequence(container.get("ports")))]
    if not ports:
        ports = [{"name": component.name, "port": _SERVICE_PORT, "targetPort": DEFAULT_PORT, "protocol": "TCP"}]
    if component.spec.get("logger") is not None or component.spec.get("batcher") is not None:
        ports[0] = {**mapping(ports[0]), "targetPort": AGENT_PORT}
    spec: JsonObject = {"ports": ports, "selector": {"app": app_label(component.name)}}
    if settings.is_on("service", "serviceClusterIPNone"):
        spec["clusterIP"] = "None"
        origins.append(Origin(("spec", "clusterIP"), (CONFIG_MAP, "service", "serviceClusterIPNone")))
    doc: JsonObject = {"apiVersion": "v1", "kind": "Service", "metadata": component.metadata, "spec": spec}
    return doc, origins


def _port(port: JsonObject, number: int) -> JsonObject:
    target = port.get("containerPort")
    name = text(port.get("name"))
    made: JsonObject = {
        "name": name,
        "port": target if number else _SERVICE_PORT,
        "targetPort": target,
        "protocol": port.get("protocol") or "TCP",
    }
    if "grpc" in name or "h2c" in name:
        made["appProtocol"] = "kubernetes.io/h2c"
    return made


def first_port(container: JsonObject) -> JsonValue:
    """Return the first port of a container; None where it states none."""
    return mapping(next(iter(sequence(container.get("ports"))), {})).get("containerPort")
