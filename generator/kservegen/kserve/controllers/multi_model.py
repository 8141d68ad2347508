"""Whether a predictor's server loads models by itself, which KServe reads off what is not said."""

from __future__ import annotations

from typing import Final

from kservegen.core.document import mapping, sequence
from kservegen.core.jsontypes import JsonObject
from kservegen.kserve.controllers.parts import pod_containers

_NEVER: Final = "huggingface"


def is_multi_model(predictor: JsonObject) -> bool:
    """Tell by IsMMSPredictor of isvcutils: a variable of the first container, or a model without a source."""
    containers = pod_containers(predictor)
    if containers:
        return any(
            mapping(item).get("name") == "MULTI_MODEL_SERVER" and mapping(item).get("value") == "true"
            for item in sequence(containers[0].get("env"))
        )
    model = mapping(predictor.get("model"))
    if mapping(model.get("modelFormat")).get("name") == _NEVER:
        return False
    stated = (model.get("storageUri"), model.get("storage"))
    return not predictor.get("storageUris") and all(source is None for source in stated)
