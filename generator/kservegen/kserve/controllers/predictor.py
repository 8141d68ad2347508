"""The predictor of an InferenceService: its part of the stored object in, metadata and pod out.

Source: pkg/controller/v1beta1/inferenceservice/components/predictor.go, pkg/apis/serving/v1beta1/predictor_*.go,
pkg/utils/container_merge.go at v0.19.0 and v0.20.0.
"""

from __future__ import annotations

import re
from typing import Final

from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.patterns import lazy_pattern
from kservegen.core.resource import Origin, trace
from kservegen.kserve.controllers.made import KSERVE, STORED, ReconcileError, Traced, below, traced
from kservegen.kserve.controllers.merging import merge, without_empty
from kservegen.kserve.controllers.parts import (
    CONTAINER_FIELDS,
    POD_FIELDS,
    append,
    container_named,
    own_containers,
    pick,
    pod_containers,
    set_env,
)
from kservegen.kserve.controllers.placeholders import PlaceholderError, fill_placeholders
from kservegen.kserve.controllers.runtime_choice import ChosenRuntime
from kservegen.kserve.releases import Capabilities
from kservegen.kserve.workloads import SERVING_CONTAINER, TRANSFORMER_CONTAINER

# The fields of a runtime's pod that reach the predictor's; every other one is dropped.
RUNTIME_POD_FIELDS: Final = frozenset(
    {"nodeSelector", "affinity", "tolerations", "volumes", "imagePullSecrets", "schedulerName", "resourceClaims"}
)
_TAG: Final = lazy_pattern(r":[\w.\-_]*$", re.ASCII)
_BY_GPU: Final = frozenset({"tensorflow-serving", "torchserve", "huggingfaceserver"})
_SERVER_TYPES: Final = {
    "kserve-mlserver": "mlserver",
    "kserve-torchserve": "torchserve",
    "kserve-tritonserver": "tritonserver",
    "kserve-tensorflow-serving": "tensorflow-serving",
    "kserve-huggingfaceserver": "huggingfaceserver",
    "kserve-vllmserver": "vllmserver",
}
_NO_KSERVE_CONTAINER: Final = f"no container with name {SERVING_CONTAINER} found in {{}}"


def model_pod(
    predictor: JsonObject, path: Path, runtime: ChosenRuntime, metadata: JsonObject, capabilities: Capabilities
) -> Traced:
    """Make the pod of a predictor with a model: the runtime's, with what the service states laid over it."""
    model = mapping(predictor.get("model"))
    base = runtime.container(SERVING_CONTAINER)
    if base is None:
        raise _invalid("failed to get runtime container")
    overlay = traced(without_empty(pick(model, CONTAINER_FIELDS)), (STORED, *path, "model"))
    merged = merge_containers(base, overlay, capabilities)
    filled = _filled(merged, metadata)
    set_image(filled.value, model.get("runtimeVersion"), runtime, capabilities)
    if model.get("runtimeVersion") is not None:
        filled.origins.append(Origin(("image",), (STORED, *path, "model", "runtimeVersion")))
    own_pod = without_empty(pick(predictor, POD_FIELDS - {"containers"}))
    pod = merge(
        traced(pick(runtime.spec, RUNTIME_POD_FIELDS), runtime.words()),
        traced(own_pod, (STORED, *path)),
    )
    containers = [filled, *_other_containers(predictor, path, runtime, metadata, capabilities)]
    return with_service_name(assembled(pod, containers), text(metadata.get("name")))


def assembled(pod: Traced, containers: list[Traced]) -> Traced:
    """Put containers into a pod's spec."""
    value: JsonObject = {**pod.value, "containers": [dict(container.value) for container in containers]}
    origins = list(pod.origins)
    for number, container in enumerate(containers):
        origins += below(("containers", number), container.origins)
    return Traced(value, origins)


def _other_containers(
    predictor: JsonObject, path: Path, runtime: ChosenRuntime, metadata: JsonObject, capabilities: Capabilities
) -> list[Traced]:
    """Put the transformer beside it first, then the runtime's other containers, then the service's own."""
    own = [
        traced(item, (STORED, *path, "containers", number))
        for number, item in enumerate(sequence(predictor.get("containers")))
        if isinstance(item, dict)
    ]
    theirs = [runtime.container_at(number) for number in range(len(runtime.containers))]
    found: list[Traced] = []
    base = next((item for item in theirs if item.value.get("name") == TRANSFORMER_CONTAINER), None)
    overlay = next((item for item in own if item.value.get("name") == TRANSFORMER_CONTAINER), None)
    if base is not None and overlay is not None:
        overlay = Traced(without_empty(overlay.value), overlay.origins)
        found.append(_filled(merge_containers(base, overlay, capabilities), metadata))
    elif base is not None or overlay is not None:
        found.append(_filled(base or overlay or Traced({}, []), metadata))
    apart = (SERVING_CONTAINER, TRANSFORMER_CONTAINER)
    return [*found, *(item for item in (*theirs, *own) if item.value.get("name") not in apart)]


def merge_containers(base: Traced, overlay: Traced, capabilities: Capabilities) -> Traced:
    """Merge a runtime's container with a service's: arguments are joined, all else goes by the strategic merge."""
    merged = merge(base, overlay)
    value = merged.value
    if not value.get("name"):
        value["name"] = base.value.get("name")
    before, after = sequence(base.value.get("args")), sequence(overlay.value.get("args"))
    if before and after:
        value["args"] = [*before, *after]
        merged.origins[:] = [origin for origin in merged.origins if origin.built != ("args",)]
        first, words = trace(("args",), base.origins), trace(("args",), overlay.origins)
        merged.origins.append(Origin(("args",), first))
        merged.origins.extend(Origin(("args", len(before) + i), (*words, i)) for i in range(len(after)))
    if capabilities.env_sources_replace:
        _keep_one_source(value, overlay.value)
    return Traced(value, merged.origins)


