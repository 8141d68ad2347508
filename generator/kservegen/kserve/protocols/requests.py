"""What a request to a model looks like: its route, its body, and where the server lists the models it has.

Sources: the Open Inference Protocol v1 and v2 as KServe's model servers speak them (kserve/protocol/rest), the OpenAI
routes of the huggingface server (below `/openai`, protocol/rest/openai/endpoints.py) and of vLLM (below `/v1`). A chat
request carries a *list* of messages.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from msgspec import Struct

from kservegen.core.jsontypes import JsonObject, JsonValue
from kservegen.core.patterns import lazy_pattern


class Protocol(StrEnum):
    """What a server understands. The values are what people type."""

    CHAT = "openai-chat"
    COMPLETIONS = "openai-completions"
    EMBEDDINGS = "openai-embeddings"
    V1 = "v1"
    V2 = "v2"
    GRAPH = "graph"

    @property
    def is_openai(self) -> bool:
        """Whether it is one of OpenAI's."""
        return self in _OPENAI

    @property
    def label(self) -> str:
        """What a page calls it."""
        return _TITLES[self]


class Sample(StrEnum):
    """What a first request carries: numbers, a sentence, or a sentence with a gap."""

    NUMBERS = "numbers"
    TEXT = "text"
    GAP = "gap"


class Speech(Struct, frozen=True, kw_only=True):
    """How one model is called. `served` is the name that the server knows it by.

    `prefix` stands before OpenAI's routes: `/openai` in front of the huggingface server, nothing in front of vLLM.
    `also` are further names that the same server answers to: LoRA adapters. `path` stands in for the usual route.
    """

    protocol: Protocol
    served: str
    prefix: str = ""
    sample: Sample = Sample.NUMBERS
    also: tuple[str, ...] = ()
    path: str = ""

    @property
    def route(self) -> str:
        """The path that a request is posted to."""
        return self.path or self.prefix + _ROUTES[self.protocol].replace(_NAME, _escaped(self.served))

    @property
    def listing(self) -> str:
        """The path that tells which models the server has; blank where none does."""
        if self.protocol is Protocol.GRAPH:
            return ""
        return f"{self.prefix}/v1/models" if self.protocol.is_openai else f"/{self.protocol.value}/models"

    @property
    def body(self) -> JsonObject:
        """A small request that the model understands, if numbers are what it takes four of."""
        return _BODIES[self.protocol](self)

    @property
    def needs_own_data(self) -> bool:
        """Whether the right shape is known to the owner of the model alone."""
        return not self.protocol.is_openai and self.sample is Sample.NUMBERS


def _escaped(name: str) -> str:
    """Write a name as a part of a path."""
    if _PLAIN.fullmatch(name):
        return name
    from urllib.parse import quote  # noqa: PLC0415 - for names that hardly anybody gives

    return quote(name, safe="/")


_PLAIN: Final = lazy_pattern(r"[-A-Za-z0-9._~/]*")
_NAME: Final = "{name}"
_ROUTES: Final = {
    Protocol.CHAT: "/v1/chat/completions",
    Protocol.COMPLETIONS: "/v1/completions",
    Protocol.EMBEDDINGS: "/v1/embeddings",
    Protocol.V1: f"/v1/models/{_NAME}:predict",
    Protocol.V2: f"/v2/models/{_NAME}/infer",
    Protocol.GRAPH: "/",
}
_OPENAI: Final = frozenset({Protocol.CHAT, Protocol.COMPLETIONS, Protocol.EMBEDDINGS})
_TITLES: Final = {
    Protocol.CHAT: "OpenAI chat completions",
    Protocol.COMPLETIONS: "OpenAI completions",
    Protocol.EMBEDDINGS: "OpenAI embeddings",
    Protocol.V1: "Open Inference Protocol v1",
    Protocol.V2: "Open Inference Protocol v2",
    Protocol.GRAPH: "Inference graph",
}
_SENTENCES: Final = {Sample.TEXT: "Hello from KServe.", Sample.GAP: "The capital of France is [MASK]."}
_PROMPT: Final = "Say hello."
_TOKENS: Final = 32


def _chat(speech: Speech) -> JsonObject:
    messages: JsonValue = [{"role": "user", "content": _PROMPT}]
    return {"model": speech.served, "messages": messages, "max_tokens": _TOKENS}


def _completions(speech: Speech) -> JsonObject:
    return {"model": speech.served, "prompt": _PROMPT, "max_tokens": _TOKENS}


def _embeddings(speech: Speech) -> JsonObject:
    return {"model": speech.served, "input": [_SENTENCES[Sample.TEXT]]}


def _v1(speech: Speech) -> JsonObject:
    sentence = _SENTENCES.get(speech.sample)
    return {"instances": [sentence] if sentence else [[6.8, 2.8, 4.8, 1.4], [6.0, 3.4, 4.5, 1.6]]}


def _v2(speech: Speech) -> JsonObject:
    sentence = _SENTENCES.get(speech.sample)
    tensor: JsonObject = (
        {"name": "input-0", "shape": [1], "datatype": "BYTES", "data": [sentence]}
        if sentence
        else {"name": "input-0", "shape": [1, 4], "datatype": "FP32", "data": [6.8, 2.8, 4.8, 1.4]}
    )
    return {"inputs": [tensor]}


_BODIES: Final = {
    Protocol.CHAT: _chat,
    Protocol.COMPLETIONS: _completions,
    Protocol.EMBEDDINGS: _embeddings,
    Protocol.V1: _v1,
    Protocol.V2: _v2,
    Protocol.GRAPH: _v1,
}
