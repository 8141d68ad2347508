"""What an InferenceService asks of a runtime: the service in, one request for each of its models out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from kservegen.build.resource import Resource
from kservegen.jsontypes import JsonObject, Path
from kservegen.rules.base import Context
from kservegen.rules.kserve._settings import deployment_mode, namespace
from kservegen.rules.view import components_of
from kservegen.serving.request import request_of
from kservegen.serving.selection import Request


class ModelAt(NamedTuple):
    """A model of a predictor, stable or canary, and what it asks for."""

    path: Path
    model: JsonObject
    request: Request


def models_of(resource: Resource, context: Context) -> Iterator[ModelAt]:
    """List the models that KServe looks for a runtime for; ModelMesh looks for its own."""
    for path, role, component in components_of(resource):
        model = component.get("model")
        if role == "predictor" and isinstance(model, dict) and model:
            if deployment_mode(resource, context) == "ModelMesh":
                return
            yield ModelAt((*path, "model"), model, request_of(component, model, namespace(resource)))
