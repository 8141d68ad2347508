"""A component as a Knative Service, and Istio's way to an InferenceService in mode Knative.

Source: pkg/controller/v1beta1/inferenceservice/reconcilers/{knative/ksvc_reconciler,ingress/ingress_reconciler}.go and
pkg/controller/v1alpha1/utils at v0.19.0 and v0.20.0; the definition of services.serving.knative.dev at v0.48 for what
the API server drops. Knative's own webhook is not asked here.
"""

from __future__ import annotations

import re
from typing import Final

from kservegen.core.document import integer, mapping, sequence, text
from kservegen.core.jsontypes import JsonArray, JsonObject, JsonValue, Path
from kservegen.core.resource import Origin
from kservegen.core.values import signed_number
from kservegen.kserve.controllers.components import disallowed_annotations, disallowed_labels
from kservegen.kserve.controllers.domains import fill_template
from kservegen.kserve.controllers.made import CONFIG_MAP, DERIVED, STORED, WrittenObject, below
from kservegen.kserve.controllers.parts import pick
from kservegen.kserve.controllers.settings import ControllerSettings
from kservegen.kserve.controllers.workloads import ComponentDraft

KNATIVE_API: Final = "serving.knative.dev/v1"
VISIBILITY: Final = "networking.knative.dev/visibility"
CLUSTER_LOCAL: Final = "cluster-local"
_AUTOSCALING: Final = "autoscaling.knative.dev/"
_INITIAL_SCALE: Final = f"{_AUTOSCALING}initial-scale"
_TAG_ROUTING: Final = "serving.kserve.io/enable-tag-routing"
_MOVED: Final = ("serving.knative.dev/rollout-duration", "serving.knative.openshift.io/enablePassthrough")
_POD_FIELDS: Final = frozenset(
    """
    affinity automountServiceAccountToken containers dnsConfig dnsPolicy enableServiceLinks hostAliases hostIPC
    hostNetwork hostPID imagePullSecrets initContainers nodeSelector priorityClassName runtimeClassName schedulerName
    securityContext serviceAccountName shareProcessNamespace tolerations topologySpreadConstraints volumes
    """.split()
)
_CONTAINER_FIELDS: Final = frozenset(
    """
    args command env envFrom image imagePullPolicy livenessProbe name ports readinessProbe resources securityContext
    startupProbe terminationMessagePath terminationMessagePolicy volumeMounts workingDir
    """.split()
)
_ANNOTATIONS: Final[Path] = ("template", "metadata", "annotations")
# Fields of a Service's spec, and those of a component that they are made from.
_STATED: Final[dict[Path, str]] = {
    ("template", "spec", "timeoutSeconds"): "timeout",
    ("template", "spec", "responseStartTimeoutSeconds"): "timeout",
    ("template", "spec", "containerConcurrency"): "containerConcurrency",
    (*_ANNOTATIONS, f"{_AUTOSCALING}target"): "scaleTarget",
    (*_ANNOTATIONS, f"{_AUTOSCALING}metric"): "scaleMetric",
    (*_ANNOTATIONS, f"{_AUTOSCALING}min-scale"): "minReplicas",
    (*_ANNOTATIONS, f"{_AUTOSCALING}max-scale"): "maxReplicas",
    ("traffic",): "canaryTrafficPercent",
}
_EXPLAIN: Final = r"^/v1/models/[\w-]+:explain$"
_EXPLAIN_BELOW: Final = r"(/v1/models/[\w-]+:explain)$"
_PORT: Final = r"(?::\d{1,5})?$"


def drop_initial_scale(annotations: JsonObject, *, zero_allowed: bool) -> None:
    """Drop an initial scale that Knative would not take."""
    stated = annotations.get(_INITIAL_SCALE)
    if stated is None:
        return
    number = signed_number(text(stated))
    if number is None or (number == 0 and not zero_allowed):
        annotations.pop(_INITIAL_SCALE)


