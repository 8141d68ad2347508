"""What an object says to KServe beside its spec: an object in, its mode, annotations and namespace out."""

from typing import Final

from kservegen.checks.rules._cached import cached, cached_by_object
from kservegen.checks.rules.base import Context
from kservegen.core.document import text
from kservegen.core.jsontypes import JsonObject
from kservegen.core.resource import Resource
from kservegen.kserve.defaulting.inference_service import MODE, NEW_MODE

__all__ = ["AUTOSCALER", "MODE", "NEW_MODE", "annotation", "deployment_mode", "namespace"]

AUTOSCALER: Final = "serving.kserve.io/autoscalerClass"


def annotation(resource: Resource, key: str) -> str:
    """Read an annotation; empty where there is none."""
    return text(_annotations(resource).get(key))


@cached_by_object
def _annotations(resource: Resource) -> JsonObject:
    return resource.annotations


@cached
def deployment_mode(resource: Resource, context: Context) -> str:
    """Say which mode the controller will use: the object's own word, else the environment's."""
    mode = annotation(resource, MODE) or context.deployment_mode
    return NEW_MODE.get(mode, mode)


def namespace(resource: Resource) -> str:
    """Say where the object will live; without a word of its own it is `default`."""
    return resource.id.namespace or "default"
