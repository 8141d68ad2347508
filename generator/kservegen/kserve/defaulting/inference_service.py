"""What KServe's defaulter makes of an InferenceService, step by step in its own order.

Source: pkg/apis/serving/v1beta1/inference_service_defaults.go; D1 to D9 of the project's table of rules. D10, the
labels of local model caches, follows from the caches of a cluster and is left to it.
"""

from __future__ import annotations

from typing import Final

from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.core.resource import Origin
from kservegen.kserve.defaulting.draft import CopyOnWrite
from kservegen.kserve.defaulting.model import Installation
from kservegen.kserve.workloads import FRAMEWORKS, SERVING_CONTAINER

MODE: Final = "serving.kserve.io/deploymentMode"
MODEL_FORMAT: Final = "modelFormat"
MODEL_MESH: Final = "ModelMesh"
MODES: Final = frozenset({"Standard", "Knative", MODEL_MESH})
NEW_MODE: Final = {"RawDeployment": "Standard", "Serverless": "Knative"}

_FRAMEWORK_SET: Final = frozenset(FRAMEWORKS)
# Old-style fields that speak the open protocol unless told otherwise.
SPEAKS_V2: Final = frozenset({"triton", "onnx", "huggingface"})
_TEXT_PROTOCOL: Final = "v2"
_COMPONENTS: Final = ("transformer", "explainer", "predictor")


def default_service(draft: CopyOnWrite, installation: Installation) -> tuple[tuple[Origin, ...], bool]:
    """Default the InferenceService; return what moved, and whether the real defaulter panics on it."""
    mode = _annotation(draft.doc, MODE)
    _set_mode(draft, mode, installation)
    model_mesh = mode == MODEL_MESH
    moves: tuple[Origin, ...] = ()
    if not model_mesh:
        moves = _convert_framework(draft)
        _default_model(draft)
    spec = mapping(draft.doc.get("spec"))
    for name in _COMPONENTS:
        if name in spec and not (model_mesh and name == "predictor"):
            _default_component(draft, name, mapping(spec.get(name)), installation)
    if not installation.mounts_token:
        _withhold_token(draft)
    return moves, not _implementations(mapping(mapping(draft.doc.get("spec")).get("predictor")))


def _annotation(doc: JsonObject, key: str) -> JsonValue:
    return mapping(mapping(doc.get("metadata")).get("annotations")).get(key)


def _set_mode(draft: CopyOnWrite, mode: JsonValue, installation: Installation) -> None:
    """D1 and D2: rename old modes, write the cluster's own where none is said and it is not Knative."""
    if isinstance(mode, str):
        if mode in NEW_MODE:
            draft.edit("metadata", "annotations")[MODE] = NEW_MODE[mode]
        return
    usual = NEW_MODE.get(installation.deployment_mode, installation.deployment_mode)
    if usual in {"Standard", MODEL_MESH}:
        draft.edit("metadata", "annotations")[MODE] = usual


def _convert_framework(draft: CopyOnWrite) -> tuple[Origin, ...]:
    """D3 and D4: the first framework field takes the place of `model`, whatever stands there."""
    predictor = mapping(mapping(draft.doc.get("spec")).get("predictor"))
    if _FRAMEWORK_SET.isdisjoint(predictor):
        return ()
    framework = next((name for name in FRAMEWORKS if isinstance(predictor.get(name), dict)), None)
    if framework is None:
        return ()
    model: JsonObject = {"modelFormat": {"name": framework}, **mapping(predictor[framework])}
    if framework in SPEAKS_V2 and model.get("protocolVersion") is None:
        model["protocolVersion"] = _TEXT_PROTOCOL
    spec = draft.edit("spec")
    spec["predictor"] = {
        ("model" if key == framework else key): (model if key == framework else value)
        for key, value in predictor.items()
        if key != "model"
    }
    return (Origin(("spec", "predictor", "model"), ("spec", "predictor", framework)),)


def _default_model(draft: CopyOnWrite) -> None:
    """D4 and D5: Triton's protocol, and the format as an annotation for runtimes that read it there."""
    model = mapping(mapping(draft.doc.get("spec")).get("predictor")).get("model")
    if not isinstance(model, dict):
        return
    name = text(mapping(model.get("modelFormat")).get("name"))
    if name == "triton" and model.get("protocolVersion") is None:
        draft.edit("spec", "predictor", "model")["protocolVersion"] = _TEXT_PROTOCOL
    if _annotation(draft.doc, MODEL_FORMAT) is None:
        draft.edit("metadata", "annotations")[MODEL_FORMAT] = name


def _default_component(draft: CopyOnWrite, name: str, component: JsonObject, installation: Installation) -> None:
    """D6 to D8: name and size the containers that are not a model's; a component that is not exactly one is left."""
    containers = sequence(component.get("containers"))
    if name == "explainer" and component.get("art") is not None:
        if not containers:
            _default_art(draft, installation)
    elif containers and (name != "predictor" or _is_custom(component)):
        first = draft.edit_first(draft.edit("spec", name), "containers")
        if name != "predictor" or len(containers) == 1 or not first.get("name"):
            first["name"] = SERVING_CONTAINER
        _size(draft, first, installation)


def _is_custom(predictor: JsonObject) -> bool:
    return predictor.get("model") is None and _implementations(predictor) == 1


def _default_art(draft: CopyOnWrite, installation: Installation) -> None:
    art = draft.edit("spec", "explainer", "art")
    if art.get("runtimeVersion") is None:
        art["runtimeVersion"] = installation.explainer_version or installation.kserve_version
    art["name"] = SERVING_CONTAINER
    _size(draft, art, installation)


def _size(draft: CopyOnWrite, container: JsonObject, installation: Installation) -> None:
    for side, usual in (("requests", installation.default_requests), ("limits", installation.default_limits)):
        given = mapping(mapping(container.get("resources")).get(side))
        missing = {name: amount for name, amount in usual.items() if name not in given}
        if missing:
            draft.edit_in(container, "resources", side).update(missing)


def _implementations(predictor: JsonObject) -> int:
    """Count as KServe does: models, and containers by the serving name or, where there is nothing else, any."""
    found = sum(1 for name in ("model", *FRAMEWORKS) if predictor.get(name) is not None)
    containers = sequence(predictor.get("containers"))
    found += sum(1 for container in containers if mapping(container).get("name") == SERVING_CONTAINER)
    return found or (1 if containers else 0)


def _withhold_token(draft: CopyOnWrite) -> None:
    """D9: no token of a service account unless it is asked for."""
    spec = mapping(draft.doc.get("spec"))
    for name in _COMPONENTS:
        component = spec.get(name)
        if isinstance(component, dict) and component.get("automountServiceAccountToken") is None:
            draft.edit("spec", name)["automountServiceAccountToken"] = False
