"""The InferenceService controller: a stored InferenceService in, all that it makes, up to where it stops, out.

The steps stand in the order of pkg/controller/v1beta1/inferenceservice/controller.go at v0.19.0 and v0.20.0.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from kservegen.core.document import integer, mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.resource import Origin
from kservegen.kserve.controllers.autoscaling import autoscaler_of, collector_of
from kservegen.kserve.controllers.canaries import canary_predictor, canary_replicas
from kservegen.kserve.controllers.components import (
    INTERNAL,
    component_labels,
    disallowed_annotations,
    lay_batcher,
    lay_logger,
    lay_source,
    lay_storage,
    side_component,
    source_env,
    source_field,
)
from kservegen.kserve.controllers.control_plane import ControlPlane
from kservegen.kserve.controllers.domains import host_name
from kservegen.kserve.controllers.downloads import inject_downloads
from kservegen.kserve.controllers.knative import (
    CLUSTER_LOCAL,
    VISIBILITY,
    VirtualServices,
    drop_initial_scale,
    knative_service,
    local_service,
)
from kservegen.kserve.controllers.local_models import with_cache
from kservegen.kserve.controllers.made import STORED, Made, Outcome, ReconcileError
from kservegen.kserve.controllers.multi_model import is_multi_model
from kservegen.kserve.controllers.multi_node import node_services, worker_of
from kservegen.kserve.controllers.parts import SourcedMap, container_named
from kservegen.kserve.controllers.pods.webhook import make_pod
from kservegen.kserve.controllers.predictor import custom_pod, model_pod, runtime_defaults
from kservegen.kserve.controllers.routes import Backend, backend_of, has_routes, ingress_of, routes_of
from kservegen.kserve.controllers.runtime_choice import ChosenRuntime, choose_runtime
from kservegen.kserve.controllers.trained_models import models_file
from kservegen.kserve.controllers.workloads import ComponentDraft, app_label, component_deployment, component_service
from kservegen.kserve.controllers.writer import ObjectWriter
from kservegen.kserve.defaulting.inference_service import MODE, NEW_MODE
from kservegen.kserve.workloads import SERVING_CONTAINER

_MODES: Final = ("Standard", "Knative", "ModelMesh")
_STOP: Final = "serving.kserve.io/stop"
_BUNDLE_KEY: Final = "cabundle.crt"
_COMPONENTS: Final = ("predictor", "transformer", "explainer")
# Known defects of releases that keep a predictor which spans nodes from ever being ready.
_NODES: Final = {
    "multi-node-never-ready": "the conditions of two Deployments are never taken for true",
    "multi-node-churn": "the workers are deleted on every pass",
}


def make_inference_service(stored: JsonObject, plane: ControlPlane) -> Made:
    """Take every step for an InferenceService that was admitted."""
    reconcile = _Reconcile(with_cache(stored, plane), plane)
    outcome: Outcome | None = None
    try:
        reconcile.run()
    except ReconcileError as problem:
        outcome = problem.outcome
    objects = tuple(reconcile.writer.objects)
    pods = tuple(make_pod(item, plane) for item in objects if "template" in mapping(item.doc.get("spec")))
    return Made(objects=objects, pods=pods, outcome=outcome, never_ready=reconcile.never_ready)


def _own(stored: JsonObject) -> JsonObject:
    """Copy a service as far as the controller changes it in memory: metadata, the predictor and its model."""
    metadata, spec = dict(mapping(stored.get("metadata"))), dict(mapping(stored.get("spec")))
    for owner, fields in ((metadata, ("labels", "annotations")), (spec, ("predictor",))):
        owner.update({field: dict(mapping(owner[field])) for field in fields if isinstance(owner.get(field), dict)})
    predictor = mapping(spec.get("predictor"))
    if isinstance(predictor.get("model"), dict):
        predictor["model"] = dict(mapping(predictor["model"]))
    return {**stored, "metadata": metadata, "spec": spec}


def deployment_mode_of(annotations: JsonObject, plane: ControlPlane) -> str:
    """Resolve a mode: what an object's annotation says if it is one, else the cluster's own."""
    stated = text(annotations.get(MODE))
    stated = NEW_MODE.get(stated, stated)
    if stated in _MODES:
        return stated
    usual = plane.settings.deployment_mode
    return NEW_MODE.get(usual, usual)


def is_switched_off(annotations: JsonObject) -> bool:
    """Whether an object is told to have nothing run."""
    return text(annotations.get(_STOP)).lower() == "true"


class _Reconcile:
    """One pass of the controller; `service` is the object in memory, which its own steps change."""

    def __init__(self, stored: JsonObject, plane: ControlPlane) -> None:
        self.plane = plane
        self.service = _own(stored)
        self.metadata = mapping(self.service.get("metadata"))
        self.spec = mapping(self.service.get("spec"))
        self.name, self.namespace = text(self.metadata.get("name")), text(self.metadata.get("namespace"))
        self.writer = ObjectWriter(stored, image_volumes=plane.image_volumes)
        self.annotations = mapping(self.metadata.get("annotations"))
        self.mode = deployment_mode_of(self.annotations, plane)
        self.worker: ComponentDraft | None = None

    @property
    def _roles(self) -> tuple[str, ...]:
        return tuple(role for role in _COMPONENTS if isinstance(self.spec.get(role), dict))

    def run(self) -> None:
        """Take the steps of the controller."""
        if "predictor" not in self._roles:
            raise ReconcileError("admission", "Invalid", "spec.predictor: Required value")
        if self.mode == "ModelMesh":
            raise ReconcileError("mode", "ModelMesh", "nothing is made in mode ModelMesh: its own controller serves it")
        self._check_finalizer()
        if self.mode == "Knative":
            self._prepare_knative()
        self._copy_certificates()
        for role in self._roles:
            self._component(role)
        if self.plane.settings.stated and not self._is_off:
            self._routes()

    def _routes(self) -> None:
        """Lead requests in, which happens once the components are ready.

        Without a ConfigMap nothing is known of what leads into the cluster, so nothing is said of it.
        """
        if self.mode == "Knative":
            self._knative_routes()
            return
        settings = self.plane.settings
        if not has_routes(self.metadata, settings) or self.never_ready:
            return
        backends: dict[str, Backend] = {role: self._backend(role) for role in self._roles}
        if settings.is_on("ingress", "enableGatewayApi"):
            for route in routes_of(self.metadata, backends, settings, self.plane.release.capabilities):
                self.writer.write(*route)
        else:
            self.writer.write(*ingress_of(self.metadata, backends, settings))

    @property
    def never_ready(self) -> str:
        """Say why the predictor's condition never comes true; blank where it may."""
        if self.mode != "Standard" or mapping(self.spec.get("predictor")).get("workerSpec") is None:
            return ""
        return next((why for defect, why in _NODES.items() if defect in self.plane.release.defects), "")

    def _backend(self, role: str) -> Backend:
        name = self._predictor_name if role == "predictor" else f"{self.name}-{role}"
        made = (item.doc for item in self.writer.objects if item.label == f"Service/{name}")
        return backend_of(role, mapping(self.spec.get(role)), next(made), self.plane.release.capabilities)

    def _check_finalizer(self) -> None:
        """Stop where KServe's own webhook refuses the controller's first write."""
        stated = NEW_MODE.get(text(self.annotations.get(MODE)), self.annotations.get(MODE))
        if self.plane.release.capabilities.empty_status_is_standard and stated not in (None, "Standard"):
            message = f"update rejected: deploymentMode cannot be changed from 'Standard' to '{stated}'"
            raise ReconcileError("finalizer", "UpdateRejected", message)

    def _prepare_knative(self) -> None:
        if not self.plane.has_knative:
            message = "InferenceService ServerlessMode rejected: Knative Serving is not available"
            raise ReconcileError("mode", "ServerlessModeRejected", message)
        config = self.plane.beside.find("ConfigMap", "knative-serving", "config-autoscaler") or {}
        allowed = mapping(config.get("data")).get("allow-zero-initial-scale") == "true"
        drop_initial_scale(self.annotations, zero_allowed=allowed)

    def _copy_certificates(self) -> None:
        """Bring the bundle of certificates that downloads trust into the namespace."""
        name = self.plane.settings.text("storageInitializer", "caBundleConfigMapName")
        if not name:
            return
        source = self.plane.beside.find("ConfigMap", self.plane.settings.namespace, name)
        data = mapping(mapping(source or {}).get("data"))
        if _BUNDLE_KEY not in data:
            raise ReconcileError("certificates", "NotFound", f"ConfigMap {name} with key {_BUNDLE_KEY} is missing")
        if self.namespace != self.plane.settings.namespace:
            copy: JsonObject = {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": "global-ca-bundle", "namespace": self.namespace},
                "data": {_BUNDLE_KEY: data[_BUNDLE_KEY]},
            }
            self.writer.write(copy)

    def _component(self, role: str) -> None:
        if role == "predictor":
            stable = mapping(self.spec.get("predictor"))
            component = self._predictor(stable, self._predictor_name)
            entries = sequence(self.spec.get("canary")) if self.plane.release.capabilities.canary else []
            counts = [canary_replicas(stable, mapping(entry)) for entry in entries]
            least = integer(stable.get("minReplicas"))
            if entries and least is not None:
                component.spec = {**component.spec, "minReplicas": max(1, least - sum(counts))}
            self._write(component)
            for entry, count in zip(entries, counts, strict=True):
                self._canary(stable, mapping(entry), count)
        else:
            host = f"{self._predictor_name}.{self.namespace}"
            self._write(side_component(self.service, role, host, self.plane))

    def _canary(self, stable: JsonObject, entry: JsonObject, count: int) -> None:
        predictor = canary_predictor(stable, mapping(entry.get("predictor")))
        name = f"{self.name}-{text(predictor.get('name'))}-predictor"
        component = self._predictor(predictor, name)
        component.spec = {"minReplicas": count}
        component.is_canary = True
        self._write(component)

    @property
    def _is_off(self) -> bool:
        return is_switched_off(self.annotations)

    @property
    def _predictor_name(self) -> str:
        own = text(mapping(self.spec.get("predictor")).get("name"))
        return f"{self.name}-{own}-predictor" if own else f"{self.name}-predictor"

    def _predictor(self, predictor: JsonObject, name: str) -> ComponentDraft:
        path = ("spec", "predictor")
        annotations = self._predictor_annotations(predictor, path)
        if is_multi_model(predictor):
            self._model_config()
        runtime_annotations, runtime_labels = SourcedMap(), SourcedMap()
        runtime: ChosenRuntime | None = None
        capabilities = self.plane.release.capabilities
        if isinstance(predictor.get("model"), dict):
            runtime = choose_runtime(predictor, self.namespace, self.plane)
            model = mapping(predictor["model"])
            if model.get("protocolVersion") is None:
                model["protocolVersion"] = next(iter(runtime.protocols), "")
            model["runtime"] = runtime.name
            runtime_defaults(model, runtime, mapping(self.metadata.setdefault("labels", {})), self.name)
            pod = model_pod(predictor, path, runtime, self.metadata, capabilities)
            without = disallowed_annotations(self.plane.settings)
            runtime_annotations.lay(mapping(runtime.spec.get("annotations")), runtime.words("annotations"), without)
            runtime_labels.lay(mapping(runtime.spec.get("labels")), runtime.words("labels"))
        elif predictor.get("workerSpec") is not None:
            raise ReconcileError("predictor", "Panic", "panic: a predictor of one's own cannot span nodes")
        else:
            pod = custom_pod(predictor, path, self.name)
        without = disallowed_annotations(self.plane.settings)
        annotations.lay(mapping(predictor.get("annotations")), (STORED, *path, "annotations"), without)
        runtime_annotations.merge(annotations)
        labels = component_labels(self.service, predictor, path, "predictor")
        runtime_labels.merge(labels)
        component = ComponentDraft(
            role="predictor",
            name=name,
            namespace=self.namespace,
            spec=predictor,
            path=path,
            annotations=runtime_annotations,
            labels=runtime_labels,
            pod=pod,
            own_annotations=annotations,
            own_labels=labels,
        )
        if runtime is not None and predictor.get("workerSpec") is not None:
            self.worker = worker_of(component, self.name, runtime, capabilities, self.plane.settings)
        return component

    def _predictor_annotations(self, predictor: JsonObject, path: Path) -> SourcedMap:
        annotations = SourcedMap()
        without = disallowed_annotations(self.plane.settings)
        annotations.lay(self.annotations, (STORED, "metadata", "annotations"), without)
        model = mapping(predictor.get("model"))
        lay_logger(predictor, path, annotations)
        lay_batcher(predictor, path, annotations)
        lay_storage(model, (*path, "model"), annotations)
        if is_multi_model(predictor):
            annotations.put(f"{INTERNAL}agent", "true")
            annotations.put(f"{INTERNAL}configVolumeName", f"modelconfig-{self.name}-0")
            annotations.put(f"{INTERNAL}configMountPath", "/mnt/configs")
            annotations.put(f"{INTERNAL}modelDir", "/mnt/models")
        uri, words = self._source(predictor, path)
        lay_source(uri, words, annotations, self.plane)
        capabilities = self.plane.release.capabilities
        container = predictor.get("storageContainerName")
        if capabilities.storage_container_names and container and uri:
            annotations.put(f"{INTERNAL}storage-container-name", container, (STORED, *path, "storageContainerName"))
        confidential = mapping(model.get("confidential"))
        if capabilities.confidential and confidential.get("enabled") is True:
            own = (STORED, *path, "model", "confidential")
            annotations.put(f"{INTERNAL}confidential-enabled", "true", (*own, "enabled"))
            if confidential.get("resourceId"):
                annotations.put(f"{INTERNAL}confidential-resource-id", confidential["resourceId"], (*own, "resourceId"))
        return annotations

    def _source(self, predictor: JsonObject, path: Path) -> tuple[str | None, Path]:
        model = predictor.get("model")
        if isinstance(model, dict):
            return source_field(model), (STORED, *path, "model", "storageUri")
        serving = container_named(predictor, SERVING_CONTAINER)
        return (None if serving is None else source_env(serving)), (STORED, *path, "containers")

    def _model_config(self) -> None:
        labels: JsonValue = dict(mapping(self.metadata.get("labels")))
        doc: JsonObject = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": f"modelconfig-{self.name}-0", "namespace": self.namespace, "labels": labels},
            "data": {"models.json": models_file(self.service, self.plane)},
        }
        self.writer.write(doc)

    def _write(self, component: ComponentDraft) -> None:
        """Build what a component consists of in memory, then write it in the release's order."""
        settings = self.plane.settings
        if self.mode == "Knative":
            self._write_knative(component)
            return
        component.labels.put("app", app_label(component.name))
        if self._is_off:
            return
        self._check_component_mode(component)
        collector = collector_of(component, settings)
        scaler = autoscaler_of(component, settings)
        host_name(component.name, self.metadata, settings)
        inject_downloads(component, self.plane)
        deployments, services = [component_deployment(component, settings)], [component_service(component, settings)]
        worker, self.worker = self.worker, None
        if worker is not None:
            inject_downloads(worker, self.plane)
            deployments.append(component_deployment(worker, settings))
            services += node_services(component, worker, self.plane.release.capabilities)
        early = self.plane.release.capabilities.services_first
        workloads = [*services, collector, *deployments] if early else [collector, *deployments, *services]
        for item in workloads:
            if item is not None:
                self._write_one(item)
        if scaler is not None:
            self._write_one(scaler, owned=not component.is_canary)

    def _check_component_mode(self, component: ComponentDraft) -> None:
        """Stop where the component's own annotations ask for another mode than the one that was resolved."""
        stated = text(component.annotations.values.get(MODE))
        if stated and NEW_MODE.get(stated, stated) != "Standard":
            message = f"unsupported deployment mode for workload: {stated}"
            raise ReconcileError("build", "ReconcileFailed", message)

    def _write_knative(self, component: ComponentDraft) -> None:
        if self._is_off:
            return
        with suppress(ReconcileError):  # the controller only logs it
            inject_downloads(component, self.plane)
        self._write_one(knative_service(component, self.plane.settings))

    def _knative_routes(self) -> None:
        """Lead requests in by way of Istio, once the components are ready."""
        settings = self.plane.settings
        if settings.is_on("ingress", "disableIstioVirtualHost"):
            return
        self.writer.write(*local_service(self.metadata, settings))
        entry = f"{self.name}-transformer" if "transformer" in self._roles else self._predictor_name
        explainer = f"{self.name}-explainer" if "explainer" in self._roles else ""
        made = next(item.doc for item in self.writer.objects if item.label == f"Service.serving.knative.dev/{entry}")
        labels = mapping(mapping(made["metadata"]).get("labels"))
        maker = VirtualServices(self.metadata, settings, is_local=labels.get(VISIBILITY) == CLUSTER_LOCAL)
        outer = entry.removesuffix("-transformer").removesuffix("-predictor")
        host = f"{outer}-{self.namespace}.{maker.domain}"
        self.writer.write(*maker.make(entry, host, explainer))

    def _write_one(self, item: tuple[JsonObject, list[Origin]], *, owned: bool = True) -> None:
        try:
            self.writer.write(*item, owned=owned)
        except ReconcileError as problem:
            refusal = problem.outcome
            raise ReconcileError(refusal.step, "ReconcileFailed", refusal.message, refusal.source) from problem
