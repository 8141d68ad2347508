"""One stored object in, all that KServe's controllers make of it out: the controller of its kind is asked.

An object that names no namespace is made where clients create it, in `default`, with those that name none beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import JsonObject
from kservegen.kserve.controllers.alike import make_alike
from kservegen.kserve.controllers.control_plane import ControlPlane
from kservegen.kserve.controllers.free import make_service
from kservegen.kserve.controllers.graphs import make_graph
from kservegen.kserve.controllers.local_models import make_cache
from kservegen.kserve.controllers.made import USUAL_NAMESPACE, Made, UnplacedSurroundings
from kservegen.kserve.controllers.trained_models import make_trained_model


def make_objects(stored: JsonObject, plane: ControlPlane) -> Made | None:
    """Take every step of the controller for an object that was admitted; None for kinds that nothing is made of."""
    kind, metadata = text(stored.get("kind")), mapping(stored.get("metadata"))
    controller = _CONTROLLERS.get(kind)
    if controller is None:
        return None
    if not metadata.get("namespace") and kind not in _CLUSTER_WIDE:
        stored = {**stored, "metadata": {**metadata, "namespace": USUAL_NAMESPACE}}
        plane = replace(plane, beside=UnplacedSurroundings(plane.beside))
    return controller(stored, plane)


def is_reconciled(kind: str) -> bool:
    """Whether a controller makes anything of a kind."""
    return kind in _CONTROLLERS


def _make_llm_service(stored: JsonObject, plane: ControlPlane) -> Made:
    # A fifth of what starting imports, for a kind that many catalogs do not have.
    from kservegen.kserve.controllers.llm.controller import make_llm_service  # noqa: PLC0415
    from kservegen.kserve.controllers.llm.free import FREE_IN_SERVICES  # noqa: PLC0415

    return make_alike(stored, plane, make_llm_service, FREE_IN_SERVICES)


_CONTROLLERS: Final[dict[str, Callable[[JsonObject, ControlPlane], Made]]] = {
    "LLMInferenceService": _make_llm_service,
    "InferenceService": make_service,
    "InferenceGraph": make_graph,
    "LocalModelCache": make_cache,
    "TrainedModel": make_trained_model,
}
_CLUSTER_WIDE: Final = frozenset({"LocalModelCache"})
