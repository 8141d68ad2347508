"""Objects as a controller writes them: filled in and checked as the API server does, refused or kept in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import JsonObject, format_path
from kservegen.core.problem import Problem
from kservegen.core.resource import Origin
from kservegen.kserve.controllers.made import MadeObject, ReconcileError, source_to_edit
from kservegen.kubernetes.autoscalers import validate_autoscaler
from kservegen.kubernetes.bare_pods import without_disabled_fields
from kservegen.kubernetes.defaults import fill_autoscaler, fill_deployment, fill_service
from kservegen.kubernetes.deployments import validate_deployment
from kservegen.kubernetes.fields import BrokenLaw
from kservegen.kubernetes.metadata import validate_metadata
from kservegen.kubernetes.services import validate_service


class ObjectWriter:
    """Writes the objects of one owner; `objects` are what stands so far."""

    def __init__(self, owner: JsonObject, *, image_volumes: bool = False) -> None:
        self._owner = owner
        self._image_volumes = image_volumes
        self.objects: list[MadeObject] = []

    def write(self, doc: JsonObject, origins: Iterable[Origin] = (), *, owned: bool = True) -> None:
        """Write an object; ReconcileError where the API server refuses it."""
        origins = tuple(origins)
        made = admit(doc, origins, image_volumes=self._image_volumes)
        if owned:
            metadata: JsonObject = {**mapping(made["metadata"]), "ownerReferences": [owner_reference(self._owner)]}
            made = {**made, "metadata": metadata}
        self.objects.append(MadeObject(doc=made, origins=origins))

    def has(self, kind: str, name: str) -> bool:
        """Whether an object was written."""
        return any(item.label == f"{kind}/{name}" for item in self.objects)


def owner_reference(owner: JsonObject) -> JsonObject:
    """Return what an object that a controller made says of its owner."""
    return {
        "apiVersion": owner.get("apiVersion"),
        "kind": owner.get("kind"),
        "name": mapping(owner.get("metadata")).get("name"),
        "controller": True,
        "blockOwnerDeletion": True,
    }


def admit(doc: JsonObject, origins: Iterable[Origin] = (), *, image_volumes: bool = False) -> JsonObject:
    """Return an object as the API server stores it; ReconcileError where it is refused, with the field's source."""
    kind = text(doc.get("kind"))
    laws = _LAWS.get((text(doc.get("apiVersion")), kind))
    if laws is None:
        return doc
    fill, validate = laws
    filled = fill(doc)
    broken = next(iter(validate(filled)), None)
    if broken is not None:
        problem = broken.problem
        name = text(mapping(doc.get("metadata")).get("name"))
        message = f'{kind} "{name}" is invalid: {format_path(problem.path)}: {problem.sentence}'
        raise ReconcileError("write", "Invalid", message, source_to_edit(problem.path, origins))
    if kind == "Deployment":
        spec = mapping(filled["spec"])
        template = without_disabled_fields(mapping(spec["template"]), image_volumes=image_volumes)
        return {**filled, "spec": {**spec, "template": template}}
    return filled


_Fill = Callable[[JsonObject], JsonObject]
_Validate = Callable[[JsonObject], Iterator[BrokenLaw]]


def _as_it_is(doc: JsonObject) -> JsonObject:
    return doc


def _metadata_of(kind: str) -> _Validate:
    return lambda doc: validate_metadata(kind, doc.get("metadata"))


def _scaled_object(doc: JsonObject) -> Iterator[BrokenLaw]:
    """Check what KEDA's own definition asks for: something that triggers."""
    yield from validate_metadata("ScaledObject", doc.get("metadata"))
    if not mapping(doc.get("spec")).get("triggers"):
        yield BrokenLaw("scaled-object", Problem(("spec", "triggers"), "Required value"))


_LAWS: Final[dict[tuple[str, str], tuple[_Fill, _Validate]]] = {
    ("apps/v1", "Deployment"): (fill_deployment, validate_deployment),
    ("v1", "Service"): (fill_service, validate_service),
    ("autoscaling/v2", "HorizontalPodAutoscaler"): (fill_autoscaler, validate_autoscaler),
    ("keda.sh/v1alpha1", "ScaledObject"): (_as_it_is, _scaled_object),
    ("v1", "ConfigMap"): (_as_it_is, _metadata_of("ConfigMap")),
}
