"""The parts of an InferenceService: an object in, its predictor, transformer and explainer with their paths out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from kservegen.build.resource import Resource
from kservegen.document import mapping, sequence, text
from kservegen.jsontypes import JsonObject, Path
from kservegen.rules.base import Context

MODE: Final = "serving.kserve.io/deploymentMode"
AUTOSCALER: Final = "serving.kserve.io/autoscalerClass"
# What the defaulting webhook makes of the old names.
NEW_MODE: Final = {"RawDeployment": "Standard", "Serverless": "Knative"}
KSERVE_NAMESPACE: Final = "kserve"


class Component(NamedTuple):
    """`name` is `predictor`, `transformer` or `explainer`."""

    path: Path
    name: str
    spec: JsonObject


def components(resource: Resource) -> Iterator[Component]:
    """List the components that are maps; KServe v0.20.0's canaries are predictors too."""
    spec = mapping(resource.doc.get("spec"))
    for name in ("predictor", "transformer", "explainer"):
        component = spec.get(name)
        if isinstance(component, dict):
            yield Component(("spec", name), name, component)
    for index, canary in enumerate(sequence(spec.get("canary"))):
        predictor = mapping(canary).get("predictor")
        if isinstance(predictor, dict):
            yield Component(("spec", "canary", index, "predictor"), "predictor", predictor)


def annotation(resource: Resource, key: str) -> str:
    """Read an annotation; empty where there is none."""
    return text(mapping(mapping(resource.doc.get("metadata")).get("annotations")).get(key))


def deployment_mode(resource: Resource, context: Context) -> str:
    """Say which mode the controller will use: the object's own word, else the environment's."""
    mode = annotation(resource, MODE) or context.deployment_mode
    return NEW_MODE.get(mode, mode)


def namespace(resource: Resource) -> str:
    """Say where the object will live; without a word of its own it is `default`."""
    return resource.id.namespace or "default"
