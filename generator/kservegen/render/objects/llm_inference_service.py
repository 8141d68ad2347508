"""The LLMInferenceService (v1alpha2, the storage version) of a model entry.

`args` of `main` reach the server through `eval "exec vllm serve … $@"` in the preset's start script, so a map of
arguments is quoted for that one more round of shell parsing, unless the entry brings its own `command`.
"""

from __future__ import annotations

from kservegen.catalog.field_mapping import LLM_WORKLOAD
from kservegen.core.jsontypes import JsonObject, JsonValue, Path
from kservegen.render.objects.draft import Draft
from kservegen.render.objects.settings import Settings
from kservegen.render.objects.workload import workload_pod

MAIN = "main"

_PLAIN = ("baseRefs", "kvCacheOffloading", "parallelism", "replicas", "scaling", "storageInitializer", "tracing")
_ROUTER_PARTS = ("route", "gateway", "scheduler")


def build_llm_inference_service(draft: Draft, settings: Settings) -> None:
    """Fill the draft with the LLMInferenceService of its entry."""
    spec = draft.start(settings.deployment_mode)
    words = draft.entry.words
    for word in _PLAIN:
        if word in words:
            spec[word] = words[word]
            draft.came(("spec", word), (word,))
    if "model" in words:
        spec["model"] = _model(draft, words["model"])
    if "router" in words:
        spec["router"] = _router(draft, words["router"])
    _put_pod(draft, spec, ("spec",), "template", _pod(draft, settings, words, (), ("spec", "template")), words)
    worker = words.get("worker")
    if isinstance(worker, dict):
        spec["worker"] = _pod(draft, settings, worker, ("worker",), ("spec", "worker"))
        draft.came(("spec", "worker"), ("worker",))
    prefill = words.get("prefill")
    if isinstance(prefill, dict):
        spec["prefill"] = _prefill(draft, settings, prefill)
    draft.overlay_spec(spec)
    model = spec.get("model")
    if isinstance(model, dict):
        model.setdefault("name", draft.entry.name)  # what the webhook fills in


def _model(draft: Draft, value: JsonValue) -> JsonValue:
    draft.came(("spec", "model"), ("model",))
    if isinstance(value, str):
        draft.came(("spec", "model", "uri"), ("model",))
        return {"uri": value}
    return dict(value) if isinstance(value, dict) else value


def _router(draft: Draft, value: JsonValue) -> JsonValue:
    """Expand true to its parts; an empty part means "managed by KServe", an absent one means "off"."""
    draft.came(("spec", "router"), ("router",))
    if value is True:
        parts: JsonObject = dict.fromkeys(_ROUTER_PARTS, True)
    elif isinstance(value, dict):
        parts = value
    else:
        parts = {}
    router: JsonObject = {}
    for part, choice in parts.items():
        if choice is True:
            router[part] = {}
        elif choice is not False:
            router[part] = choice
    return router


def _pod(draft: Draft, settings: Settings, words: JsonObject, base: Path, built: Path) -> JsonObject:
    return workload_pod(draft, settings, words, base, built, name=MAIN, shell="command" not in words)


def _put_pod(draft: Draft, spec: JsonObject, built: Path, field: str, pod: JsonObject, words: JsonObject) -> None:
    """Put a pod built from flat words beside KServe's own form of it."""
    if pod:
        spec[field] = pod
    own = words.get(field)
    if isinstance(own, dict):
        target = spec.setdefault(field, {})
        base = (*built[1:], field)
        if isinstance(target, dict):
            draft.overlay(target, (*built, field), own, base)


def _prefill(draft: Draft, settings: Settings, words: JsonObject) -> JsonObject:
    base: Path = ("prefill",)
    built: Path = ("spec", "prefill")
    draft.came(built, base)
    prefill: JsonObject = {
        word: value
        for word, value in words.items()
        if word in {"labels", "annotations"} or (word in LLM_WORKLOAD and word not in {"template", "worker"})
    }
    _put_pod(draft, prefill, built, "template", _pod(draft, settings, words, base, (*built, "template")), words)
    worker = words.get("worker")
    if isinstance(worker, dict):
        prefill["worker"] = _pod(draft, settings, worker, (*base, "worker"), (*built, "worker"))
    return prefill
