"""A server on 127.0.0.1 that speaks KServe's protocols as its model servers do, and is as strict about them.

Open Inference Protocol v1 and v2, OpenAI's chat, completions and embeddings below a prefix, and a graph at `/`. Routes
that it does not have, models that it does not have, and bodies of another shape are refused in those servers' words.
"""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, TypeAlias

from tests.support.http_server import Quiet, running

Reply: TypeAlias = tuple[int, object]

FEATURES = 4


@dataclass
class ModelServer:
    """What the server has, and how it misbehaves. `odd` answers instead of the protocols where it is set."""

    url: str = ""
    port: int = 0
    models: dict[str, str] = field(default_factory=dict)  # name -> v1, v2, chat, completions or embeddings
    prefix: str = ""
    graph: bool = False
    index: bool = False  # as Triton and MLServer have one, in place of a list
    ready: bool = True
    token: str = ""
    host: str = ""
    odd: Callable[[BaseHTTPRequestHandler], None] | None = None
    asked: list[tuple[str, str, dict[str, str], Any]] = field(default_factory=list)
    reached: threading.Event = field(default_factory=threading.Event)

    def has(self, name: str, *spoken: str) -> bool:
        """Whether there is a model of this name that speaks one of these."""
        return self.models.get(name) in spoken


@contextmanager
def serve(certificate: Path | None = None, **given: object) -> Iterator[ModelServer]:
    """Run the server for a while; with a certificate (and its key in the same file) it speaks TLS."""
    state = ModelServer(**given)  # type: ignore[arg-type]

    class Handler(Quiet, BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            _handle(state, self, None)

        def do_POST(self) -> None:
            _handle(state, self, self.rfile.read(int(self.headers.get("Content-Length", "0"))))

    with running(Handler, certificate) as port:
        state.port = port
        state.url = f"{'https' if certificate else 'http'}://127.0.0.1:{port}"
        yield state


def _handle(state: ModelServer, request: BaseHTTPRequestHandler, body: bytes | None) -> None:
    value = None
    if body is not None:
        try:
            value = json.loads(body)
        except ValueError:
            send(request, 400, {"error": "Unrecognized request format: unexpected end of data"})
            return
    state.asked.append((request.command, request.path, dict(request.headers), value))
    state.reached.set()
    if state.odd is not None:
        state.odd(request)
    elif state.host and request.headers.get("Host") != state.host:
        send(request, 404, b"", "text/plain")  # an ingress without a route for it
    elif state.token and request.headers.get("Authorization") != f"Bearer {state.token}":
        send(request, 401, {"error": f"Unauthorized: {request.headers.get('Authorization', 'nothing')}"})
    else:
        status, answer = _route(state, request.command, request.path, value)
        send(request, status, answer)


def send(request: BaseHTTPRequestHandler, status: int, answer: object, kind: str = "application/json") -> None:
    """Send JSON, or bytes as they are."""
    content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    request.send_response(status)
    request.send_header("Content-Type", kind)
    request.send_header("Content-Length", str(len(content)))
    request.end_headers()
    request.wfile.write(content)


def _route(state: ModelServer, method: str, path: str, body: object) -> Reply:
    openai = path.removeprefix(state.prefix) if path.startswith(f"{state.prefix}/v1/") else ""
    spoken = set(state.models.values())
    if state.graph and (method, path) == ("POST", "/"):
        return 200, {"step": body}
    if method == "GET":
        return _listing(state, path, openai, spoken)
    if openai in _OPENAI:
        return _openai(state, _OPENAI[openai], body)
    if state.index and path == "/v2/repository/index":
        return 200, [{"name": name, "version": "1", "state": "READY"} for name in state.models]
    if path.startswith("/v1/models/") and path.endswith(":predict"):
        return _v1(state, path.removeprefix("/v1/models/").removesuffix(":predict"), body)
    if path.startswith("/v2/models/") and path.endswith("/infer"):
        return _v2(state, path.removeprefix("/v2/models/").removesuffix("/infer"), body)
    return 404, {"detail": "Not Found"}


def _listing(state: ModelServer, path: str, openai: str, spoken: set[str]) -> Reply:
    if openai == "/v1/models" and spoken & set(_OPENAI.values()):
        return 200, {"object": "list", "data": [{"id": name, "object": "model"} for name in state.models]}
    if path in {"/v1/models", "/v2/models"} and path[1:3] in spoken and not state.index:
        return 200, {"models": list(state.models)}
    return 404, {"detail": "Not Found"}


def _missing(name: str) -> Reply:
    return 404, {"error": f"Model with name {name} does not exist."}


def _unready(name: str) -> Reply:
    return 503, {"error": f"Model with name {name} is not ready."}


def _v1(state: ModelServer, name: str, body: object) -> Reply:
    if not state.has(name, "v1"):
        return _missing(name)
    if not state.ready:
        return _unready(name)
    if not isinstance(body, dict) or not isinstance(body.get("instances"), list):
        return 400, {"error": 'Expected "instances" to be a list'}
    wrong = next((row for row in body["instances"] if not isinstance(row, list) or len(row) != FEATURES), None)
    if wrong is not None:
        seen = len(wrong) if isinstance(wrong, list) else 1
        return 500, {"error": f"ValueError : X has {seen} features, but SVC is expecting {FEATURES} features as input."}
    return 200, {"predictions": [1 for _ in body["instances"]]}


def _v2(state: ModelServer, name: str, body: object) -> Reply:
    if not state.has(name, "v2"):
        return _missing(name)
    if not state.ready:
        return _unready(name)
    inputs = body.get("inputs") if isinstance(body, dict) else None
    if not isinstance(inputs, list):
        return 422, {"detail": [{"loc": ["body", "inputs"], "msg": "field required", "type": "value_error.missing"}]}
    for tensor in inputs:
        absent = {"name", "shape", "datatype", "data"} - tensor.keys()
        if absent:
            return 422, {"detail": [{"loc": ["body", "inputs", 0, min(absent)], "msg": "field required"}]}
        if math.prod(tensor["shape"]) != len(tensor["data"]):
            return 400, {"error": "cannot reshape the data into the shape"}
    output = {"name": "output-0", "shape": [1], "datatype": "INT32", "data": [1]}
    return 200, {"model_name": name, "id": "1", "outputs": [output]}


_OPENAI = {"/v1/chat/completions": "chat", "/v1/completions": "completions", "/v1/embeddings": "embeddings"}


def _openai(state: ModelServer, task: str, body: object) -> Reply:
    body = body if isinstance(body, dict) else {}
    name = body.get("model")
    if name not in state.models:
        message = f"The model `{name}` does not exist."
        return 404, {"error": {"message": message, "type": "NotFoundError", "code": 404}}
    if not state.has(name, task):
        return 400, {"error": {"message": f"The model does not support {task}", "type": "BadRequestError", "code": 400}}
    if not state.ready:
        return _unready(name)
    return {"chat": _chat, "completions": _completions, "embeddings": _embeddings}[task](body)


def _chat(body: dict[str, object]) -> Reply:
    messages = body.get("messages")
    if not isinstance(messages, list) or not all(
        isinstance(m, dict) and {"role", "content"} <= m.keys() for m in messages
    ):
        message = "[{'type': 'list_type', 'loc': ('body', 'messages'), 'msg': 'Input should be a valid list'}]"
        return 400, {"object": "error", "message": message, "type": "BadRequestError", "code": 400}
    said = {"role": "assistant", "content": "Hello! How can I help?"}
    return 200, {"object": "chat.completion", "choices": [{"index": 0, "message": said, "finish_reason": "stop"}]}


def _completions(body: dict[str, object]) -> Reply:
    if not isinstance(body.get("prompt"), str):
        return 400, {"error": {"message": "prompt: field required", "code": 400}}
    return 200, {"object": "text_completion", "choices": [{"index": 0, "text": " Hello.", "finish_reason": "stop"}]}


def _embeddings(body: dict[str, object]) -> Reply:
    if not isinstance(body.get("input"), list | str):
        return 400, {"error": {"message": "input: field required", "code": 400}}
    return 200, {"object": "list", "data": [{"object": "embedding", "index": 0, "embedding": [0.5, -0.25, 0.125]}]}
