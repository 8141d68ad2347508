"""The InferenceGraph controller: a stored graph in, its router out.

Source: pkg/controller/v1alpha1/inferencegraph/{controller,raw_ig,knative_reconciler}.go at v0.19.0 and v0.20.0. A
service that a step names and that does not stand beside the graph is taken for one with a predictor alone.
"""

from __future__ import annotations

import json
from typing import Final

from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonArray, JsonObject
from kservegen.core.resource import Origin
from kservegen.kserve.controllers.autoscaling import autoscaler_of
from kservegen.kserve.controllers.control_plane import ControlPlane
from kservegen.kserve.controllers.inference_service import deployment_mode_of, is_switched_off
from kservegen.kserve.controllers.knative import KNATIVE_API, scale_annotations
from kservegen.kserve.controllers.made import CONFIG_MAP, STORED, Made, Outcome, ReconcileError, Traced
from kservegen.kserve.controllers.multi_model import is_multi_model
from kservegen.kserve.controllers.parts import SourcedMap, copied
from kservegen.kserve.controllers.pods.initializer import configured_amounts
from kservegen.kserve.controllers.pods.webhook import make_pod
from kservegen.kserve.controllers.workloads import ComponentDraft, app_label, component_deployment, component_service
from kservegen.kserve.controllers.writer import ObjectWriter

GRAPH_LABEL: Final = "serving.kserve.io/inferencegraph"
_KIND: Final = "InferenceGraph"
# Fields in the order in which Go writes them.
_SPEC: Final = (
    "nodes",
    "resources",
    "affinity",
    "timeout",
    "minReplicas",
    "maxReplicas",
    "scaleTarget",
    "scaleMetric",
    "tolerations",
    "nodeSelector",
    "nodeName",
    "serviceAccountName",
    "routerTimeouts",
)
_STEP: Final = ("name", "nodeName", "serviceName", "serviceUrl", "data", "weight", "condition", "dependency")
_PLACED: Final = ("affinity", "tolerations", "nodeSelector", "nodeName", "serviceAccountName")
_PORT: Final = 8080
_PROBE: Final[JsonObject] = {
    "httpGet": {"path": "/readyz", "port": _PORT, "scheme": "HTTP"},
    "initialDelaySeconds": 5,
    "timeoutSeconds": 2,
    "periodSeconds": 5,
    "successThreshold": 1,
    "failureThreshold": 3,
}
_RESTRICTED: Final[JsonObject] = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "privileged": False,
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
}


def make_graph(stored: JsonObject, plane: ControlPlane) -> Made:
    """Take every step for an InferenceGraph that was admitted."""
    writer = ObjectWriter(stored, image_volumes=plane.image_volumes)
    outcome: Outcome | None = None
    try:
        _Graph(stored, plane, writer).run()
    except ReconcileError as problem:
        outcome = problem.outcome
    objects = tuple(writer.objects)
    pods = tuple(make_pod(item, plane) for item in objects if "template" in mapping(item.doc.get("spec")))
    return Made(objects=objects, pods=pods, outcome=outcome)


