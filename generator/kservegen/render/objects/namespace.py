"""The Namespace objects of an environment."""

from __future__ import annotations

from collections.abc import Iterable

from kservegen.catalog.engines import ENGINES
from kservegen.catalog.resolve import Entry, ResolvedEnvironment
from kservegen.catalog.sections import MODEL_SECTIONS
from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import JsonObject
from kservegen.core.resource import Origin, Resource, ResourceId


def build_namespaces(environment: ResolvedEnvironment) -> list[Resource]:
    """Build one Namespace for each entry of the environment's `namespaces`; the engine keeps it when it leaves Git.

    Only Namespaces carry such an annotation: on a model it would be copied to the pods. So it is with the label that
    names an owner: a namespace has it where one owner has all that is in it, unless it states that label itself.
    """
    engine = ENGINES.get(environment.text("gitops", "engine"))
    keep: JsonObject = dict([engine.keep]) if engine else {}
    label = environment.text("ownerLabel")
    owners = _owners(environment.entries) if label else {}
    return [
        _build(name, mapping(value), keep, (label, owners.get(name, "")))
        for name, value in sorted(environment.mapping("namespaces").items())
    ]


def _owners(entries: Iterable[Entry]) -> dict[str, str]:
    """Return the owner of each namespace that has one; what is no model, and names none, has no say."""
    found: dict[str, set[str]] = {}
    for entry in entries:
        owner = text(entry.words.get("owner"))
        if owner or entry.section in MODEL_SECTIONS:
            found.setdefault(entry.namespace, set()).add(owner)
    return {namespace: min(owners) for namespace, owners in found.items() if len(owners) == 1}


def _build(name: str, said: JsonObject, keep: JsonObject, owned: tuple[str, str]) -> Resource:
    metadata: JsonObject = {"name": name}
    annotations: JsonObject = {**keep, **mapping(said.get("annotations"))}
    label, owner = owned
    stated = mapping(said.get("labels"))
    labels = {**stated, label: owner} if owner and label not in stated else stated
    for word, value in (("annotations", annotations), ("labels", labels)):
        if value:
            metadata[word] = value
    words = ("namespaces", name)
    by_owner = (Origin(("metadata", "labels", label), ("ownerLabel",)),) if labels is not stated else ()
    return Resource(
        id=ResourceId("Namespace", "", name),
        api_version="v1",
        doc={"apiVersion": "v1", "kind": "Namespace", "metadata": metadata},
        file=f"cluster/namespace-{name}.yaml",
        subject=name,
        origins=(
            Origin((), words),
            *(Origin(("metadata", w), (*words, w)) for w in ("annotations", "labels")),
            *by_owner,
        ),
    )
