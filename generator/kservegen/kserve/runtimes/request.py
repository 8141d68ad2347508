"""A predictor and its model in; what they ask of a runtime out."""

from __future__ import annotations

from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.kserve.runtimes.selection import Request


def request_of(predictor: JsonObject, model: JsonObject, namespace: str) -> Request:
    """Read what a predictor's model asks for."""
    wanted = mapping(model.get("modelFormat"))
    return Request(
        format=text(wanted.get("name")),
        version=_given(wanted.get("version")),
        protocol=_given(model.get("protocolVersion")),
        runtime=_given(model.get("runtime")),
        namespace=namespace,
        multi_node=predictor.get("workerSpec") is not None,
    )


def _given(value: JsonValue) -> str | None:
    return value if isinstance(value, str) else None
