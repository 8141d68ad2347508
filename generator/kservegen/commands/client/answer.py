"""An answer held against its protocol: a status and bytes in, what it says or what is wrong with it out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final, NamedTuple

from kservegen.commands.client.exchange import CallResponse
from kservegen.core.document import mapping, sequence, text
from kservegen.core.jsontypes import JsonValue
from kservegen.kserve.protocols.requests import Protocol, Speech

_LONGEST: Final = 300


class AnswerVerdict(NamedTuple):
    """Whether the answer is right; `says` is what it says, or what is wrong with it."""

    right: bool
    says: str
    hint: str = ""


def check_answer(answer: CallResponse, speech: Speech) -> AnswerVerdict:
    """Check the answer to a request."""
    if answer.status // 100 != 2:
        return _refusal(answer, speech)
    if answer.content_type == "text/event-stream":
        return AnswerVerdict(False, "it answers with a stream, which is not judged", "Leave out stream in --data.")
    try:
        value = _parsed(answer.body)
    except ValueError:
        kind = answer.content_type or "no content type"
        said = f"it answers {answer.status} with something that is not JSON ({kind}): {shortened_body(answer.body)}"
        return AnswerVerdict(False, said, "Something else may listen there: a proxy, a login page.")
    error = _error(value)
    if error and speech.protocol is not Protocol.GRAPH:
        return AnswerVerdict(False, f"it answers {answer.status} and yet an error: {error}")
    return _CHECKS[speech.protocol](value)


def _parsed(body: bytes) -> JsonValue:
    """Read JSON; ValueError for anything else, a tower of brackets included."""
    try:
        value: JsonValue = json.loads(body)
    except RecursionError:
        raise ValueError from None
    return value


def _wrong(protocol: Protocol, missing: str, value: JsonValue) -> AnswerVerdict:
    seen = f"keys {', '.join(list(value)[:8]) or 'none'}" if isinstance(value, dict) else f"a {type(value).__name__}"
    hint = "The server may speak another protocol: --protocol."
    return AnswerVerdict(False, f"the answer is not of {protocol.label}: {missing} (seen: {seen})", hint)


def _v1(value: JsonValue) -> AnswerVerdict:
    predictions = mapping(value).get("predictions")
    if not isinstance(predictions, list):
        return _wrong(Protocol.V1, "no list of predictions", value)
    return AnswerVerdict(True, f"predictions: {_dumped(predictions)}")


def _v2(value: JsonValue) -> AnswerVerdict:
    outputs = mapping(value).get("outputs")
    if not isinstance(outputs, list):
        return _wrong(Protocol.V2, "no list of outputs", value)
    named = [f"{text(mapping(output).get('name'))} = {_dumped(mapping(output).get('data'))}" for output in outputs]
    if not named or any(not text(mapping(output).get("name")) for output in outputs):
        return _wrong(Protocol.V2, "outputs without names", value)
    return AnswerVerdict(True, shorten("; ".join(named)))


def _chat(value: JsonValue) -> AnswerVerdict:
    choice = _first_choice(value)
    message = choice.get("message")
    if not isinstance(message, dict):
        return _wrong(Protocol.CHAT, "no choice with a message", value)
    for word in ("content", "reasoning_content", "reasoning", "refusal"):
        said = text(message.get(word))
        if said.strip():
            return AnswerVerdict(True, shorten(said.strip()))
    if sequence(message.get("tool_calls")):
        return AnswerVerdict(True, "it calls a tool")
    if text(choice.get("finish_reason")) == "length":
        return AnswerVerdict(True, "it ran out of tokens before its first word")
    return AnswerVerdict(False, "the message is empty", "Look at the model's chat template and its logs.")


def _completions(value: JsonValue) -> AnswerVerdict:
    said = _first_choice(value).get("text")
    if not isinstance(said, str):
        return _wrong(Protocol.COMPLETIONS, "no choice with a text", value)
    return AnswerVerdict(True, shorten(said.strip()) or "(a blank text)")


def _first_choice(value: JsonValue) -> Mapping[str, JsonValue]:
    choices = sequence(mapping(value).get("choices"))
    return mapping(choices[0]) if choices else {}


def _embeddings(value: JsonValue) -> AnswerVerdict:
    data = sequence(mapping(value).get("data"))
    vector = mapping(data[0]).get("embedding") if data else None
    if isinstance(vector, str) and vector:
        return AnswerVerdict(True, "an embedding in base64")
    if not isinstance(vector, list) or not vector:
        return _wrong(Protocol.EMBEDDINGS, "no embedding", value)
    return AnswerVerdict(True, f"an embedding of {len(vector)} numbers")


def _graph(value: JsonValue) -> AnswerVerdict:
    return AnswerVerdict(True, _dumped(value))


_CHECKS: Final = {
    Protocol.CHAT: _chat,
    Protocol.COMPLETIONS: _completions,
    Protocol.EMBEDDINGS: _embeddings,
    Protocol.V1: _v1,
    Protocol.V2: _v2,
    Protocol.GRAPH: _graph,
}

_SHAPES: Final = {
    Protocol.CHAT: '{"messages": [{"role": "user", "content": "…"}]}, a list of messages',
    Protocol.COMPLETIONS: '{"prompt": "…"}',
    Protocol.EMBEDDINGS: '{"input": ["…"]}',
    Protocol.V1: '{"instances": […]}, each of the shape that the model was trained on',
    Protocol.V2: '{"inputs": [{"name": "…", "shape": […], "datatype": "FP32", "data": […]}]}',
    Protocol.GRAPH: "what the first node of the graph takes",
}


def _refusal(answer: CallResponse, speech: Speech) -> AnswerVerdict:
    status = answer.status
    said = failure_reason(answer)
    shape = f"It takes {_SHAPES[speech.protocol]}: --data."
    if status in {400, 413, 415, 422}:
        return AnswerVerdict(False, f"it refuses the request ({status}): {said}", shape)
    if status in {401, 403}:
        return AnswerVerdict(
            False, f"it wants credentials ({status}): {said}", "Name a variable with a token: --token-env NAME."
        )
    if status in {301, 302, 303, 307, 308}:
        to = f" to {shorten(answer.location)}" if answer.location else ""
        return AnswerVerdict(
            False, f"it redirects{to} ({status})", "Redirects are not followed: name that address in --url."
        )
    if status == 503:
        return AnswerVerdict(False, f"it is not ready (503): {said}", "Watch it become Ready, or ask again later.")
    if status in {502, 504}:
        hint = "Something before the model answers, and the model does not: look at its pods."
        return AnswerVerdict(False, f"a gateway got no answer from the model ({status}): {said}", hint)
    if status == 429:
        return AnswerVerdict(False, f"it has too much to do (429): {said}", "Ask again later.")
    # KServe's servers answer a wrong shape with 500: the model's own exception.
    hint = shape if status == 500 and not speech.protocol.is_openai else "Look at the logs of its pods."
    return AnswerVerdict(False, f"it fails ({status}): {said}", hint)


def failure_reason(answer: CallResponse) -> str:
    """Return the server's own words, shortened; of a page of HTML none."""
    try:
        value = _parsed(answer.body)
    except ValueError:
        return shortened_body(answer.body) if answer.content_type.startswith("text/plain") else "it does not say why"
    return _error(value) or _dumped(value)