def knative_service(component: ComponentDraft, settings: ControllerSettings) -> WrittenObject:
    """Make the Knative Service of a component."""
    metadata = component.metadata
    annotations = dict(mapping(metadata["annotations"]))
    moved: JsonObject = {}
    for key in _MOVED:
        if key in annotations:
            moved[key] = annotations.pop(key)
    scale_annotations(component.spec, annotations)
    unlabelled = disallowed_labels(settings)
    labels = {key: value for key, value in mapping(metadata["labels"]).items() if key not in unlabelled}
    spec = pick(component.pod.value, _POD_FIELDS)
    for field in ("containers", "initContainers"):
        if field in spec:
            spec[field] = [pick(mapping(item), _CONTAINER_FIELDS) for item in sequence(spec[field])]
    timeout = component.spec.get("timeout")
    if timeout is not None:
        spec.update({"timeoutSeconds": timeout, "responseStartTimeoutSeconds": timeout})
    if component.spec.get("containerConcurrency") is not None:
        spec["containerConcurrency"] = component.spec["containerConcurrency"]
    template: JsonObject = {"metadata": {"labels": labels, "annotations": annotations}, "spec": spec}
    doc: JsonObject = {
        "apiVersion": KNATIVE_API,
        "kind": "Service",
        "metadata": {**metadata, "annotations": moved},
        "spec": {"template": template, "traffic": _traffic(component, annotations)},
    }
    origins = [
        *component.labels.origins(("metadata", "labels")),
        *component.metadata_origins(("spec", "template", "metadata")),
        *below(("spec", "template", "spec"), component.pod.origins),
    ]
    for made, stated in _STATED.items():
        if component.spec.get(stated) is not None:
            origins.append(Origin(("spec", *made), (STORED, *component.path, stated, DERIVED)))
    return doc, origins


def scale_annotations(spec: JsonObject, annotations: JsonObject) -> None:
    """Say to Knative how a component scales."""
    annotations.setdefault(f"{_AUTOSCALING}class", "kpa.autoscaling.knative.dev")
    for field, key in (("scaleTarget", "target"), ("scaleMetric", "metric")):
        if spec.get(field) is not None:
            annotations[_AUTOSCALING + key] = str(spec[field])
    least, most = integer(spec.get("minReplicas")), integer(spec.get("maxReplicas"))
    annotations[f"{_AUTOSCALING}min-scale"] = str(1 if least is None else least)
    if most:
        annotations[f"{_AUTOSCALING}max-scale"] = str(most)


def _traffic(component: ComponentDraft, annotations: JsonObject) -> JsonArray:
    """Split requests between the latest revision and the first, which is all that files know of."""
    percent = integer(component.spec.get("canaryTrafficPercent"))
    latest: JsonObject = {"latestRevision": True, "percent": 100 if percent is None else percent}
    if annotations.get(_TAG_ROUTING) == "true":
        latest["tag"] = "latest"
    if percent is None or percent == _ALL:
        return [latest]
    first = f"{component.name}-00001"
    return [latest, {"latestRevision": False, "percent": _ALL - percent, "revisionName": first, "tag": "prev"}]


_ALL: Final = 100


def local_service(metadata: JsonObject, settings: ControllerSettings) -> WrittenObject:
    """Make the Service by which the cluster itself reaches an InferenceService."""
    gateway = settings.text("ingress", "localGatewayService")
    doc: JsonObject = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": metadata.get("name"), "namespace": metadata.get("namespace")},
        "spec": {"type": "ExternalName", "externalName": gateway, "sessionAffinity": "None"},
    }
    return doc, [Origin(("spec", "externalName"), (CONFIG_MAP, "ingress", "localGatewayService"))]


