"""The Namespace objects of an environment."""

from __future__ import annotations

from collections.abc import Mapping

from kservegen.catalog.resolve import ResolvedEnvironment
from kservegen.core.document import mapping
from kservegen.core.jsontypes import JsonObject
from kservegen.core.resource import Origin, Resource, ResourceId
from kservegen.render.gitops.protection import namespace_annotations


def build_namespaces(environment: ResolvedEnvironment) -> list[Resource]:
    """Build one Namespace for each entry of the environment's `namespaces`."""
    kept = namespace_annotations(environment)
    return [_build(name, mapping(value), kept) for name, value in sorted(environment.mapping("namespaces").items())]


def _build(name: str, said: JsonObject, kept: Mapping[str, str]) -> Resource:
    metadata: JsonObject = {"name": name}
    annotations: JsonObject = {**kept, **mapping(said.get("annotations"))}
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
