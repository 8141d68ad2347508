"""An LLMInferenceService with its bases under it: the service in, the spec that the controller goes by out."""

from __future__ import annotations

from typing import Final, NamedTuple

from kservegen.catalog.merge import merge_values
from kservegen.checks.rules.base import Context
from kservegen.checks.rules.kserve._lookup import find
from kservegen.checks.rules.kserve._settings import namespace
from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject
from kservegen.core.resource import Resource

CONFIG: Final = "LLMInferenceServiceConfig"


class Merged(NamedTuple):
    """A spec laid over those of its bases; not `whole` where a base is not among the objects at hand."""

    spec: JsonObject
    whole: bool
    based: bool


def merged(resource: Resource, context: Context) -> Merged:
    """Lay a service over its bases, in their order; the presets that its shape asks for are not among them."""
    own = mapping(resource.doc.get("spec"))
    refs = sequence(own.get("baseRefs"))
    if not refs:
        return Merged(own, whole=True, based=False)
    spec: JsonObject = {}
    whole, based = True, False
    for ref in refs:
        base = find_config(text(mapping(ref).get("name")), namespace(resource), context)
        if base is None:
            whole = False
        else:
            based = True
            spec = merge_values(spec, mapping(base.doc.get("spec")))
    return Merged(merge_values(spec, own), whole=whole, based=based)


def find_config(name: str, here: str, context: Context) -> Resource | None:
    """Find a configuration: the namespace's before KServe's own."""
    found = find(context, kind=CONFIG, namespace=here, name=name)
    return found or find(context, kind=CONFIG, namespace=context.platform.namespace, name=name)
