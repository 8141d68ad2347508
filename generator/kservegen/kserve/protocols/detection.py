"""Which protocol a model's server speaks: an object's kind, name and spec in, a Speech out, or why none is known.

What counts, in this order: the image or the name of the runtime that the model asks for, its format, its arguments.
Sources: huggingfaceserver/__main__.py and task.py (tasks, names), kserve/protocol/rest/openai/endpoints.py (the
prefix), vLLM's `--served-model-name`, the chart's runtimes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from msgspec import Struct

from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.kserve.protocols.requests import Protocol, Sample, Speech

# The spec of an object of this kind, in the same namespace or the cluster; None where the environment has none.
FindSpec = Callable[[str, str], JsonObject | None]


class Silence(Struct, frozen=True):
    """No request is known; `why` ends the sentence "it …"."""

    why: str


_OWN_SERVER: Final = Silence("runs a server of its own")


def speech_of(kind: str, name: str, spec: JsonObject, find: FindSpec) -> Speech | Silence:
    """Say how an object that serves is called."""
    if kind == "LLMInferenceService":
        return _llm(name, spec)
    if kind == "InferenceGraph":
        return Speech(protocol=Protocol.GRAPH, served=name)
    if kind == "TrainedModel":
        return _trained(name, spec, find)
    predictor = mapping(spec.get("predictor"))
    model = predictor.get("model")
    if isinstance(model, dict):
        return _by_runtime(name, model, find)
    return _by_container(name, _serving(predictor))


def _llm(name: str, spec: JsonObject) -> Speech:
    model = mapping(spec.get("model"))
    words = tuple(_words(_named(mapping(spec.get("template")), "main")))
    lora = mapping(model.get("lora"))
    adapters = tuple(text(mapping(adapter).get("name")) for adapter in sequence(lora.get("adapters")))
    return _vllm(words, text(model.get("name")) or name, adapters)


def _trained(name: str, spec: JsonObject, find: FindSpec) -> Speech | Silence:
    """Say how a trained model is called: as its parent is, under its own name."""
    parent = text(spec.get("inferenceService"))
    found = find("InferenceService", parent)
    speech = speech_of("InferenceService", parent, found, find) if found is not None else None
    if not isinstance(speech, Speech):
        return Silence(f"is served by {parent or 'no InferenceService'}, of which no protocol is known")
    return Speech(protocol=speech.protocol, served=name, prefix=speech.prefix, sample=speech.sample)


_GRPC: Final = frozenset({"grpc-v1", "grpc-v2"})


def _by_runtime(name: str, model: JsonObject, find: FindSpec) -> Speech | Silence:
    runtime, form = text(model.get("runtime")), text(mapping(model.get("modelFormat")).get("name"))
    spec = find("ServingRuntime", runtime) or find("ClusterServingRuntime", runtime) if runtime else None
    base = _named(mapping(spec), "kserve-container")
    image = text(model.get("image")) or text(base.get("image"))
    words = (*_words(base), *_words(model))
    if image and _is_vllm(image):
        return _vllm(words, name)
    protocol = text(model.get("protocolVersion"))
    if protocol in _GRPC:
        return Silence("speaks gRPC, which takes a client of its own (grpcurl)")
    if runtime.startswith("kserve-vllm") or (form == "vLLM" and not image):
        return _vllm(words, name)
    if _is_huggingface(image) or (form == "huggingface" and not image):
        return _huggingface(words, model, name, protocol)
    if form == "huggingface":
        return _OWN_SERVER
    served = _option(words, "--model_name", "--model-name") or name
    return Speech(
        protocol=Protocol(protocol) if protocol in {"v1", "v2"} else _default(form), served=_own(served, name)
    )


def _default(form: str) -> Protocol:
    return Protocol.V2 if form == "triton" else Protocol.V1


def _by_container(name: str, container: JsonObject) -> Speech | Silence:
    image, words = text(container.get("image")), tuple(_words(container))
    if _is_vllm(image):
        return _vllm(words, _option(words, "--model") or name)
    if _is_huggingface(image):
        return _huggingface(words, container, name, "")
    return _OWN_SERVER


def _is_vllm(image: str) -> bool:
    return "vllm-openai" in image.rpartition("/")[2]


def _is_huggingface(image: str) -> bool:
    return "huggingfaceserver" in image.rpartition("/")[2]


_POOLING: Final = frozenset({"embed", "embedding"})


def _vllm(words: tuple[str, ...], name: str, adapters: tuple[str, ...] = ()) -> Speech:
    pools = _option(words, "--task") in _POOLING or _option(words, "--runner") == "pooling"
    return Speech(
        protocol=Protocol.EMBEDDINGS if pools else Protocol.CHAT,
        served=_own(_option(words, "--served-model-name", "--served_model_name") or name, name),
        also=tuple(adapter for adapter in adapters if adapter),
    )


# Tasks of the huggingface server, as its `--task` spells them. Those that are not generative have no chat.
_ENCODERS: Final = {
    "fill_mask": Sample.GAP,
    "sequence_classification": Sample.TEXT,
    "token_classification": Sample.TEXT,
}
_PREFIX: Final = "/openai"
_PREFIX_VARIABLE: Final = "KSERVE_OPENAI_ROUTE_PREFIX"


def _huggingface(words: tuple[str, ...], container: JsonObject, name: str, protocol: str) -> Speech:
    served = _option(words, "--served-model-name", "--served_model_name")
    served = _own(served or _option(words, "--model_name", "--model-name") or name, name)
    task = _option(words, "--task").lower()
    if task in _ENCODERS:
        spoken = Protocol.V2 if protocol == "v2" else Protocol.V1
        return Speech(protocol=spoken, served=served, sample=_ENCODERS[task])
    openai = Protocol.CHAT
    if task in {"text_embedding", *_POOLING} or _option(words, "--runner") == "pooling":
        openai = Protocol.EMBEDDINGS
    elif task == "text2text_generation":
        openai = Protocol.COMPLETIONS  # such a model has no template for a chat
    return Speech(protocol=openai, served=served, prefix=_prefix(container))


def _prefix(container: JsonObject) -> str:
    for variable in sequence(container.get("env")):
        if mapping(variable).get("name") == _PREFIX_VARIABLE:
            said = text(mapping(variable).get("value"))
            return f"/{said.strip('/')}" if said.strip("/") else ""
    return _PREFIX


def _own(served: str, name: str) -> str:
    """Fill in what KServe fills in for `{{.Name}}` in a runtime's arguments."""
    return served.replace("{{.Name}}", name).replace("{{ .Name }}", name)


