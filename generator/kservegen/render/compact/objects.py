"""An object as a cluster or a file has it in; the words of the entry that renders it out.

The way back of the builders in `render/objects`, by the same tables. What has no word goes to KServe's own form of it
(`predictor`, `model`, `template`) or to `spec`, so that nothing is lost; whoever asks builds the entry again and
compares, since that alone proves it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final, NamedTuple

from kservegen.catalog.field_mapping import (
    ANNOTATIONS,
    COMPONENT,
    CONTAINER,
    LLM_SPEC,
    MODEL_SPEC,
    OBJECT,
    OLD_FRAMEWORKS,
    OWN,
    POD,
    PREDICTOR,
)
from kservegen.catalog.sections import KINDS, SECTIONS, KindInfo
from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonArray, JsonObject, JsonValue
from kservegen.kserve.defaulting.inference_service import MODES, NEW_MODE, SPEAKS_V2
from kservegen.render.objects.draft import UNSTATED_MODE
from kservegen.render.objects.inference_service import SERVING, WORKER
from kservegen.render.objects.llm_inference_service import MAIN

_STOP: Final = ANNOTATIONS["stop"]
_POD_WORDS: Final = POD - CONTAINER
_COMPONENT_WORDS: Final = _POD_WORDS | COMPONENT | {"labels", "annotations", "art"}
_WORKER_WORDS: Final = _POD_WORDS | {"pipelineParallelSize", "tensorParallelSize"}
_ROUTER: Final[JsonObject] = {"route": {}, "gateway": {}, "scheduler": {}}


class CompactEntry(NamedTuple):
    """An entry of the catalog: its section, the object's namespace (blank where it has none) and name, its words.

    The namespace is none of the `words`.
    """

    section: str
    namespace: str
    name: str
    words: JsonObject


def section_of(kind: str) -> str:
    """Return the section of a kind of the catalog; blank for another kind."""
    return next((name for name, infos in SECTIONS.items() if any(info.kind == kind for info in infos)), "")


def compact_entry(doc: JsonObject, mode: str) -> CompactEntry:
    """Say an object of the catalog's kinds by flat words; `mode` is the deployment mode that need not be said.

    KeyError for another kind. `doc` holds what its author wants, and nothing that a server added.
    """
    info = KINDS[text(doc.get("kind"))]
    spec = mapping(doc.get("spec"))
    flatten = _FLATTEN.get(info.kind, _flat_spec)
    return _entry(info, doc, {**_metadata_words(info, doc, mode), **flatten(info, doc, spec)})


def literal_entry(doc: JsonObject, mode: str) -> CompactEntry:
    """Say an object by `spec` alone, for what flat words cannot carry; KeyError for a kind of another section."""
    info = KINDS[text(doc.get("kind"))]
    words: JsonObject = {**_metadata_words(info, doc, mode), "spec": doc.get("spec")}
    return _entry(info, doc, words)


def _entry(info: KindInfo, doc: JsonObject, words: JsonObject) -> CompactEntry:
    metadata = mapping(doc.get("metadata"))
    section = section_of(info.kind)
    kind: JsonObject = {} if SECTIONS[section][0] is info else {"kind": info.kind}
    namespace = text(metadata.get("namespace")) if info.namespaced else ""
    return CompactEntry(section, namespace, text(metadata.get("name")), {**kind, **words})


def _metadata_words(info: KindInfo, doc: JsonObject, mode: str) -> JsonObject:
    metadata = mapping(doc.get("metadata"))
    words: JsonObject = {}
    annotations = dict(mapping(metadata.get("annotations")))
    for word in sorted(info.annotations):
        value = annotations.get(ANNOTATIONS[word])
        if word == "stop":
            value = True if value == "true" else None
        elif word == "deploymentMode" and isinstance(value, str):
            value = NEW_MODE.get(value, value)
            if value not in MODES:
                continue  # no word says it, and the annotation is not missing either
        if word == "deploymentMode" and value is None and not _follows(info, mode):
            words[word] = UNSTATED_MODE
        if value is not None:
            del annotations[ANNOTATIONS[word]]
            if (word, value) != ("deploymentMode", mode):
                words[word] = value
    if metadata.get("labels"):
        words["labels"] = metadata["labels"]
    if annotations:
        words["annotations"] = annotations
    return words


def _follows(info: KindInfo, mode: str) -> bool:
    """Whether KServe's webhook writes the cluster's mode where an object has none (inference_service_defaults.go)."""
    return info.kind == "InferenceService" and mode != "Knative"


def _flat_spec(info: KindInfo, doc: JsonObject, spec: JsonObject) -> JsonObject:
    """Say a kind whose words are its spec's own; those that mean something else to an entry go to `spec`."""
    taken = OWN | OBJECT | (info.annotations & ANNOTATIONS.keys())
    words: JsonObject = {name: value for name, value in doc.items() if name == "disabled"}
    words |= {name: value for name, value in spec.items() if name not in taken}
    return _with_rest(words, "spec", {name: value for name, value in spec.items() if name in taken})


def _with_rest(words: JsonObject, word: str, rest: JsonObject) -> JsonObject:
    return {**words, word: rest} if rest else words


def _split(fields: JsonObject, names: Collection[str]) -> tuple[JsonObject, JsonObject]:
    """Part fields into those of `names` and the others."""
    return (
        {name: value for name, value in fields.items() if name in names},
        {name: value for name, value in fields.items() if name not in names},
    )


