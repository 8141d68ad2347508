"""Local model caches: what the webhook writes on a service whose model is cached, and the volumes of a cache.

Source: pkg/apis/serving/v1beta1/inference_service_defaults.go (D10 of the project's table of rules),
pkg/controller/v1alpha1/localmodel at v0.19.0 and v0.20.0.
"""

from __future__ import annotations

from typing import Final

from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject
from kservegen.core.resource import Origin
from kservegen.kserve.controllers.components import INTERNAL, source_env
from kservegen.kserve.controllers.control_plane import ControlPlane
from kservegen.kserve.controllers.made import Made
from kservegen.kserve.controllers.parts import container_named
from kservegen.kserve.controllers.writer import ObjectWriter
from kservegen.kserve.releases import Capabilities
from kservegen.kserve.workloads import SERVING_CONTAINER

LOCAL_MODEL_LABEL: Final = f"{INTERNAL}localmodel"
CACHE_SWITCH: Final = "serving.kserve.io/disable-localmodel"
_NODE_GROUP: Final = "serving.kserve.io/nodegroup"
CACHE: Final = "LocalModelCache"
NAMESPACE_CACHE: Final = "LocalModelNamespaceCache"


def with_cache(stored: JsonObject, plane: ControlPlane) -> JsonObject:
    """Return a service, an LLM service too, as the webhook stores it where a cache holds its model."""
    metadata = mapping(stored.get("metadata"))
    annotations = mapping(metadata.get("annotations"))
    if not plane.settings.is_on("localModel", "enabled") or CACHE_SWITCH in annotations:
        return stored
    uri = _model_uri(mapping(stored.get("spec")))
    cache = _cache_of(uri, text(metadata.get("namespace")), plane) if uri else None
    if cache is None:
        return stored
    spec, name = mapping(cache.get("spec")), text(mapping(cache.get("metadata")).get("name"))
    groups = [text(group) for group in sequence(spec.get("nodeGroups"))]
    group = annotations.get(_NODE_GROUP, next(iter(groups), ""))
    if group not in groups:
        return stored
    labels: JsonObject = {**mapping(metadata.get("labels")), LOCAL_MODEL_LABEL: name}
    if cache.get("kind") == NAMESPACE_CACHE:
        labels[f"{LOCAL_MODEL_LABEL}-namespace"] = metadata.get("namespace")
    notes: JsonObject = {
        **annotations,
        f"{LOCAL_MODEL_LABEL}-sourceuri": spec.get("sourceModelUri"),
        f"{LOCAL_MODEL_LABEL}-pvc-name": f"{name}-{group}",
    }
    return {**stored, "metadata": {**metadata, "labels": labels, "annotations": notes}}


def cached_uri(uri: str, labels: JsonObject, annotations: JsonObject, capabilities: Capabilities) -> str:
    """Return where a cache's claim holds a model, by what the webhook wrote; blank where it wrote of no claim."""
    claim, source = (annotations.get(f"{LOCAL_MODEL_LABEL}-{key}") for key in ("pvc-name", "sourceuri"))
    if not isinstance(claim, str):
        return ""
    from hashlib import sha256  # noqa: PLC0415 - brings OpenSSL, for the few that are cached

    by_uri = capabilities.caches_by_uri
    folder = sha256(text(source).encode()).hexdigest()[:16] if by_uri else text(labels.get(LOCAL_MODEL_LABEL))
    rest = uri.removeprefix(text(source))
    return f"pvc://{claim}/models/{folder}{rest if rest.startswith('/') else '/' + rest}"


def _model_uri(spec: JsonObject) -> str:
    if isinstance(llm := spec.get("model"), dict):
        return text(llm.get("uri"))
    predictor = mapping(spec.get("predictor"))
    model = predictor.get("model")
    if isinstance(model, dict):
        return text(model.get("storageUri"))
    serving = container_named(predictor, SERVING_CONTAINER)
    return "" if serving is None else source_env(serving) or ""


def _cache_of(uri: str, namespace: str, plane: ControlPlane) -> JsonObject | None:
    kinds = [(NAMESPACE_CACHE, namespace)] if plane.release.capabilities.caches_by_uri else []
    caches = (cache for kind, where in (*kinds, (CACHE, "")) for cache in plane.beside.all(kind, where))
    for cache in caches:
        source = text(mapping(cache.get("spec")).get("sourceModelUri")).removesuffix("/")
        if source and (uri == source or uri.startswith(f"{source}/")):
            return cache
    return None


def make_cache(stored: JsonObject, plane: ControlPlane) -> Made:
    """Make the volumes of a LocalModelCache: for the download in each group, and for each namespace that uses it."""
    writer = ObjectWriter(stored)
    name, spec = text(mapping(stored.get("metadata")).get("name")), mapping(stored.get("spec"))
    jobs = plane.settings.text("localModel", "jobNamespace")
    users = {
        text(mapping(service.get("metadata")).get("namespace"))
        for kind in ("InferenceService", "LLMInferenceService")
        for service in (with_cache(item, plane) for item in plane.beside.all(kind))
        if mapping(mapping(service.get("metadata")).get("labels")).get(LOCAL_MODEL_LABEL) == name
    }
    for group in map(text, sequence(spec.get("nodeGroups"))):
        found = plane.beside.find("LocalModelNodeGroup", "", group)
        if found is None:
            continue
        _volume(writer, f"{name}-{group}-download", f"{name}-{group}", jobs, found)
        if not plane.settings.is_on("localModel", "disableVolumeManagement"):
            for namespace in sorted(users):
                _volume(writer, f"{name}-{group}-{namespace}", f"{name}-{group}", namespace, found)
    return Made(objects=tuple(writer.objects))


def _volume(writer: ObjectWriter, volume: str, claim: str, namespace: str, group: JsonObject) -> None:
    spec = mapping(group.get("spec"))
    words = (f"LocalModelNodeGroup {text(mapping(group.get('metadata')).get('name'))}", "spec")
    at_volume: JsonObject = {"name": volume}
    at_claim: JsonObject = {"name": claim, "namespace": namespace}
    volume_spec: JsonObject = {
        "persistentVolumeReclaimPolicy": "Retain",
        "volumeMode": "Filesystem",
        **mapping(spec.get("persistentVolumeSpec")),
    }
    claim_spec: JsonObject = {
        "volumeMode": "Filesystem",
        **mapping(spec.get("persistentVolumeClaimSpec")),
        "volumeName": volume,
    }
    for kind, metadata, made in (
        ("PersistentVolume", at_volume, volume_spec),
        ("PersistentVolumeClaim", at_claim, claim_spec),
    ):
        doc: JsonObject = {"apiVersion": "v1", "kind": kind, "metadata": metadata, "spec": made}
        writer.write(doc, [Origin(("spec",), (*words, f"persistent{kind.removeprefix('Persistent')}Spec"))])
