"""The URI of an LLM service's model is not a URL, or its adapters have the wrong shape.

KServe decodes these URIs as URLs before anything else is looked at: a scheme starts with a letter, a colon after the
host starts a port, and braces do not stand in a host, so no template does. The schema says nothing of the shape of LoRA
adapters, but the decoder does: a list of maps with texts in them.

Fix: Write scheme://host/path, such as hf://owner/model, and adapters as a list of {name, uri}.
Bad:
    model: {uri: 'hf://model:revision'}
Good:
    model: {uri: 'hf://owner/model:revision'}
Upstream: LLM-S1; pkg/apis/serving/v1alpha2/llm_inference_service_types.go, url.Parse of Go
"""

from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.checks.rules.kserve._go_url import storage_url_error
from kservegen.core.document import mapping
from kservegen.core.jsontypes import JsonObject, JsonValue, Path

_TEXTS: Final = ("name", "uri", "criticality")


@rule(Stage.ADMISSION, "LLMInferenceService", "LLMInferenceServiceConfig")
def check(resource: Resource, _context: Context) -> Problems:
    model = mapping(resource.doc.get("spec")).get("model")
    if isinstance(model, dict):
        yield from _model(("spec", "model"), model)


def _model(path: Path, model: JsonObject) -> Problems:
    uri = model.get("uri")
    problem = storage_url_error(uri) if isinstance(uri, str) else None
    if problem:
        yield Problem((*path, "uri"), f'parse "{uri}": {problem}', seen=str(uri))
    lora = model.get("lora")
    if isinstance(lora, dict) and "adapters" in lora:
        yield from _adapters((*path, "lora", "adapters"), lora["adapters"])


def _adapters(path: Path, adapters: JsonValue) -> Problems:
    """Check what the schema leaves open; an adapter is a model with adapters of its own."""
    if adapters is None:
        return
    if not isinstance(adapters, list):
        yield _wrong(path, adapters, "a list of maps")
        return
    for index, adapter in enumerate(adapters):
        here = (*path, index)
        if isinstance(adapter, dict):
            for field in _TEXTS:
                value = adapter.get(field)
                if value is not None and not isinstance(value, str):
                    yield _wrong((*here, field), value, "a text")
            if not isinstance(adapter.get("lora"), dict | None):
                yield _wrong((*here, "lora"), adapter.get("lora"), "a map")
            yield from _model(here, adapter)
        elif adapter is not None:
            yield _wrong(here, adapter, "a map")


_SHAPES: Final = {dict: "object", list: "array", str: "string", bool: "bool", int: "number", float: "number"}


def _wrong(path: Path, value: JsonValue, allowed: str) -> Problem:
    message = f"json: cannot unmarshal {_SHAPES.get(type(value), 'value')}, where there must be {allowed}"
    return Problem(path, message, allowed=allowed)
