"""Made objects as the API server takes them: defaults filled in, refused where Kubernetes refuses them; their pods."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec.structs import replace

from kservegen.core.document import mapping, text, value_at
from kservegen.core.jsontypes import JsonObject
from kservegen.kserve.controllers.control_plane import ControlPlane
from kservegen.kserve.controllers.made import MadeObject, MadePod, below, inside
from kservegen.kserve.controllers.pods.webhook import make_pod
from kservegen.kserve.controllers.writer import admit
from kservegen.kubernetes.bare_pods import without_disabled_fields

_GROUP: Final = ("spec", "leaderWorkerTemplate")
_TEMPLATE: Final = ("spec", "template")


def as_stored(made: MadeObject) -> MadeObject:
    """Return an object as the API server stores it; ReconcileError where it is refused."""
    doc = admit(made.doc, made.origins)
    if text(doc.get("kind")) == "Deployment":
        spec = mapping(doc["spec"])
        doc = {**doc, "spec": {**spec, "template": without_disabled_fields(mapping(spec["template"]))}}
    return replace(made, doc=doc)


def made_pods(objects: Iterable[MadeObject], plane: ControlPlane) -> Iterator[MadePod]:
    """Make a pod of each template, or say why it is refused; the webhook leaves those of LLM services alone."""
    for made in objects:
        kind = text(made.doc.get("kind"))
        if kind == "Deployment":
            yield make_pod(made, plane)
        elif kind == "LeaderWorkerSet":
            group = mapping(value_at(made.doc, _GROUP))
            for name in ("leaderTemplate", "workerTemplate"):
                if isinstance(template := group.get(name), dict):
                    yield make_pod(_alone(made, name, template), plane)


def _alone(made: MadeObject, name: str, template: JsonObject) -> MadeObject:
    """Return a workload of one of a group's templates alone."""
    metadata = mapping(made.doc.get("metadata"))
    named: JsonObject = {**metadata, "name": f"{text(metadata.get('name'))}/{name}"}
    doc: JsonObject = {**made.doc, "metadata": named, "spec": {"template": without_disabled_fields(template)}}
    return MadeObject(doc=doc, origins=tuple(below(_TEMPLATE, inside((*_GROUP, name), made.origins))))
