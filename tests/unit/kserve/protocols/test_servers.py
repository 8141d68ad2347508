"""Which protocol a model's server speaks, by what its object says."""

from __future__ import annotations

import pytest

from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.kserve.protocols.detection import Silence, speech_of
from kservegen.kserve.protocols.requests import Protocol, Sample, Speech

HUGGINGFACE: JsonObject = {"name": "huggingface"}


def nothing(_kind: str, _name: str) -> JsonObject | None:
    return None


def isvc(model: JsonObject) -> tuple[str, JsonObject]:
    return "InferenceService", {"predictor": {"model": model}}


def custom(container: JsonObject) -> tuple[str, JsonObject]:
    return "InferenceService", {"predictor": {"containers": [container]}}


def llm(*args: str, **model: JsonValue) -> tuple[str, JsonObject]:
    template: JsonObject = {"containers": [{"name": "main", "args": list(args)}]}
    return "LLMInferenceService", {"model": {"uri": "hf://a/b", **model}, "template": template}


def env(name: str, value: str) -> JsonObject:
    return {"env": [{"name": name, "value": value}]}


SPOKEN = [
    (isvc({"modelFormat": {"name": "sklearn"}}), "v1", "/v1/models/m:predict", "m"),
    (isvc({"modelFormat": {"name": "sklearn"}, "protocolVersion": "v2"}), "v2", "/v2/models/m/infer", "m"),
    (isvc({"modelFormat": {"name": "triton"}}), "v2", "/v2/models/m/infer", "m"),
    (
        isvc({"modelFormat": {"name": "sklearn"}, "args": ["--model_name=iris"]}),
        "v1",
        "/v1/models/iris:predict",
        "iris",
    ),
    (isvc({"modelFormat": HUGGINGFACE}), "openai-chat", "/openai/v1/chat/completions", "m"),
    (
        isvc({"modelFormat": HUGGINGFACE, "command": ["run", "--model_name=c"]}),
        "openai-chat",
        "/openai/v1/chat/completions",
        "c",
    ),
    (
        isvc({"modelFormat": HUGGINGFACE, "command": ["run", "--model_name=c"], "args": ["--model_name=a"]}),
        "openai-chat",
        "/openai/v1/chat/completions",
        "a",
    ),
    (isvc({"modelFormat": HUGGINGFACE, "protocolVersion": "v2"}), "openai-chat", "/openai/v1/chat/completions", "m"),
    (
        isvc({"modelFormat": HUGGINGFACE, "args": ["--model_name", "q"]}),
        "openai-chat",
        "/openai/v1/chat/completions",
        "q",
    ),
    (
        isvc({"modelFormat": HUGGINGFACE, "args": ["--task=text_embedding"]}),
        "openai-embeddings",
        "/openai/v1/embeddings",
        "m",
    ),
    (
        isvc({"modelFormat": HUGGINGFACE, "args": ["--task", "text2text_generation"]}),
        "openai-completions",
        "/openai/v1/completions",
        "m",
    ),
    (isvc({"modelFormat": HUGGINGFACE, "args": ["--task=fill_mask"]}), "v1", "/v1/models/m:predict", "m"),
    (
        isvc({"modelFormat": HUGGINGFACE, "args": ["--task=token_classification"], "protocolVersion": "v2"}),
        "v2",
        "/v2/models/m/infer",
        "m",
    ),
    (
        isvc({"modelFormat": HUGGINGFACE, **env("KSERVE_OPENAI_ROUTE_PREFIX", "llm")}),
        "openai-chat",
        "/llm/v1/chat/completions",
        "m",
    ),
    (
        isvc({"modelFormat": HUGGINGFACE, **env("KSERVE_OPENAI_ROUTE_PREFIX", "")}),
        "openai-chat",
        "/v1/chat/completions",
        "m",
    ),
    (isvc({"modelFormat": {"name": "vLLM"}}), "openai-chat", "/v1/chat/completions", "m"),
    (custom({"image": "docker.io/vllm/vllm-openai:v0.9.0", "args": ["--model", "a/b"]}), "openai-chat", None, "a/b"),
    (custom({"image": "kserve/huggingfaceserver:v0.19.0-gpu"}), "openai-chat", "/openai/v1/chat/completions", "m"),
    (llm(), "openai-chat", "/v1/chat/completions", "m"),
    (llm(name="Qwen/Qwen2.5"), "openai-chat", "/v1/chat/completions", "Qwen/Qwen2.5"),
    (llm("--served-model-name='q one'", name="a"), "openai-chat", "/v1/chat/completions", "q one"),
    (llm("--task=embed"), "openai-embeddings", "/v1/embeddings", "m"),
    (llm("--runner", "pooling"), "openai-embeddings", "/v1/embeddings", "m"),
    (("InferenceGraph", {"nodes": {}}), "graph", "/", "m"),
]