class VirtualServices:
    """Makes the VirtualService of an InferenceService. `entry` and `explainer` name Knative Services; blank for none.

    `is_local` says whether the entry is reachable from within the cluster only.
    """

    def __init__(self, metadata: JsonObject, settings: ControllerSettings, *, is_local: bool) -> None:
        self.metadata = metadata
        self.settings = settings
        self.is_local = is_local
        self.name, self.namespace = text(metadata.get("name")), text(metadata.get("namespace"))
        self.domain = settings.text("ingress", "ingressDomain") or "example.com"
        self.inside: list[JsonValue] = [settings.text("ingress", "localGateway"), "mesh"]
        self.outside: list[JsonValue] = [settings.text("ingress", "ingressGateway")]

    def make(self, entry: str, host: str, explainer: str) -> WrittenObject:
        """Make it; `host` is the name that the entry has outside."""
        local = f"{self.name}.{self.namespace}.svc.cluster.local"
        hosts: JsonArray = [local] if self.is_local else [local, host]
        rules: JsonArray = []
        if explainer:
            rules.append(self._rule(explainer, self._matches(local, host, {"regex": _EXPLAIN})))
        rules.append(self._rule(entry, self._matches(local, host, None)))
        template = self.settings.text("ingress", "pathTemplate")
        if template:
            path = fill_template(template, {"Name": self.name, "Namespace": self.namespace}, self.metadata)
            hosts.append(self.domain)
            rules += self._path_rules(entry, explainer, path)
        without = disallowed_annotations(self.settings)
        annotations = mapping(self.metadata.get("annotations"))
        doc: JsonObject = {
            "apiVersion": "networking.istio.io/v1beta1",
            "kind": "VirtualService",
            "metadata": {
                "name": self.name,
                "namespace": self.namespace,
                "labels": dict(mapping(self.metadata.get("labels"))),
                "annotations": {key: value for key, value in annotations.items() if key not in without},
            },
            "spec": {
                "hosts": hosts,
                "gateways": [*self.inside, *(() if self.is_local else self.outside)],
                "http": rules,
            },
        }
        origins = [Origin(("metadata", field), (STORED, "metadata", field)) for field in ("labels", "annotations")]
        origins.append(Origin(("spec", "gateways"), (CONFIG_MAP, "ingress")))
        return doc, origins

    def _matches(self, local: str, host: str, uri: JsonObject | None) -> JsonArray:
        more: JsonObject = {} if uri is None else {"uri": uri}
        found: JsonArray = [{"authority": {"regex": _authority(local)}, "gateways": list(self.inside), **more}]
        if not self.is_local:
            found.append({"authority": {"regex": _authority(host)}, "gateways": list(self.outside), **more})
        return found

    def _path_rules(self, entry: str, explainer: str, path: str) -> JsonArray:
        match: JsonObject = {"authority": {"regex": _authority(self.domain)}, "gateways": list(self.outside)}
        rules: JsonArray = []
        if explainer:
            regex = path + _EXPLAIN_BELOW
            rewrite: JsonObject = {"uriRegexRewrite": {"match": regex, "rewrite": r"\1"}}
            rules.append({**self._rule(explainer, [{**match, "uri": {"regex": regex}}]), "rewrite": rewrite})
        uris: tuple[JsonObject, ...] = ({"prefix": f"{path}/"}, {"exact": path})
        rules.append({**self._rule(entry, [{**match, "uri": uri} for uri in uris]), "rewrite": {"uri": "/"}})
        return rules

    def _rule(self, service: str, matches: JsonArray) -> JsonObject:
        headers: JsonObject = {
            "Host": f"{service}.{self.namespace}.svc.cluster.local",
            "KServe-Isvc-Name": self.name,
            "KServe-Isvc-Namespace": self.namespace,
        }
        gateway = self.settings.text("ingress", "knativeLocalGatewayService")
        destination: JsonObject = {
            "host": gateway or self.settings.text("ingress", "localGatewayService"),
            "port": {"number": 80},
        }
        return {
            "match": matches,
            "headers": {"request": {"set": headers}},
            "route": [{"destination": destination, "weight": 100}],
        }


def _authority(host: str) -> str:
    return "^" + re.sub(r"([.])", r"\\\1", host) + _PORT
