"""Labels and annotations that KServe copies to pods, so that each change of one replaces them.

An InferenceService, an InferenceGraph and an LLMInferenceService pass on their own, and those that a component states;
a runtime passes on those of its spec, to the pods of every model that it serves.
Source: pkg/controller/v1beta1/inferenceservice/components/predictor.go; seen on a real controller.
"""

from typing import Final

from msgspec import Struct

from kservegen.core.document import mapping
from kservegen.core.jsontypes import JsonValue, Path
from kservegen.core.resource import Resource

POD_MAKING_KINDS: Final = frozenset({"InferenceService", "InferenceGraph", "LLMInferenceService"})
MARKED_KINDS: Final = POD_MAKING_KINDS | {"ServingRuntime", "ClusterServingRuntime", "LLMInferenceServiceConfig"}

_FIELDS: Final = ("labels", "annotations")
# Where an object states some for a part of its pods.
_PARTS: Final = ("predictor", "transformer", "explainer", "prefill")
_MODEL_FORMAT: Final = "modelFormat"  # put there by the defaulter


class Mark(Struct, frozen=True):
    """One label or annotation, where it stands, and which of both it is."""

    path: Path
    field: str
    key: str
    value: JsonValue

    @property
    def noun(self) -> str:
        """The word for it."""
        return self.field[:-1]


def marks(resource: Resource) -> tuple[Mark, ...]:
    """List the labels and annotations of an object that reach pods, without KServe's own words."""
    found: list[Mark] = []
    if resource.kind in POD_MAKING_KINDS:
        _add(found, resource.doc.get("metadata"), ("metadata",))
    spec = mapping(resource.doc.get("spec"))
    _add(found, spec, ("spec",))
    for part in _PARTS:
        if part in spec:
            _add(found, spec[part], ("spec", part))
    return tuple(found)


def _add(found: list[Mark], holder: JsonValue, path: Path) -> None:
    for field in _FIELDS:
        if isinstance(holder, dict) and holder.get(field):
            for key, value in mapping(holder[field]).items():
                if not key.startswith("serving.kserve.io/") and key != _MODEL_FORMAT:
                    found.append(Mark((*path, field, key), field, key, value))