class _Graph:
    def __init__(self, stored: JsonObject, plane: ControlPlane, writer: ObjectWriter) -> None:
        self.plane = plane
        self.writer = writer
        self.metadata, self.spec = mapping(stored.get("metadata")), mapping(stored.get("spec"))
        self.name, self.namespace = text(self.metadata.get("name")), text(self.metadata.get("namespace"))
        self.mode = deployment_mode_of(mapping(self.metadata.get("annotations")), plane)

    def run(self) -> None:
        if is_switched_off(mapping(self.metadata.get("annotations"))):
            return
        component = self._component()
        if self.mode == "Knative":
            if not self.plane.has_knative:
                raise ReconcileError("mode", "ServerlessModeRejected", "Knative Serving is not available")
            self.writer.write(*self._knative(component))
            return
        settings = self.plane.settings
        component.labels.put("app", app_label(self.name))
        deployment, service = component_deployment(component, settings), component_service(component, settings)
        scaler = autoscaler_of(component, settings)
        early = self.plane.release.capabilities.services_first
        for item in (service, deployment, scaler) if early else (deployment, service, scaler):
            if item is not None:
                self.writer.write(*item)

    def _component(self) -> ComponentDraft:
        labels, annotations = SourcedMap(), SourcedMap()
        labels.lay(mapping(self.metadata.get("labels")), (STORED, "metadata", "labels"))
        labels.put(GRAPH_LABEL, self.name)
        annotations.lay(mapping(self.metadata.get("annotations")), (STORED, "metadata", "annotations"))
        return ComponentDraft(
            role="router",
            name=self.name,
            namespace=self.namespace,
            spec=self.spec,
            path=("spec",),
            annotations=annotations,
            labels=labels,
            pod=self._pod(),
        )

    def _pod(self) -> Traced:
        section = self.plane.settings.section("router")
        container: JsonObject = {
            "name": self.name,
            "image": section.get("image"),
            "imagePullPolicy": section.get("imagePullPolicy") or "IfNotPresent",
            "args": ["--graph-json", self._json()],
            "resources": copied(mapping(self.spec.get("resources"))) or configured_amounts(section, "Limit", "Request"),
            "readinessProbe": copied(_PROBE),
            "securityContext": copied(_RESTRICTED),
        }
        propagated = sequence(mapping(section.get("headers")).get("propagate"))
        if propagated:
            joined = ",".join(text(item) for item in propagated)
            container["env"] = [{"name": "PROPAGATE_HEADERS", "value": joined}]
        pod: JsonObject = {"containers": [container], "automountServiceAccountToken": False}
        pod.update({field: copied(self.spec[field]) for field in _PLACED if self.spec.get(field) is not None})
        secrets: JsonArray = [{"name": name} for name in sequence(section.get("imagePullSecrets"))]
        if secrets:
            pod["imagePullSecrets"] = secrets
        origins = [Origin((field,), (STORED, "spec", field)) for field in _PLACED if field in pod]
        origins.append(Origin(("containers", 0, "image"), (CONFIG_MAP, "router", "image")))
        origins.append(Origin(("containers", 0, "args", 1), (STORED, "spec")))
        return Traced(pod, origins)

    def _json(self) -> str:
        nodes: JsonObject = {}
        for name, node in sorted(mapping(self.spec.get("nodes")).items()):
            steps = [self._step(mapping(step)) for step in sequence(mapping(node).get("steps"))]
            kind: JsonObject = {"routerType": mapping(node).get("routerType")}
            nodes[name] = {**kind, "steps": list(steps)} if steps else kind
        resources = mapping(self.spec.get("resources"))
        sides: JsonObject = {
            side: dict(sorted(mapping(resources[side]).items()))
            for side in ("limits", "requests")
            if resources.get(side)
        }
        whole: JsonObject = {**self.spec, "nodes": nodes, "resources": sides}
        ordered = {field: whole[field] for field in _SPEC if whole.get(field) is not None}
        written = json.dumps(ordered, separators=(",", ":"), ensure_ascii=False)
        return written.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")

    def _step(self, step: JsonObject) -> JsonObject:
        resolved = dict(step)
        service = text(step.get("serviceName"))
        if service and not step.get("serviceUrl"):
            resolved["serviceUrl"] = self._url(service)
        return {field: resolved[field] for field in _STEP if resolved.get(field) not in (None, "")}

    def _url(self, name: str) -> str:
        """Return where the service of a step answers."""
        service = self.plane.beside.find("InferenceService", self.namespace, name) or {}
        spec = mapping(service.get("spec"))
        annotations = mapping(mapping(service.get("metadata")).get("annotations"))
        host = name
        if deployment_mode_of(annotations, self.plane) == "Standard":
            own = text(mapping(spec.get("predictor")).get("name"))
            predictor = f"{name}-{own}-predictor" if own else f"{name}-predictor"
            host = f"{name}-transformer" if "transformer" in spec else predictor
        address = f"http://{host}.{self.namespace}.svc.cluster.local"
        predictor_spec = mapping(spec.get("predictor"))
        if predictor_spec and is_multi_model(predictor_spec):
            return address
        model = model_name(name, spec)
        return (
            f"{address}/v2/models/{model}/infer" if _protocol(spec) == "v2" else f"{address}/v1/models/{model}:predict"
        )

    def _knative(self, component: ComponentDraft) -> tuple[JsonObject, list[Origin]]:
        labels = {**component.labels.values, "serving.kserve.io/kind": _KIND}
        annotations = dict(component.annotations.values)
        scale_annotations(self.spec, annotations)
        spec = component.pod.value
        containers = [{**mapping(item), "name": ""} for item in sequence(spec["containers"])]
        spec = {**spec, "containers": list(containers)}
        if self.spec.get("timeout") is not None:
            spec["timeoutSeconds"] = self.spec["timeout"]
        metadata: JsonObject = {
            "name": self.name,
            "namespace": self.namespace,
            "labels": dict(mapping(self.metadata.get("labels"))),
        }
        template: JsonObject = {"metadata": {"labels": labels, "annotations": annotations}, "spec": spec}
        doc: JsonObject = {
            "apiVersion": KNATIVE_API,
            "kind": "Service",
            "metadata": metadata,
            "spec": {"template": template},
        }
        prefix = ("spec", "template", "spec")
        return doc, [Origin(prefix + built, words) for built, words in component.pod.origins]


def model_name(service: str, spec: JsonObject) -> str:
    """Return the name that a service's model answers to: an argument, a variable, or the service's own."""
    transformer = mapping(next(iter(sequence(mapping(spec.get("transformer")).get("containers"))), {}))
    predictor = mapping(spec.get("predictor"))
    model = mapping(predictor.get("model"))
    custom = mapping(next(iter(sequence(predictor.get("containers"))), {}))
    if named := _argument(transformer):
        return named
    for container in (model, custom):
        for variable in map(mapping, sequence(container.get("env"))):
            if variable.get("name") == "MLSERVER_MODEL_NAME" and variable.get("value"):
                return text(variable["value"])
    return _argument(model) or _argument(custom) or service


def _argument(container: JsonObject) -> str:
    args = [text(item) for item in sequence(container.get("args"))]
    for place, arg in enumerate(args):
        if arg.startswith("--model_name="):
            return arg.partition("=")[2]
        if arg == "--model_name" and place + 1 < len(args):
            return args[place + 1]
    return ""


def _protocol(spec: JsonObject) -> str:
    transformer = mapping(next(iter(sequence(mapping(spec.get("transformer")).get("containers"))), {}))
    for variable in map(mapping, sequence(transformer.get("env"))):
        if variable.get("name") == "PROTOCOL":
            return text(variable.get("value"))
    return text(mapping(mapping(spec.get("predictor")).get("model")).get("protocolVersion")) or "v1"