def _service_words(_info: KindInfo, _doc: JsonObject, spec: JsonObject) -> JsonObject:
    predictor = _modern(mapping(spec.get("predictor")))
    words, rest = _split(predictor, _POD_WORDS | PREDICTOR)
    model = words.pop("model", None)
    if isinstance(model, dict):
        flat, own = _split(model, MODEL_SPEC | CONTAINER)
        words |= _short_format(flat)
        words = _with_rest(words, "model", own)
    else:
        words = _with_container(words, SERVING, takes_sole=True)
    worker = words.pop("workerSpec", None)
    if worker is not None:
        said = _component(worker, WORKER, _WORKER_WORDS)
        words |= {"workerSpec": worker} if said is None else {"worker": said}
    left: JsonObject = {}
    for name, value in spec.items():
        if name in {"transformer", "explainer"}:
            said = _component(value, SERVING, _COMPONENT_WORDS)
            (left if said is None else words)[name] = value if said is None else said
        elif name == "canary":
            words[name] = value
        elif name != "predictor":
            left[name] = value
    return _with_rest(_with_rest(words, "predictor", rest), "spec", left)


def _modern(predictor: JsonObject) -> JsonObject:
    """Move a framework's field of old to `model`, as KServe's webhook does before it stores the object."""
    framework = next((name for name in OLD_FRAMEWORKS if isinstance(predictor.get(name), dict)), None)
    if framework is None:
        return predictor
    model: JsonObject = {"modelFormat": {"name": framework}, **mapping(predictor[framework])}
    if framework in SPEAKS_V2:
        model.setdefault("protocolVersion", "v2")
    others = {name: value for name, value in predictor.items() if name not in {"model", *OLD_FRAMEWORKS}}
    return {"model": model, **others}


def _short_format(words: JsonObject) -> JsonObject:
    """Say `{name: sklearn}` as `sklearn`."""
    form = words.get("modelFormat")
    if isinstance(form, dict) and form.keys() == {"name"} and isinstance(form["name"], str):
        return {**words, "modelFormat": form["name"]}
    return words


def _component(value: JsonValue, name: str, words: Collection[str]) -> JsonObject | None:
    """Say a part of an object one level down; None where it has fields that no word there reaches."""
    if not isinstance(value, dict) or not value.keys() <= {*words}:
        return None
    flat = _with_container(dict(value), name, takes_sole=False)
    return flat or None


def _with_container(words: JsonObject, name: str, *, takes_sole: bool) -> JsonObject:
    """Say the first container by flat words where it is the serving one; the others stay as they are.

    `takes_sole`: KServe's webhook gives a container that is alone this name, whatever it is called.
    """
    listed = words.get("containers")
    if not isinstance(listed, list) or not listed:
        return words
    first, others = mapping(listed[0]), listed[1:]
    is_serving = first.get("name", name) == name or (takes_sole and not others)
    flat = {field: value for field, value in first.items() if field != "name"}
    if not is_serving or not flat or not flat.keys() <= CONTAINER or any(_name(item) == name for item in others):
        return words
    kept = {word: value for word, value in words.items() if word != "containers"}
    rest: JsonArray = list(others)
    return {**flat, **kept, **({"containers": rest} if rest else {})}


def _name(item: JsonValue) -> JsonValue:
    return mapping(item).get("name")


def _llm_words(_info: KindInfo, doc: JsonObject, spec: JsonObject) -> JsonObject:
    words, left = _split(spec, LLM_SPEC - {"template", "worker", "prefill"})
    name = mapping(doc.get("metadata")).get("name")
    model = words.get("model")
    if (
        isinstance(model, dict)
        and "uri" in model
        and model.keys() <= {"uri", "name"}
        and model.get("name", name) == name
    ):
        words["model"] = model["uri"]
    if words.get("router") == _ROUTER:
        words["router"] = True
    words |= _template_words(spec)
    for part in ("worker", "prefill"):
        if part not in spec:
            continue
        flat = _component(spec[part], MAIN, _POD_WORDS) if part == "worker" else _prefill_words(spec[part])
        (left if flat is None else words)[part] = spec[part] if flat is None else flat
    left.pop("template", None)
    return _with_rest(words, "spec", left)


def _template_words(workload: JsonObject) -> JsonObject:
    """Say a pod of an LLM service flat, fields that a container has, too, in KServe's own form beside it."""
    template = workload.get("template")
    if not isinstance(template, dict):
        return {} if template is None else {"template": template}
    words, rest = _split(template, _POD_WORDS)
    words = _with_container(words, MAIN, takes_sole=False)
    if not words:
        return {"template": template}
    return _with_rest(words, "template", rest)


def _prefill_words(value: JsonValue) -> JsonObject | None:
    if not isinstance(value, dict):
        return None
    words, rest = _split(value, {"labels", "annotations", "parallelism", "replicas", "scaling"})
    words |= _template_words(rest)
    worker = rest.get("worker")
    if worker is not None:
        flat = _component(worker, MAIN, _POD_WORDS)
        if flat is None:
            return None
        words["worker"] = flat
    known = rest.keys() <= {"template", "worker"}
    return words if words and known and sequence(words.get("args")) == words.get("args", []) else None


_FLATTEN: Final[dict[str, Callable[[KindInfo, JsonObject, JsonObject], JsonObject]]] = {
    "InferenceService": _service_words,
    "LLMInferenceService": _llm_words,
}