def _serving(predictor: JsonObject) -> JsonObject:
    containers = [mapping(container) for container in sequence(predictor.get("containers"))]
    named = next((c for c in containers if c.get("name") == "kserve-container"), None)
    return named if named is not None else containers[0] if containers else {}


def _named(pod: JsonObject, name: str) -> JsonObject:
    containers = (mapping(container) for container in sequence(pod.get("containers")))
    return next((container for container in containers if container.get("name") == name), {})


def _words(container: JsonObject) -> Iterator[str]:
    """List the arguments; an LLM's pass through a shell once more, which takes quotes off."""
    for item in (*sequence(container.get("command")), *sequence(container.get("args"))):
        if isinstance(item, str):
            yield item


def _option(words: tuple[str, ...], *names: str) -> str:
    """Return the value that an option has last, as argparse takes it; blank without one."""
    found = ""
    for index, word in enumerate(words):
        key, equals, value = word.partition("=")
        if key in names:
            found = value if equals else words[index + 1] if index + 1 < len(words) else ""
    return _unquoted(found)


def _unquoted(value: str) -> str:
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
    return value[1:-1] if quoted else value


def spec_of(doc: JsonValue) -> JsonObject:
    """Return the spec of an object."""
    return mapping(mapping(doc).get("spec"))
