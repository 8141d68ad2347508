"""TrainedModels: which of them the server of an InferenceService is told to load, and why the others are not.

A model is taken in while all that were taken fit into the memory limit that stands in the InferenceService itself; a
runtime's limit does not count, and no limit is none at all. Files do not say which model was there first: their order
stands for it.

Source: pkg/controller/v1alpha1/trainedmodel/controller.go and its reconcilers/modelconfig at v0.19.0 and v0.20.0.
"""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Final

from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject
from kservegen.core.quantity import Quantity, parse_quantity
from kservegen.kserve.controllers.control_plane import ControlPlane
from kservegen.kserve.controllers.made import Made, Outcome
from kservegen.kserve.controllers.multi_model import is_multi_model

_STEP: Final = "models"


def models_file(service: JsonObject, plane: ControlPlane) -> str:
    """Return what the agent of an InferenceService reads: the models that it is to fetch."""
    models: list[JsonObject] = [
        {"modelName": _name(model), "modelSpec": _spec(_model(model))} for model in _taken(service, plane)
    ]
    return json.dumps(models, separators=(",", ":"), ensure_ascii=False)


def make_trained_model(stored: JsonObject, plane: ControlPlane) -> Made:
    """Take the steps for a TrainedModel: no object of its own is made, it is written into that of its parent."""
    metadata, parent = mapping(stored.get("metadata")), text(mapping(stored.get("spec")).get("inferenceService"))
    service = plane.beside.find("InferenceService", text(metadata.get("namespace")), parent)
    if service is None:
        return _stopped("NotFound", f'Inference Service "{parent}" does not exist, the Trained Model is deleted')
    if not is_multi_model(mapping(mapping(service.get("spec")).get("predictor"))):
        return _stopped("IsNotMMSPredictor", "Inference Service predictor is not configured for multi-model serving")
    if all(_name(model) != _name(stored) for model in _taken(service, plane)):
        message = "Inference Service does not have enough memory resources for Trained Model"
        return _stopped("MemoryResourceNotAvailable", message)
    return Made()


def _spec(model: JsonObject) -> JsonObject:
    """Go writes the fields of a struct in their order, and a quantity as it counts it."""
    memory = _quantity(model)
    return {
        "storageUri": text(model.get("storageUri")),
        "framework": text(model.get("framework")),
        "memory": "0" if memory is None else memory.text,
    }


def _stopped(reason: str, message: str) -> Made:
    return Made(outcome=Outcome(step=_STEP, reason=reason, message=message))


def _taken(service: JsonObject, plane: ControlPlane) -> list[JsonObject]:
    metadata = mapping(service.get("metadata"))
    left = _memory_limit(mapping(mapping(service.get("spec")).get("predictor")))
    taken: list[JsonObject] = []
    for model in plane.beside.all("TrainedModel", text(metadata.get("namespace"))):
        if mapping(model.get("spec")).get("inferenceService") != metadata.get("name"):
            continue
        needed = _bytes(_model(model))
        if needed <= left:
            left -= needed
            taken.append(model)
    return taken


def _memory_limit(predictor: JsonObject) -> Fraction:
    model = predictor.get("model")
    containers = sequence(predictor.get("containers"))
    server = model if isinstance(model, dict) else mapping(next(iter(containers), None))
    return _bytes(mapping(mapping(server.get("resources")).get("limits")))


def _bytes(amounts: JsonObject) -> Fraction:
    read = _quantity(amounts)
    return Fraction(0) if read is None else Fraction(read.value)


def _quantity(amounts: JsonObject) -> Quantity | None:
    amount = amounts.get("memory")
    return parse_quantity(amount) if isinstance(amount, (str, int, float)) else None


def _model(trained: JsonObject) -> JsonObject:
    return mapping(mapping(trained.get("spec")).get("model"))


def _name(trained: JsonObject) -> str:
    return text(mapping(trained.get("metadata")).get("name"))