def _error(value: JsonValue) -> str:
    """Return the message of an error as KServe, Triton, OpenAI's servers and FastAPI write it; blank without one."""
    found = mapping(value)
    error = found.get("error")
    if isinstance(error, dict):
        return shorten(text(error.get("message")) or _dumped(error))
    if isinstance(error, str) and error:
        return shorten(error)
    if found.get("object") == "error":
        return shorten(text(found.get("message")))
    detail = found.get("detail")
    if isinstance(detail, str):
        return shorten(detail)
    if isinstance(detail, list) and detail:
        first = mapping(detail[0])
        place = ".".join(str(part) for part in sequence(first.get("loc")))
        return shorten(f"{place}: {text(first.get('msg'))}" if place else text(first.get("msg")))
    return ""


def names_of(answer: CallResponse) -> tuple[str, ...] | None:
    """Return the models that a server lists, in any protocol's form; None where that is no list of models."""
    try:
        value = _parsed(answer.body)
    except ValueError:
        return None
    found = mapping(value)
    listed = value if isinstance(value, list) else found.get("models", found.get("data"))
    if answer.status != 200 or not isinstance(listed, list):
        return None
    names = (item if isinstance(item, str) else mapping(item).get("id") or mapping(item).get("name") for item in listed)
    return tuple(name for name in names if isinstance(name, str))


def _dumped(value: JsonValue) -> str:
    return shorten(json.dumps(value, ensure_ascii=False))


def shortened_body(body: bytes) -> str:
    """Show the beginning of bytes that should have been text."""
    return shorten(" ".join(body[: 4 * _LONGEST].decode("utf-8", "replace").split())) or "nothing"


def shorten(said: str) -> str:
    """Cut a text that fills more than a few lines."""
    return said if len(said) <= _LONGEST else f"{said[: _LONGEST - 1]}…"
