"""Metadata of a component, and the pods of transformers and explainers: parts of the stored object in, those out.

Source: pkg/controller/v1beta1/inferenceservice/components/{component,transformer,explainer}.go and
pkg/apis/serving/v1beta1/{transformer_custom,explainer_custom,explainer_art}.go at v0.19.0 and v0.20.0.
"""

from __future__ import annotations

import json
from typing import Final

from kservegen.core.document import integer, mapping, sequence, text
from kservegen.core.jsontypes import JsonArray, JsonObject, Path
from kservegen.core.resource import Origin
from kservegen.kserve.controllers.control_plane import STORAGE_KIND, ControlPlane
from kservegen.kserve.controllers.made import CONFIG_MAP, STORED, ReconcileError, Traced, traced
from kservegen.kserve.controllers.parts import (
    CONTAINER_FIELDS,
    POD_FIELDS,
    SourcedMap,
    append,
    own_containers,
    pick,
    pod_containers,
    set_env,
)
from kservegen.kserve.controllers.settings import ControllerSettings
from kservegen.kserve.controllers.workloads import DEFAULT_PORT, ComponentDraft
from kservegen.kserve.storage_uris import handles, service_error
from kservegen.kserve.workloads import SERVING_CONTAINER

INTERNAL: Final = "internal.serving.kserve.io/"
SERVICE_LABEL: Final = "serving.kserve.io/inferenceservice"
SOURCE_URI: Final = f"{INTERNAL}storage-initializer-sourceuri"
_DISALLOWED: Final = frozenset(
    {
        "autoscaling.knative.dev/min-scale",
        "autoscaling.knative.dev/max-scale",
        SOURCE_URI,
        "kubectl.kubernetes.io/last-applied-configuration",
        "modelFormat",
    }
)
_DISALLOWED_LABEL: Final = "networking.knative.dev/visibility"
_PLACEHOLDER_SCHEME: Final = "<scheme-placeholder>"


def disallowed_annotations(settings: ControllerSettings) -> frozenset[str]:
    """Name the annotations that do not reach made objects; none where the ConfigMap lacks the key."""
    if not settings.has("inferenceService"):
        return frozenset()
    return _DISALLOWED.union(settings.texts("inferenceService", "serviceAnnotationDisallowedList"))


def disallowed_labels(settings: ControllerSettings) -> frozenset[str]:
    """Name the labels that do not reach Knative revisions and routes; none where the ConfigMap lacks the key."""
    if not settings.has("inferenceService"):
        return frozenset()
    return frozenset({_DISALLOWED_LABEL}).union(settings.texts("inferenceService", "serviceLabelDisallowedList"))


def lay_logger(component: JsonObject, path: Path, annotations: SourcedMap) -> None:
    """Say in annotations what the pod webhook has to log."""
    logger = component.get("logger")
    if not isinstance(logger, dict):
        return
    words = (STORED, *path, "logger")
    annotations.put(f"{INTERNAL}logger", "true", words)
    if logger.get("url") is not None:
        annotations.put(f"{INTERNAL}logger-sink-url", logger["url"], (*words, "url"))
    annotations.put(f"{INTERNAL}logger-mode", logger.get("mode") or "", (*words, "mode"))
    for field, key in (("metadataHeaders", "headers"), ("metadataAnnotations", "annotations")):
        if isinstance(logger.get(field), list):
            joined = ",".join(text(item) for item in sequence(logger[field]))
            annotations.put(f"{INTERNAL}logger-metadata-{key}", joined, (*words, field))


def lay_batcher(component: JsonObject, path: Path, annotations: SourcedMap) -> None:
    """Say in annotations what the pod webhook has to batch."""
    batcher = component.get("batcher")
    if not isinstance(batcher, dict):
        return
    words = (STORED, *path, "batcher")
    annotations.put(f"{INTERNAL}batcher", "true", words)
    for field, key in (("maxBatchSize", "max-batchsize"), ("maxLatency", "max-latency")):
        if batcher.get(field) is not None:
            annotations.put(f"{INTERNAL}batcher-{key}", str(batcher[field]), (*words, field))


def lay_storage(model: JsonObject, path: Path, annotations: SourcedMap) -> None:
    """Say in annotations which entry of the storage Secret a model is read by."""
    storage = model.get("storage")
    if not isinstance(storage, dict):
        return
    words = (STORED, *path, "storage")
    annotations.put(f"{INTERNAL}storage-spec", "true", words)
    if storage.get("parameters") is not None:
        compact = json.dumps(storage["parameters"], separators=(",", ":"), sort_keys=True, ensure_ascii=False)
        annotations.put(f"{INTERNAL}storage-spec-param", _go_escaped(compact), (*words, "parameters"))
    if storage.get("key") is not None:
        annotations.put(f"{INTERNAL}storage-spec-key", storage["key"], (*words, "key"))
    if storage.get("path") is not None:
        below = text(storage["path"]).removeprefix("/")
        annotations.put(SOURCE_URI, f"{_PLACEHOLDER_SCHEME}://{below}", (*words, "path"))


def _go_escaped(text_: str) -> str:
    """Escape as encoding/json does."""
    return text_.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def lay_source(uri: str | None, words: Path, annotations: SourcedMap, plane: ControlPlane) -> None:
    """Say in an annotation what the pod webhook has to download; ReconcileError where no download is known.

    An empty URI is one: only the absence of any means that nothing is downloaded.
    """
    if uri is None:
        return
    if SOURCE_URI in annotations.values:
        raise ReconcileError("build", "InternalError", "must provide only one of storageUri and storage.path")
    annotations.put(SOURCE_URI, uri, words)
    error = service_error(uri, plane.release.capabilities.service_schemes)
    if error and not any(handles(container, uri) for container in plane.all(STORAGE_KIND)):
        raise ReconcileError("build", "InternalError", f"storageUri, must be one of the known schemes: {error}")