@pytest.mark.parametrize(("written", "protocol", "route", "served"), SPOKEN)
def test_the_protocol_follows_from_what_is_written(
    written: tuple[str, JsonObject], protocol: str, route: str | None, served: str
) -> None:
    speech = speech_of(written[0], "m", written[1], nothing)
    assert isinstance(speech, Speech)
    assert (speech.protocol.value, speech.served) == (protocol, served)
    assert route is None or speech.route == route


SILENT = [
    (custom({"image": "registry/own:1"}), "runs a server of its own"),
    (isvc({"modelFormat": {"name": "onnx"}, "protocolVersion": "grpc-v2"}), "speaks gRPC"),
    (isvc({"modelFormat": HUGGINGFACE, "image": "registry/own:1"}), "runs a server of its own"),
    (("TrainedModel", {"inferenceService": "gone"}), "is served by gone, of which no protocol is known"),
]


@pytest.mark.parametrize(("written", "why"), SILENT)
def test_where_nothing_is_known_it_says_so(written: tuple[str, JsonObject], why: str) -> None:
    speech = speech_of(written[0], "m", written[1], nothing)
    assert isinstance(speech, Silence)
    assert speech.why.startswith(why)


def test_a_runtime_of_the_catalog_says_what_serves() -> None:
    container: JsonObject = {
        "name": "kserve-container",
        "image": "vllm/vllm-openai:v0.9.0",
        "args": ["--served-model-name={{.Name}}"],
    }
    runtimes: dict[tuple[str, str], JsonObject] = {("ClusterServingRuntime", "mine"): {"containers": [container]}}

    def find(kind: str, name: str) -> JsonObject | None:
        return runtimes.get((kind, name))

    kind, spec = isvc({"modelFormat": HUGGINGFACE, "runtime": "mine"})
    speech = speech_of(kind, "m", spec, find)
    assert speech == Speech(protocol=Protocol.CHAT, served="m")


def test_a_trained_model_is_called_as_its_parent_is() -> None:
    parent: JsonObject = {"predictor": {"model": {"modelFormat": {"name": "triton"}}}}
    speech = speech_of(
        "TrainedModel", "tm", {"inferenceService": "host"}, lambda _, name: parent if name == "host" else None
    )
    assert isinstance(speech, Speech)
    assert speech.route == "/v2/models/tm/infer"


def test_adapters_are_names_too() -> None:
    kind, spec = llm(lora={"adapters": [{"name": "french", "uri": "hf://a/c"}]})
    speech = speech_of(kind, "m", spec, nothing)
    assert isinstance(speech, Speech)
    assert speech.also == ("french",)


@pytest.mark.parametrize("prefix", ["", "/openai"])
def test_a_chat_carries_a_list_of_messages(prefix: str) -> None:
    body = Speech(protocol=Protocol.CHAT, served="m", prefix=prefix).body
    assert body["messages"] == [{"role": "user", "content": "Say hello."}]
    assert body["model"] == "m"


def test_a_model_with_a_gap_gets_one() -> None:
    speech = Speech(protocol=Protocol.V2, served="m", sample=Sample.GAP)
    assert speech.body == {
        "inputs": [{"name": "input-0", "shape": [1], "datatype": "BYTES", "data": ["The capital of France is [MASK]."]}]
    }
    assert not speech.needs_own_data
