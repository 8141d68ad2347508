"""One object, defaulted as its kind is: annotations as the API server reads them, then the webhook's own changes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.core.crashes import contained
from kservegen.core.diagnostics import Finding
from kservegen.core.document import mapping, text, value_at
from kservegen.core.jsontypes import JsonObject
from kservegen.core.resource import Origin, Resource
from kservegen.formats.jsonschema.decode import CUSTOM_RESOURCE
from kservegen.formats.jsonschema.defaults import apply_defaults
from kservegen.formats.jsonschema.shape import Shape
from kservegen.kserve.defaulting.draft import CopyOnWrite
from kservegen.kserve.defaulting.inference_service import default_service
from kservegen.kserve.defaulting.model import Defaulted, Installation

# Pod specs whose list of containers becomes an empty one where it is left out: the schema demands one.
_PODS: Final = (
    ("spec", "template"),
    ("spec", "worker"),
    ("spec", "prefill", "template"),
    ("spec", "prefill", "worker"),
    ("spec", "router", "scheduler", "template"),
)


def default(resource: Resource, installation: Installation, shape: Shape | None = None) -> Defaulted:
    """Say what the API server would store of an object; any input is taken, though odd shapes come out as odd.

    With the shape of its kind, the defaults that the schema itself states are put in, and nulls that mean nothing are
    dropped; rules do without, for all that they ask about has a meaning where it is absent.
    """

    def judge() -> Iterator[Defaulted]:
        yield _default(resource, installation, shape)

    def told(crash: Finding) -> Defaulted:
        return Defaulted(written=resource, resource=resource, failure=crash)

    return next(contained("defaulting this object", judge, told))


def _default(resource: Resource, installation: Installation, shape: Shape | None) -> Defaulted:
    draft = CopyOnWrite(_with_schema_defaults(resource, shape))
    _empty_annotations(draft)
    moves: tuple[Origin, ...] = ()
    crashes = False
    if resource.kind == "InferenceService":
        moves, crashes = default_service(draft, installation)
    elif resource.kind == "LLMInferenceService":
        _default_llm_service(draft)
    defaulted = resource if draft.doc is resource.doc else resource.rearranged(draft.doc, moves)
    return Defaulted(written=resource, resource=defaulted, moves=moves, crashes=crashes)


def _with_schema_defaults(resource: Resource, shape: Shape | None) -> JsonObject:
    if shape is None or not shape.schema.get(CUSTOM_RESOURCE):
        return resource.doc
    return apply_defaults(resource.doc, shape)


def _empty_annotations(draft: CopyOnWrite) -> None:
    """Make the empty text of an annotation without a value: to the API server it is there."""
    annotations = mapping(mapping(draft.doc.get("metadata")).get("annotations"))
    if None in annotations.values():
        own = draft.edit("metadata", "annotations")
        own.update({key: "" for key, value in annotations.items() if value is None})


def _default_llm_service(draft: CopyOnWrite) -> None:
    """Name the model as the service is and give pods a list of containers, as KServe's defaulter does.

    Source: pkg/apis/serving/v1alpha2/llm_inference_service_defaults.go. Labels of local model caches follow from the
    caches of a cluster and are left to it.
    """
    spec = mapping(draft.doc.get("spec"))
    name = mapping(draft.doc.get("metadata")).get("name")
    model = spec.get("model")
    if isinstance(model, dict) and not model.get("name") and text(name):
        draft.edit("spec", "model")["name"] = name
    for path in _PODS:
        pod = value_at(spec, path[1:])
        if isinstance(pod, dict) and pod.get("containers") is None:
            draft.edit(*path)["containers"] = []
