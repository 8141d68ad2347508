"""The Namespace objects of an environment."""

from __future__ import annotations

from kservegen.catalog.engines import ENGINES
from kservegen.catalog.resolve import ResolvedEnvironment
from kservegen.core.document import mapping
from kservegen.core.jsontypes import JsonObject
from kservegen.core.resource import Origin, Resource, ResourceId


def build_namespaces(environment: ResolvedEnvironment) -> list[Resource]:
    """Build one Namespace for each entry of the environment's `namespaces`; the engine keeps it when it leaves Git.

    Only Namespaces carry such an annotation: on a model it would be copied to the pods.
    """
    engine = ENGINES.get(environment.text("gitops", "engine"))
    keep: JsonObject = dict([engine.keep]) if engine else {}
    return [_build(name, mapping(value), keep) for name, value in sorted(environment.mapping("namespaces").items())]


def _build(name: str, said: JsonObject, keep: JsonObject) -> Resource:
    metadata: JsonObject = {"name": name}
    annotations: JsonObject = {**keep, **mapping(said.get("annotations"))}
    for word, value in (("annotations", annotations), ("labels", mapping(said.get("labels")))):
        if value:
            metadata[word] = value
    words = ("namespaces", name)
    return Resource(
        id=ResourceId("Namespace", "", name),
        api_version="v1",
        doc={"apiVersion": "v1", "kind": "Namespace", "metadata": metadata},
        file=f"cluster/namespace-{name}.yaml",
        subject=name,
        origins=(Origin((), words), *(Origin(("metadata", w), (*words, w)) for w in ("annotations", "labels"))),
    )
