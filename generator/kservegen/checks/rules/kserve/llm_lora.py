"""A LoRA adapter has no name of its own, or the limits of LoRA are below 1.

Clients ask for an adapter by its name, as they do for the base model, and it is a folder in the pod: it must be there,
differ from all others and from the model's own name, and be neither . nor ... . For v1alpha1 the controller says so
later.

Fix: Name each adapter, unlike the model and the other adapters.
Bad:
    model: {uri: hf://a/b, name: base, lora: {adapters: [{name: base, uri: hf://a/c}]}}
Good:
    model: {uri: hf://a/b, name: base, lora: {adapters: [{name: tuned, uri: hf://a/c}]}}
Upstream: LLM-28; LLM-29; LLM-30; LLM-31; LLM-32; LLM-C01; pkg/apis/serving/v1alpha2/llm_inference_service_validation.go
"""

from typing import Final

from kservegen.checks.rules.base import Context, Problem, Problems, Resource, Stage, rule
from kservegen.core.document import integer, mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue, Path

_PATH: Final[Path] = ("spec", "model", "lora")
_LIMITS: Final = ("maxRank", "maxAdapters", "maxCpuAdapters")


@rule(Stage.ADMISSION, "LLMInferenceService")
def check(resource: Resource, _context: Context) -> Problems:
    model = mapping(mapping(resource.doc.get("spec")).get("model"))
    lora = model.get("lora")
    if not isinstance(lora, dict) or not resource.api_version.endswith("/v1alpha2"):
        return
    for field in _LIMITS:
        limit = integer(lora.get(field))
        if limit is not None and limit < 1:
            yield Problem((*_PATH, field), f"{field} must be at least 1", seen=str(limit))
    yield from _adapters(sequence(lora.get("adapters")), _base(resource, model))


def _base(resource: Resource, model: JsonObject) -> str:
    return text(model.get("name")) or text(mapping(resource.doc.get("metadata")).get("name"))


def _adapters(adapters: list[JsonValue], base: str) -> Problems:
    seen: dict[str, int] = {}
    for index, adapter in enumerate(adapters):
        name = text(mapping(adapter).get("name"))
        if not name:
            message = "adapter name is required"
        elif name in {".", ".."}:
            message = 'adapter name must not include "." or ".." (path traversal risk)'
        elif name in seen:
            message = f"duplicate name (same as adapters[{seen[name]}])"
        elif name == base:
            message = f'adapter name must differ from base model name "{base}"'
        else:
            message = ""
        seen.setdefault(name, index)
        if message:
            yield Problem((*_PATH, "adapters", index, "name"), message, seen=name, at_key=not name)
