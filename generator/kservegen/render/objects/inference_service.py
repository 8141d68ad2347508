"""The InferenceService of a model entry: words flattened back into KServe's form, as its webhook would leave it.

Sources: v1beta1 `inference_service.go` (shape), `inference_service_defaults.go` (what the webhook rewrites, and
therefore must already stand in Git: a GitOps tool would report the rewritten field as drift for ever).
"""

from __future__ import annotations

from kservegen.catalog.field_mapping import (
    COMPONENT,
    MODEL_SPEC,
    OLD_FRAMEWORKS,
    PREDICTOR,
)
from kservegen.core.document import mapping, text
from kservegen.core.jsontypes import JsonArray, JsonObject, JsonValue, Path
from kservegen.kserve.defaulting.inference_service import MODE, MODEL_MESH
from kservegen.render.objects.draft import Draft
from kservegen.render.objects.settings import Settings
from kservegen.render.objects.workload import (
    attach_accelerator,
    container_of,
    pod_of,
    put_container,
    serving_path,
    workload_pod,
)

SERVING = "kserve-container"
WORKER = "worker-container"

_METADATA = frozenset({"labels", "annotations"})
_WORKER = frozenset({"pipelineParallelSize", "tensorParallelSize"})


def build_inference_service(draft: Draft, settings: Settings) -> None:
    """Fill the draft with the InferenceService of its entry."""
    spec = draft.start(settings.stated_mode)
    words = draft.entry.words
    spec["predictor"] = _predictor(draft, settings, words)
    for part in ("transformer", "explainer"):
        value = words.get(part)
        if isinstance(value, dict):
            spec[part] = _component(draft, settings, part, value)
    if "canary" in words:
        spec["canary"] = words["canary"]
        draft.came(("spec", "canary"), ("canary",))
    draft.overlay_spec(spec)
    _modernise(draft, spec)
    _complete(spec, settings)


def _predictor(draft: Draft, settings: Settings, words: JsonObject) -> JsonObject:
    built: Path = ("spec", "predictor")
    predictor = pod_of(draft, words, (), built, PREDICTOR)
    own = words.get("predictor")
    own = own if isinstance(own, dict) else {}
    model_words = {word: value for word, value in words.items() if word in MODEL_SPEC}
    by_format = bool(model_words) or any(key in form for form in (predictor, own) for key in ("model", *OLD_FRAMEWORKS))
    path = (*built, "model") if by_format else serving_path(predictor, built, SERVING)
    container = container_of(draft, words, (), path)
    attach_accelerator(
        draft, settings, words, (), container=container, container_path=path, pod=predictor, pod_path=built
    )
    if by_format:
        _put_model(draft, predictor, model_words | container)
    else:
        put_container(draft, predictor, built, container, name=SERVING, base=())
    worker = words.get("worker")
    if isinstance(worker, dict):
        _overlay_part(draft, predictor, "workerSpec", _worker(draft, settings, worker), ("worker",))
    if own:
        draft.overlay(predictor, built, own, ("predictor",))
    return predictor


def _put_model(draft: Draft, predictor: JsonObject, fields: JsonObject) -> None:
    """Put flat words into predictor.model, beside KServe's own form of it."""
    built: Path = ("spec", "predictor", "model")
    if isinstance(fields.get("modelFormat"), str):
        fields["modelFormat"] = {"name": fields["modelFormat"]}
        draft.came((*built, "modelFormat"), ("modelFormat",))
        draft.came((*built, "modelFormat", "name"), ("modelFormat",))
    for word in fields:
        if word in MODEL_SPEC and word != "modelFormat":
            draft.came((*built, word), (word,))
    own = predictor.get("model")
    predictor["model"] = fields
    if isinstance(own, dict):
        draft.overlay(fields, built, own, ("model",))


def _overlay_part(draft: Draft, target: JsonObject, field: str, value: JsonObject, words: Path) -> None:
    own = target.get(field)
    target[field] = value
    if isinstance(own, dict):
        draft.overlay(value, ("spec", "predictor", field), own, (field,))
    draft.came(("spec", "predictor", field), words)


def _worker(draft: Draft, settings: Settings, words: JsonObject) -> JsonObject:
    built: Path = ("spec", "predictor", "workerSpec")
    worker = workload_pod(draft, settings, words, ("worker",), built, name=WORKER, more=_WORKER)
    if "containers" not in worker:
        worker["containers"] = [{"name": WORKER}]  # required by the schema; the runtime's own fills it
    return worker


