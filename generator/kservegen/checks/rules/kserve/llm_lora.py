"""An LLMInferenceService in; findings out where its LoRA adapters have no name of their own, or limits below one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kservegen.checks.rules.base import Context, Rule
from kservegen.checks.rules.stage import Stage
from kservegen.core.diagnostics import Finding, RuleMeta
from kservegen.core.document import integer, mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.core.resource import Resource

STAGE: Final = Stage.ADMISSION

META: Final = RuleMeta(
    id="kserve/llm-lora",
    title="A LoRA adapter has no name of its own, or the limits of LoRA are below 1",
    why="Clients ask for an adapter by its name, as they do for the base model, and it is a folder in the pod: it must "
    "be there, differ from all others and from the model's own name, and be neither . nor ... . For v1alpha1 the "
    "controller says so later.",
    fix="Name each adapter, unlike the model and the other adapters.",
    bad="model: {uri: hf://a/b, name: base, lora: {adapters: [{name: base, uri: hf://a/c}]}}",
    good="model: {uri: hf://a/b, name: base, lora: {adapters: [{name: tuned, uri: hf://a/c}]}}",
    upstream=(
        "LLM-28",
        "LLM-29",
        "LLM-30",
        "LLM-31",
        "LLM-32",
        "LLM-C01",
        "pkg/apis/serving/v1alpha2/llm_inference_service_validation.go",
    ),
)

_PATH: Final[Path] = ("spec", "model", "lora")
_LIMITS: Final = ("maxRank", "maxAdapters", "maxCpuAdapters")


def check(resource: Resource, _context: Context) -> Iterator[Finding]:
    model = mapping(mapping(resource.doc.get("spec")).get("model"))
    lora = model.get("lora")
    if not isinstance(lora, dict) or not resource.api_version.endswith("/v1alpha2"):
        return
    for field in _LIMITS:
        limit = integer(lora.get(field))
        if limit is not None and limit < 1:
            message = f"{field} must be at least 1"
            yield Finding(rule=META.id, path=(*_PATH, field), message=message, hint=META.fix, seen=str(limit))
    yield from _adapters(sequence(lora.get("adapters")), _base(resource, model))


def _base(resource: Resource, model: JsonObject) -> str:
    return text(model.get("name")) or text(mapping(resource.doc.get("metadata")).get("name"))


def _adapters(adapters: list[JsonValue], base: str) -> Iterator[Finding]:
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
            path = (*_PATH, "adapters", index, "name")
            yield Finding(rule=META.id, path=path, message=message, hint=META.fix, seen=name, at_key=not name)


RULE: Final = Rule(meta=META, check=check, kinds=frozenset({"LLMInferenceService"}))