def _keep_one_source(merged: JsonObject, overlay: JsonObject) -> None:
    """Drop the runtime's half of a variable that came to have both a value and a source."""
    stated = {text(mapping(item).get("name")): mapping(item) for item in sequence(overlay.get("env"))}

    def kept(variable: JsonObject) -> JsonObject:
        own = stated.get(text(variable.get("name")))
        if own is None or not variable.get("value") or not variable.get("valueFrom"):
            return variable
        other = "value" if own.get("valueFrom") else "valueFrom"
        return {field: item for field, item in variable.items() if field != other}

    if stated:
        merged["env"] = [kept(mapping(item)) for item in sequence(merged.get("env"))]


def _filled(container: Traced, metadata: JsonObject) -> Traced:
    try:
        return Traced(fill_placeholders(container.value, metadata), container.origins)
    except PlaceholderError as problem:
        raise _invalid(f"failed to replace placeholders in serving runtime Container: {problem}") from problem


def set_image(container: JsonObject, version: JsonValue, runtime: ChosenRuntime, capabilities: Capabilities) -> None:
    """Choose the variant of the serving image: a stated version, the one for GPUs or the one for the CPU."""
    image = text(container.get("image"))
    if "@sha256:" in image:
        return
    tag = _TAG.search(image)
    if isinstance(version, str):
        container["image"] = image[: tag.start()] + f":{version}" if tag else f"{image}:{version}"
        return
    if tag is None:
        return
    gpu = _has_gpu(container)
    by_type = capabilities.images_by_server_type
    kind = runtime.server_type or _SERVER_TYPES.get(runtime.name, "") if by_type else _SERVER_TYPES.get(runtime.name)
    if gpu and kind in _BY_GPU and not image.endswith("-gpu"):
        container["image"] = f"{image}-gpu"
    elif by_type and not gpu and kind == "vllmserver" and not image[: tag.start()].endswith("-cpu"):
        container["image"] = f"{image[: tag.start()]}-cpu{tag[0]}"


def _has_gpu(container: JsonObject) -> bool:
    limits = mapping(mapping(container.get("resources")).get("limits"))
    return any(name == "nvidia.com/gpu" or name.startswith("nvidia.com/mig") for name in limits)


def custom_pod(predictor: JsonObject, path: Path, name: str) -> Traced:
    """Make the pod of a predictor of one's own."""
    value = {**pick(predictor, POD_FIELDS), "containers": own_containers(predictor)}
    listed = pod_containers(value)
    serving = container_named(value, SERVING_CONTAINER)
    if serving is None:
        message = f"panic: none of the predictor's containers is called {SERVING_CONTAINER}"
        raise ReconcileError("predictor", "Panic", message)
    origins = traced(value, (STORED, *path)).origins
    if listed[0] is not serving:
        # The first container called kserve-container is copied over the first of all.
        place = sequence(value["containers"]).index(serving)
        value["containers"] = [dict(serving), *sequence(value["containers"])[1:]]
        origins.append(Origin(("containers", 0), (STORED, *path, "containers", place)))
    return with_service_name(Traced(value, origins), name)


def with_service_name(pod: Traced, name: str) -> Traced:
    """Tell every container which service it belongs to."""
    for number, container in enumerate(pod_containers(pod.value)):
        set_env(container, "INFERENCE_SERVICE_NAME", name)
        place = len(sequence(container.get("env"))) - 1
        pod.origins.append(Origin(("containers", number, "env", place), (KSERVE, "INFERENCE_SERVICE_NAME")))
    return pod


def runtime_defaults(model: JsonObject, runtime: ChosenRuntime, labels: JsonObject, name: str) -> None:
    """Change the model in memory as its server wants it (SetRuntimeDefaults); labels are those of the service."""
    known = _SERVER_TYPES.get(runtime.name, "")
    kind = runtime.server_type if runtime.server_type is not None else known
    has_source = model.get("storageUri") is not None or model.get("storage") is not None
    if kind == "mlserver":
        _mlserver(model, labels, name, has_source=has_source)
    elif kind == "torchserve":
        protocol = model.setdefault("protocolVersion", "v1")
        labels["serviceEnvelope"] = "kservev2" if protocol in ("v2", "grpc-v2") else "kserve"
        append(model, "env", {"name": "PROTOCOL_VERSION", "value": protocol})
    elif kind == "tritonserver":
        model.setdefault("protocolVersion", "v2")
        if not has_source:
            append(model, "args", "--model-control-mode=explicit")


_MODEL_CLASSES: Final = {
    "xgboost": "mlserver_xgboost.XGBoostModel",
    "lightgbm": "mlserver_lightgbm.LightGBMModel",
    "mlflow": "mlserver_mlflow.MLflowRuntime",
}


def _mlserver(model: JsonObject, labels: JsonObject, name: str, *, has_source: bool) -> None:
    model.setdefault("protocolVersion", "v2")
    wanted = {"MLSERVER_LOAD_MODELS_AT_STARTUP": "false"}
    if has_source:
        wanted = {"MLSERVER_MODEL_NAME": name, "MLSERVER_MODEL_URI": "/mnt/models"}
    names = {mapping(item).get("name") for item in sequence(model.get("env"))}
    for key, value in wanted.items():
        if key not in names:
            append(model, "env", {"name": key, "value": value})
    form = text(mapping(model.get("modelFormat")).get("name"))
    labels["modelClass"] = _MODEL_CLASSES.get(form, "mlserver_sklearn.SKLearnModel")


def _invalid(message: str) -> ReconcileError:
    return ReconcileError("merge", "InvalidPredictorSpec", message)
