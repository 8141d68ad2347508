"""An object of the cluster in, what an inventory keeps of it out: never a value of a Secret, never a credential."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Final

from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.names import NAMESPACE_NAME_LABEL
from kservegen.core.patterns import lazy_pattern
from kservegen.core.secrets import HIDDEN, secrets_in

# The ConfigMap that KServe's controllers read: pkg/apis/serving/v1beta1/configmap.go.
KSERVE_CONFIG: Final = "inferenceservice-config"
_DEFAULT_CLASS: Final = "is-default-class"
CONTROLLER_NAME: Final = "kserve-controller-manager"
# Variables whose values the checks and the simulation read. Any other may hold a credential whatever its name is (AUTH,
# DSN, PSW), and nothing here asks for it.
KEPT_VARIABLES: Final = frozenset(
    """
    AWS_CA_BUNDLE AWS_CA_BUNDLE_CONFIGMAP CA_BUNDLE_CONFIGMAP_NAME CA_BUNDLE_VOLUME_MOUNT_POINT
    CONFIDENTIAL_ENABLED CUDA_VISIBLE_DEVICES HF_ENDPOINT HF_HOME HF_HUB_CACHE HF_HUB_OFFLINE HF_TOKEN_PATH
    HIP_VISIBLE_DEVICES HOME KSERVE_OPENAI_ROUTE_PREFIX LMCACHE_USE_EXPERIMENTAL MLSERVER_MODEL_NAME MODEL_DIR MODEL_ID
    MODEL_INIT_MODE MODEL_NAME MULTI_MODEL_SERVER NVIDIA_VISIBLE_DEVICES PIPELINE_PARALLEL_SIZE PROTOCOL
    PROTOCOL_VERSION RAY_NODE_COUNT REQUEST_GPU_COUNT ROCR_VISIBLE_DEVICES STORAGE_ALLOW_PATTERNS STORAGE_URI
    TENSOR_PARALLEL_SIZE TRANSFORMERS_OFFLINE
    VLLM_ADDITIONAL_ARGS VLLM_ALLOW_LONG_MAX_MODEL_LEN VLLM_ALLOW_RUNTIME_LORA_UPDATING VLLM_CPU_KVCACHE_SPACE
    VLLM_MEMORY_PROFILER_ESTIMATE_CUDAGRAPHS VLLM_PLUGINS VLLM_USE_FLASHINFER_SAMPLER VLLM_USE_V2_MODEL_RUNNER
    """.split()
)
# A value that is but another variable of the container, or its default, says nothing by itself.
_ANOTHER_VARIABLE: Final = lazy_pattern(r"\$\([A-Za-z_][\w.-]*\)")
# Longest text of a ConfigMap's key that is kept.
_LONGEST: Final = 64 << 10


def facts_of(kind: str, doc: JsonObject) -> JsonObject:
    """Return what is kept of an object beside its name; nothing for most kinds."""
    reader = _READERS.get(kind)
    return reader(doc) if reader is not None else {}


def controller_version(doc: JsonObject) -> str:
    """Return the version of KServe that the Deployment of its controller runs; blank for another Deployment."""
    if text(mapping(doc.get("metadata")).get("name")) != CONTROLLER_NAME:
        return ""
    pod = mapping(mapping(mapping(doc.get("spec")).get("template")).get("spec"))
    for container in map(mapping, sequence(pod.get("containers"))):
        repository, _, tag = text(container.get("image")).partition("@")[0].rpartition(":")
        if repository.rpartition("/")[2] == "kserve-controller":
            return tag
    return ""


def controller_namespace(deployments: Iterable[JsonObject]) -> str:
    """Return the one namespace that has the Deployment of KServe's controller; blank where none or several have."""
    named = (mapping(doc.get("metadata")) for doc in deployments)
    found = {text(metadata.get("namespace")) for metadata in named if metadata.get("name") == CONTROLLER_NAME}
    return found.pop() if len(found) == 1 else ""


def without_credentials(value: JsonObject) -> JsonObject:
    """Copy a document; each text in which a credential stands is hidden whole, as are variables that no check reads."""
    hidden = {path for path, _ in secrets_in(value)}
    return mapping(_copied(value, (), hidden))


