"""The Namespace objects of an environment."""

from __future__ import annotations

from kservegen.build.resource import Origin, Resource, ResourceId
from kservegen.jsontypes import JsonObject
from kservegen.resolve import ResolvedEnvironment


def build_namespaces(environment: ResolvedEnvironment) -> list[Resource]:
    """Build one Namespace for each entry of the environment's `namespaces`."""
    return [_build(name, value) for name, value in sorted(environment.mapping("namespaces").items())]


def _build(name: str, value: object) -> Resource:
    metadata: JsonObject = {"name": name}
    if isinstance(value, dict):
        for word in ("annotations", "labels"):
            if value.get(word):
                metadata[word] = value[word]
    words = ("namespaces", name)
    return Resource(
        id=ResourceId("Namespace", "", name),
        api_version="v1",
        doc={"apiVersion": "v1", "kind": "Namespace", "metadata": metadata},
        file=f"cluster/namespace-{name}.yaml",
        subject=name,
        origins=(Origin((), words), *(Origin(("metadata", w), (*words, w)) for w in ("annotations", "labels"))),
    )