def _component(draft: Draft, settings: Settings, part: str, words: JsonObject) -> JsonObject:
    """Build transformer or explainer: the same words one level down."""
    more = COMPONENT | _METADATA | {"art"}
    return workload_pod(draft, settings, words, (part,), ("spec", part), name=SERVING, more=more)


def _modernise(draft: Draft, spec: JsonObject) -> None:
    """Write the form that the webhook would leave: predictor.model, kserve-container, an explicit protocol.

    It leaves the predictor of a model of ModelMesh as it is.
    """
    predictor = spec.get("predictor")
    if not isinstance(predictor, dict):
        return
    said = mapping(mapping(draft.doc.get("metadata")).get("annotations")).get(MODE)
    if said == MODEL_MESH and not isinstance(predictor.get("model"), dict):
        return
    for framework in OLD_FRAMEWORKS:
        old = predictor.get(framework)
        if isinstance(old, dict):
            _move_framework(draft, predictor, framework, old)
            break
    model = predictor.get("model")
    if isinstance(model, dict):
        form = model.get("modelFormat")
        if form is None and (meant := _misspelt("modelFormat", draft)):
            form = model["modelFormat"] = {"name": meant}  # the finding about the word is enough: nothing is written
        elif form is None:
            draft.report(
                "catalog/no-model-format",
                (),
                f"{draft.entry.key} has no modelFormat, so no runtime can be found for it",
                hint="Add modelFormat: sklearn, huggingface, or another format that a runtime serves.",
            )
        if isinstance(form, dict) and form.get("name") == "triton" and "protocolVersion" not in model:
            predictor["model"] = {**model, "protocolVersion": "v2"}
    else:
        _rename_first(draft, predictor, ("spec", "predictor"), only_if_sole=True)
    for part in ("transformer", "explainer"):
        component = spec.get(part)
        if isinstance(component, dict):
            _rename_first(draft, component, ("spec", part), only_if_sole=False)


def _misspelt(word: str, draft: Draft) -> str:
    """Return the text at a word of the entry that is so like this one that it was meant; blank where there is none."""
    from difflib import get_close_matches  # noqa: PLC0415 - only where something is wrong

    close = get_close_matches(word, draft.entry.words, n=1, cutoff=0.8)
    return text(draft.entry.words[close[0]]) if close else ""


def _move_framework(draft: Draft, predictor: JsonObject, framework: str, old: JsonObject) -> None:
    """Move a framework's field to predictor.model, beside flat words that stand there already."""
    moved: JsonObject = {"modelFormat": {"name": framework}, **old}
    if framework in {"triton", "onnx", "huggingface"}:
        moved.setdefault("protocolVersion", "v2")
    built: Path = ("spec", "predictor", "model")
    words = draft.finish_path(("spec", "predictor", framework))
    del predictor[framework]
    model = predictor.get("model")
    if isinstance(model, dict):
        predictor["model"] = model = dict(model)
        draft.overlay(model, built, moved, words)
    else:
        predictor["model"] = moved
        draft.came(built, words)


def _rename_first(draft: Draft, component: JsonObject, built: Path, *, only_if_sole: bool) -> None:
    containers = component.get("containers")
    if not isinstance(containers, list) or not containers or not isinstance(containers[0], dict):
        return
    first = containers[0]
    if first.get("name") == SERVING or (only_if_sole and len(containers) > 1 and "name" in first):
        return
    renamed: JsonArray = [{**first, "name": SERVING}, *containers[1:]]
    component["containers"] = renamed
    words = draft.finish_path((*built, "containers", 0))
    draft.came((*built, "containers", 0, "name"), words)


def _complete(spec: JsonObject, settings: Settings) -> None:
    """Write out the resources that the webhook gives to custom containers and to the ART explainer."""
    for part in ("predictor", "transformer", "explainer"):
        component = spec.get(part)
        if not isinstance(component, dict):
            continue
        containers = component.get("containers")
        if isinstance(containers, list) and containers and isinstance(containers[0], dict) and "model" not in component:
            component["containers"] = [_with_resources(containers[0], settings), *containers[1:]]
        art = component.get("art")
        if isinstance(art, dict):
            component["art"] = _with_resources(art, settings)


def _with_resources(container: JsonObject, settings: Settings) -> JsonObject:
    said = container.get("resources")
    resources: JsonObject = dict(said) if isinstance(said, dict) else {}
    for part, defaults in (("requests", settings.default_requests), ("limits", settings.default_limits)):
        given: JsonValue = resources.get(part)
        resources[part] = defaults | (given if isinstance(given, dict) else {})
    return {**container, "resources": resources}
