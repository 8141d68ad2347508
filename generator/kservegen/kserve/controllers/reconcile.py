"""One stored object in, all that KServe's controllers make of it out: the controller of its kind is asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from kservegen.core.document import text
from kservegen.core.jsontypes import JsonObject
from kservegen.kserve.controllers.control_plane import ControlPlane
from kservegen.kserve.controllers.graphs import make_graph
from kservegen.kserve.controllers.inference_service import make_inference_service
from kservegen.kserve.controllers.llm.controller import make_llm_service
from kservegen.kserve.controllers.local_models import make_cache
from kservegen.kserve.controllers.made import Made
from kservegen.kserve.controllers.trained_models import make_trained_model


def make_objects(stored: JsonObject, plane: ControlPlane) -> Made | None:
    """Take every step of the controller for an object that was admitted; None for kinds that nothing is made of."""
    controller = _CONTROLLERS.get(text(stored.get("kind")))
    return None if controller is None else controller(stored, plane)


_CONTROLLERS: Final[dict[str, Callable[[JsonObject, ControlPlane], Made]]] = {
    "LLMInferenceService": make_llm_service,
    "InferenceService": make_inference_service,
    "InferenceGraph": make_graph,
    "LocalModelCache": make_cache,
    "TrainedModel": make_trained_model,
}