def _copied(value: JsonValue, path: Path, hidden: set[Path]) -> JsonValue:
    if path in hidden:
        return HIDDEN
    if isinstance(value, dict):
        is_variable = len(path) > 1 and path[-2] == "env" and isinstance(path[-1], int)
        return {
            key: HIDDEN if key == "value" and is_variable and _may_tell(value) else _copied(item, (*path, key), hidden)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_copied(item, (*path, index), hidden) for index, item in enumerate(value)]
    return value


def _may_tell(variable: JsonObject) -> bool:
    """Whether a variable of a container has a value of its own that no check reads."""
    value = variable.get("value")
    if not value or (isinstance(value, str) and _ANOTHER_VARIABLE.fullmatch(value)):
        return False
    return text(variable.get("name")) not in KEPT_VARIABLES


def _keys(doc: JsonObject) -> JsonObject:
    keys: list[JsonValue] = [*sorted({*mapping(doc.get("data")), *mapping(doc.get("binaryData"))})]
    return {"keys": keys}


def _config_map(doc: JsonObject) -> JsonObject:
    if text(mapping(doc.get("metadata")).get("name")) != KSERVE_CONFIG:
        return _keys(doc)
    data = {key: _read(value) for key, value in mapping(doc.get("data")).items() if not key.startswith("_")}
    return {**_keys(doc), "data": without_credentials(data)}


def _read(value: JsonValue) -> JsonValue:
    """Read a key of KServe's ConfigMap, which holds JSON; what is none stays text."""
    try:
        read: JsonValue = json.loads(text(value)) if len(text(value)) < _LONGEST else ""
    except (ValueError, RecursionError):
        return text(value)
    return read


def _versions(doc: JsonObject) -> JsonObject:
    listed = map(mapping, sequence(mapping(doc.get("spec")).get("versions")))
    served: list[JsonValue] = [*sorted(text(item.get("name")) for item in listed if item.get("served") is True)]
    return {"versions": served}


def _spec(doc: JsonObject) -> JsonObject:
    return {"spec": without_credentials(mapping(doc.get("spec")))}


def _class(doc: JsonObject) -> JsonObject:
    annotations = mapping(mapping(doc.get("metadata")).get("annotations"))
    said = any(key.endswith(_DEFAULT_CLASS) and value == "true" for key, value in annotations.items())
    return {"default": True} if said else {}


def _gateway(doc: JsonObject) -> JsonObject:
    spec = mapping(doc.get("spec"))
    listeners: list[JsonValue] = [_listener(mapping(item)) for item in sequence(spec.get("listeners"))]
    return {"gatewayClassName": text(spec.get("gatewayClassName")), "listeners": listeners}


def _listener(said: JsonObject) -> JsonObject:
    kept: JsonObject = {field: said[field] for field in ("name", "hostname", "port", "protocol") if field in said}
    origin = mapping(mapping(said.get("allowedRoutes")).get("namespaces")).get("from")
    return {**kept, "from": text(origin) or "Same"}  # as the API server defaults it


def _queue(doc: JsonObject) -> JsonObject:
    spec = mapping(doc.get("spec"))
    policy = text(spec.get("stopPolicy"))
    stopped: JsonObject = {"stopPolicy": policy} if policy not in ("", "None") else {}
    return {"clusterQueue": text(spec.get("clusterQueue")), **stopped}


def _labels(doc: JsonObject) -> JsonObject:
    labels = mapping(mapping(doc.get("metadata")).get("labels"))
    return {"labels": {key: text(labels[key]) for key in sorted(labels) if key != NAMESPACE_NAME_LABEL}}


_READERS: Final[dict[str, Callable[[JsonObject], JsonObject]]] = {
    "ClusterQueue": _spec,
    "ClusterServingRuntime": _spec,
    "ClusterStorageContainer": _spec,
    "Cohort": _spec,
    "ConfigMap": _config_map,
    "CustomResourceDefinition": _versions,
    "Gateway": _gateway,
    "IngressClass": _class,
    "LLMInferenceServiceConfig": _spec,
    "LocalModelNodeGroup": _spec,
    "LocalQueue": _queue,
    "Namespace": _labels,
    "ResourceFlavor": _spec,
    "Secret": _keys,
    "ServingRuntime": _spec,
    "StorageClass": _class,
}