def source_env(container: JsonObject) -> str | None:
    """Return what a container of one's own names as its model; None where it names nothing."""
    variables = map(mapping, sequence(container.get("env")))
    return next((text(item.get("value")) for item in variables if item.get("name") == "STORAGE_URI"), None)


def source_field(owner: JsonObject) -> str | None:
    """Return the storageUri of a model or of an art explainer; None where it states none."""
    uri = owner.get("storageUri")
    return uri if isinstance(uri, str) else None


def component_labels(service: JsonObject, component: JsonObject, path: Path, role: str) -> SourcedMap:
    """Lay the labels of a component together, a runtime's left out."""
    metadata = mapping(service.get("metadata"))
    labels = SourcedMap()
    labels.lay(mapping(metadata.get("labels")), (STORED, "metadata", "labels"))
    labels.lay(mapping(component.get("labels")), (STORED, *path, "labels"))
    labels.put(SERVICE_LABEL, metadata.get("name"))
    labels.put("component", role)
    return labels


def side_component(service: JsonObject, role: str, host: str, plane: ControlPlane) -> ComponentDraft:
    """Make a transformer or an explainer; `host` is where the predictor answers."""
    metadata = mapping(service.get("metadata"))
    path: Path = ("spec", role)
    component = mapping(mapping(service.get("spec")).get(role))
    name = text(metadata.get("name"))
    without = disallowed_annotations(plane.settings)
    annotations = SourcedMap()
    annotations.lay(mapping(metadata.get("annotations")), (STORED, "metadata", "annotations"), without)
    lay_logger(component, path, annotations)
    if role == "transformer":
        lay_batcher(component, path, annotations)
    art = component.get("art") if role == "explainer" else None
    if isinstance(art, dict):
        uri, words = source_field(art), (STORED, *path, "art", "storageUri")
    else:
        first = mapping(next(iter(sequence(component.get("containers"))), {}))
        uri, words = source_env(first), (STORED, *path, "containers", 0, "env")
    lay_source(uri, words, annotations, plane)
    annotations.lay(mapping(component.get("annotations")), (STORED, *path, "annotations"), without)
    pod = _art_pod(component, name, host, plane) if isinstance(art, dict) else _own_pod(component, role, name, host)
    return ComponentDraft(
        role=role,
        name=f"{name}-{role}",
        namespace=text(metadata.get("namespace")),
        spec=component,
        path=path,
        annotations=annotations,
        labels=component_labels(service, component, path, role),
        pod=pod,
    )


def _own_pod(component: JsonObject, role: str, name: str, host: str) -> Traced:
    value = {**pick(component, POD_FIELDS), "containers": own_containers(component)}
    containers = pod_containers(value)
    if not containers:
        raise ReconcileError(role, "Panic", f"panic: the {role} has no container")
    first = containers[0]
    _add_flag(first, "--model_name", name)
    _add_flag(first, "--predictor_host", host)
    if role == "transformer":
        _add_flag(first, "--http_port", str(DEFAULT_PORT))
    else:
        append(first, "args", "--http_port", str(DEFAULT_PORT))
    workers = integer(component.get("containerConcurrency"))
    if workers is not None:
        _add_flag(first, "--workers", str(workers))
    if role == "transformer":
        set_env(first, "INFERENCE_SERVICE_NAME", name)
    path = (STORED, "spec", role)
    origins = traced(value, path).origins
    stated = len(sequence(mapping(next(iter(sequence(component.get("containers"))), {})).get("args")))
    added = range(stated, len(sequence(first.get("args"))))
    origins += [Origin(("containers", 0, "args", number), ("KServe", "args")) for number in added]
    return Traced(value, origins)


def _add_flag(container: JsonObject, flag: str, value: str) -> None:
    if not any(text(item).startswith(flag) for item in sequence(container.get("args"))):
        append(container, "args", flag, value)


def _art_pod(component: JsonObject, name: str, host: str, plane: ControlPlane) -> Traced:
    art = mapping(component.get("art"))
    container = pick(art, CONTAINER_FIELDS)
    own = sequence(art.get("args"))
    args: JsonArray = ["--model_name", name, "--http_port", str(DEFAULT_PORT)]
    if not any(text(item).startswith("--predictor_host") for item in own):
        args += ["--predictor_host", host]
    workers = integer(component.get("containerConcurrency"))
    if workers is not None and not any(text(item).startswith("--workers") for item in own):
        args += ["--workers", str(workers)]
    if art.get("storageUri"):
        args += ["--storage_uri", "/mnt/models"]
    args += ["--adversary_type", text(art.get("type"))]
    for key, value in sorted(mapping(art.get("config")).items()):
        args += [f"--{key}", text(value)]
    container["args"] = [*args, *own, *own]
    origins = traced(pick(component, POD_FIELDS), (STORED, "spec", "explainer")).origins
    origins.append(Origin(("containers", 0), (STORED, "spec", "explainer", "art")))
    origins.append(Origin(("containers", 0, "args"), ("KServe", "args")))
    if not container.get("image"):
        shipped = mapping(plane.settings.section("explainers").get("art"))
        container["image"] = f"{text(shipped.get('image'))}:{text(art.get('runtimeVersion'))}"
        origins.append(Origin(("containers", 0, "image"), (CONFIG_MAP, "explainers", "art", "image")))
    container["name"] = container.get("name") or SERVING_CONTAINER
    value = pick(component, POD_FIELDS)
    value["containers"] = [container]
    return Traced(value, origins)
